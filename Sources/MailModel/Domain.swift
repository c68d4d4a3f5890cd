/// A domain name in lower-case ASCII, at least two labels: `mail.example.com`.
///
/// Internationalised names are held as A-labels (`xn--…`); the U-label form never enters.
public struct Domain: Hashable, Sendable {
    /// Lower case, no trailing dot.
    public let octets: [UInt8]

    /// - Throws: what RFC 5321 §4.1.2 and RFC 1035 do not allow: `_`, empty labels, a label that begins or ends with `-`,
    ///   a trailing dot, more than 255 octets; and a name of one label.
    public init(_ text: some Collection<UInt8>) throws(AddressError) {
        try self.init(Array(text), minimumLabels: 2)
    }

    /// A domain that may also be a single label (`localhost`), as senders of local mail have it. Never a recipient's.
    public init(allowingSingleLabel text: some Collection<UInt8>) throws(AddressError) {
        try self.init(Array(text), minimumLabels: 1)
    }

    /// Not generic: other modules would call it unspecialised, at ten times the cost.
    private init(_ text: [UInt8], minimumLabels: Int) throws(AddressError) {
        guard !text.isEmpty else { throw .empty }
        guard text.count <= 255 else { throw .domainTooLong }
        var folded: [UInt8] = []
        folded.reserveCapacity(text.count)
        var labels = 1
        var labelLength = 0
        var offset = 0
        for octet in text {
            switch octet {
            case ASCII.dot:
                guard labelLength > 0, folded.last != ASCII.hyphen else { throw .unexpectedOctet(at: offset) }
                labels += 1
                labelLength = 0
            case ASCII.hyphen where labelLength > 0: labelLength += 1
            case _ where ASCII.isLetterOrDigit(octet): labelLength += 1
            case 0x80...: throw .nonASCII(at: offset)
            case 0..<32, 127: throw .controlCharacter(at: offset)
            default: throw .unexpectedOctet(at: offset)
            }
            guard labelLength <= 63 else { throw .domainTooLong }
            folded.append(ASCII.lowercased(octet))
            offset += 1
        }
        guard labelLength > 0, folded.last != ASCII.hyphen else { throw .unexpectedOctet(at: offset - 1) }
        guard labels >= minimumLabels else { throw .notFullyQualified }
        octets = folded
    }

    /// Whether the name has at least two labels.
    public var isFullyQualified: Bool { octets.contains(ASCII.dot) }

    /// Whether this is `parent` or below it at any depth, as a verified SES domain covers its subdomains.
    public func isWithin(_ parent: Domain) -> Bool {
        let own = octets.count
        let above = parent.octets.count
        guard own >= above, octets[(own - above)...].elementsEqual(parent.octets) else { return false }
        return own == above || octets[own - above - 1] == ASCII.dot
    }
}

extension Domain: CustomStringConvertible {
    public var description: String { String(decoding: octets, as: UTF8.self) }
}
