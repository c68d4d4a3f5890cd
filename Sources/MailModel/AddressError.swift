/// Why octets are not an address. `at` is the offset of the first octet that does not fit.
public enum AddressError: Error, Hashable, Sendable {
    case empty
    case unexpectedOctet(at: Int)
    case nonASCII(at: Int)
    case controlCharacter(at: Int)
    case missingAt
    /// More than 64 octets before the `@` (RFC 5321 §4.5.3.1.1).
    case localPartTooLong
    /// More than 255 octets in the domain, or 63 in a label (RFC 5321 §4.5.3.1.2, RFC 1035 §2.3.4).
    case domainTooLong
    /// A domain of one label, such as `localhost`: it means something else on every host (RFC 6409 §4.2).
    case notFullyQualified
    /// `user@[192.0.2.1]`: valid syntax that SES cannot send to.
    case addressLiteral
    /// More than 256 octets in a path (RFC 5321 §4.5.3.1.3).
    case pathTooLong
}
