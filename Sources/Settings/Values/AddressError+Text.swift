internal import MailModel

extension AddressError {
    /// For an operator, as the middle of a sentence.
    var explanation: String {
        switch self {
        case .empty: "it is empty"
        case .unexpectedOctet(let offset): "character \(offset + 1) does not fit there"
        case .nonASCII(let offset): "character \(offset + 1) is not ASCII (write domains in their xn-- form)"
        case .controlCharacter(let offset): "character \(offset + 1) is a control character"
        case .missingAt: "it has no @"
        case .localPartTooLong: "more than 64 characters stand before the @"
        case .domainTooLong: "the domain is longer than 255 characters, or a label longer than 63"
        case .notFullyQualified: "the domain has only one label"
        case .addressLiteral: "SES cannot send to an address in brackets"
        case .pathTooLong: "it is longer than 256 characters"
        }
    }
}
