/// An address that mail can go to: `local-part@domain`.
///
/// Equal mailboxes may have been written differently: the domain is folded to lower case and needless quoting is undone; the case
/// of the local part counts.
public struct Mailbox: Hashable, Sendable {
    public let localPart: LocalPart
    public let domain: Domain

    public init(localPart: LocalPart, domain: Domain) {
        self.localPart = localPart
        self.domain = domain
    }

    /// Parses `local-part@domain`, without angle brackets. The domain begins after the last `@` outside quotes.
    public init(parsing text: some BidirectionalCollection<UInt8>) throws(AddressError) {
        try self.init(octets: Array(text), domain: { octets throws(AddressError) in try Domain(octets) })
    }

    /// As `init(parsing:)`, but `user@localhost` is let through: a sender's address that will be rewritten anyway.
    public init(parsingSender text: some BidirectionalCollection<UInt8>) throws(AddressError) {
        try self.init(octets: Array(text), domain: { octets throws(AddressError) in try Domain(allowingSingleLabel: octets) })
    }

    private init(
        octets text: [UInt8],
        domain parseDomain: ([UInt8]) throws(AddressError) -> Domain
    ) throws(AddressError) {
        guard !text.isEmpty else { throw .empty }
        guard let at = text.lastIndex(of: ASCII.at) else { throw .missingAt }
        let afterAt = Array(text[text.index(after: at)...])
        if afterAt.first == ASCII.leftBracket, afterAt.last == ASCII.rightBracket { throw .addressLiteral }
        let localPart = try LocalPart(parsing: text[..<at])
        let domain: Domain
        do {
            domain = try parseDomain(afterAt)
        } catch {
            throw error.moved(by: text.distance(from: text.startIndex, to: at) + 1)
        }
        self.init(localPart: localPart, domain: domain)
    }

    /// The form for SMTP paths and header fields: `"a b"@example.com`. Never contains CR, LF or NUL.
    public var wireOctets: [UInt8] { localPart.wireOctets + [ASCII.at] + domain.octets }
}

extension Mailbox: CustomStringConvertible {
    public var description: String { String(decoding: wireOctets, as: UTF8.self) }
}

extension AddressError {
    /// The same error, seen from a text that begins `count` octets earlier.
    func moved(by count: Int) -> AddressError {
        switch self {
        case .unexpectedOctet(let offset): .unexpectedOctet(at: offset + count)
        case .nonASCII(let offset): .nonASCII(at: offset + count)
        case .controlCharacter(let offset): .controlCharacter(at: offset + count)
        default: self
        }
    }
}
