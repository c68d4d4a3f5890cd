public import MailModel

/// Why the value of a From, To, Cc or Reply-To field is not a list of addresses. Offsets count from the start of the value.
public enum AddressListError: Error, Hashable, Sendable {
    /// An octet where the grammar has no place for it: two addresses in one, a name that needs quotes, text after an address.
    case unexpectedOctet(UInt8, at: Int)
    /// The value ends in the middle of an address.
    case unexpectedEnd(at: Int)
    case unclosedComment(at: Int)
    case unclosedQuote(at: Int)
    /// `<` without `>`.
    case unclosedAngle(at: Int)
    /// `name:` without `;`.
    case unclosedGroup(at: Int)
    /// A word or a local part without `@domain`.
    case missingDomain(at: Int)
    /// `<>`
    case emptyAngle(at: Int)
    /// The octets are in order, the address is not.
    case invalidAddress(AddressError, at: Int)
    /// More than `AddressList.maximumElements`.
    case tooManyElements

    /// Where; `nil` for too many.
    public var offset: Int? {
        switch self {
        case .unexpectedOctet(_, let at), .unexpectedEnd(let at), .unclosedComment(let at), .unclosedQuote(let at),
            .unclosedAngle(let at), .unclosedGroup(let at), .missingDomain(let at), .emptyAngle(let at),
            .invalidAddress(_, let at):
            at
        case .tooManyElements: nil
        }
    }
}

extension AddressListError: CustomStringConvertible {
    /// For the person whose program wrote the field: what is wrong and what to do.
    public var description: String {
        switch self {
        case .unexpectedOctet(let octet, let at):
            switch octet {
            case ASCII.at: "a second '@' at octet \(at + 1); put a display name that contains '@' in double quotes"
            case ASCII.semicolon: "';' at octet \(at + 1); addresses are separated by commas"
            case 0x80...: "an 8-bit octet at octet \(at + 1); write names as encoded-words (RFC 2047)"
            case _ where ASCII.isPrintable(octet):
                "unexpected '\(String(decoding: [octet], as: UTF8.self))' at octet \(at + 1);"
                    + " put a display name with special characters in double quotes"
            default: "a control character at octet \(at + 1)"
            }
        case .unexpectedEnd(let at): "the address breaks off at octet \(at + 1)"
        case .unclosedComment(let at): "the comment that begins at octet \(at + 1) is not closed"
        case .unclosedQuote(let at): "the quoted text that begins at octet \(at + 1) is not closed"
        case .unclosedAngle(let at): "the '<' at octet \(at + 1) has no '>'"
        case .unclosedGroup(let at): "the group that begins at octet \(at + 1) has no ';'"
        case .missingDomain(let at): "the address at octet \(at + 1) has no '@domain'"
        case .emptyAngle(let at): "'<>' at octet \(at + 1) is no address"
        case .invalidAddress(let error, let at): "the address at octet \(at + 1) \(error.clause)"
        case .tooManyElements: "more than \(AddressList.maximumElements) addresses"
        }
    }
}

extension AddressError {
    fileprivate var clause: String {
        switch self {
        case .empty: "is empty"
        case .unexpectedOctet: "has a character that is not allowed in a domain"
        case .nonASCII: "has an 8-bit octet"
        case .controlCharacter: "has a control character"
        case .missingAt: "has no '@domain'"
        case .localPartTooLong: "has more than 64 octets before the '@'"
        case .domainTooLong: "has a domain of more than 255 octets or a label of more than 63"
        case .notFullyQualified: "has a domain of a single label"
        case .addressLiteral: "has an IP address in place of a domain, which Amazon SES cannot send to"
        case .pathTooLong: "is longer than 256 octets"
        }
    }
}
