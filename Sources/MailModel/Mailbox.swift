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
    @inlinable public init(parsing text: some BidirectionalCollection<UInt8>) throws(AddressError) {
        try self.init(parsing: Array(text))
    }

    /// Not generic: other modules would call it unspecialised, at ten times the cost.
    public init(parsing text: [UInt8]) throws(AddressError) {
        try self.init(octets: text, domain: { octets throws(AddressError) in try Domain(octets) })
    }

    /// As `init(parsing:)`, but `user@localhost` is let through: a sender's address that will be rewritten anyway.
    @inlinable public init(parsingSender text: some BidirectionalCollection<UInt8>) throws(AddressError) {
        try self.init(parsingSender: Array(text))
    }

    public init(parsingSender text: [UInt8]) throws(AddressError) {
        try self.init(octets: text, domain: { octets throws(AddressError) in try Domain(allowingSingleLabel: octets) })
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
    public var wireOctets: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(localPart.octets.count + 1 + domain.octets.count)
        write(to: &octets)
        return octets
    }

    /// Appends `wireOctets`.
    public func write(to octets: inout [UInt8]) {
        octets.append(contentsOf: localPart.wireOctets)
        octets.append(ASCII.at)
        octets.append(contentsOf: domain.octets)
    }
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
