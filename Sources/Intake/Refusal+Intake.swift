internal import DKIM
internal import MailModel
internal import MessageFormat

/// What the client hears when a message cannot be taken. The sentences are for the person who wrote the client.
extension Refusal {
    static func syntax(_ reason: String, _ text: String) -> Refusal { Refusal(reason, Reply(554, StatusDetail(6, 0), text)) }

    static func loop(_ text: String) -> Refusal { Refusal("loop", Reply(554, StatusDetail(4, 6), text)) }

    /// A reload between RCPT and DATA took the alias away.
    static var aliasIsGone: Refusal {
        Refusal("alias_gone", Reply(451, StatusDetail(2, 4), "The aliases changed meanwhile; try again"))
    }

    static var tooManyVariants: Refusal {
        Refusal(
            "too_many_variants",
            Reply(
                452, StatusDetail(5, 3), "The header is too long to be written for so many aliases and targets; send the message in parts"))
    }

    static var noTarget: Refusal {
        Refusal(
            "no_target", Reply(550, StatusDetail(1, 1), "No target of this alias takes mail at present; fairlead suppress list says why"))
    }

    static func tooLarge(_ maximum: Int) -> Refusal {
        Refusal("too_large", Reply(552, StatusDetail(3, 4), "The message with its header is larger than \(maximum) octets"))
    }

    static func tooLarge(before: Int, after: Int, _ maximum: Int) -> Refusal {
        let text =
            "The message has \(before) octets, and \(after) in the 7-bit form that Amazon SES needs; more than \(maximum) are not sent"
        return Refusal("too_large", Reply(552, StatusDetail(3, 4), text))
    }

    static func noSigningKey(_ domain: Domain) -> Refusal {
        Refusal("no_signing_key", Reply(550, StatusDetail(7, 1), "No DKIM key for \(domain): mail is not sent unsigned"))
    }

    static func signingFailed(_ error: SigningError) -> Refusal {
        let text = "The message could not be signed; try again later"
        return Refusal("signing_failed", Reply(451, StatusDetail(3, 0), text), detail: error.description)
    }

    static func header(_ error: HeaderError) -> Refusal {
        switch error {
        case .notAField(let line):
            .syntax("header_syntax", "Line \(line) of the header is no field; a field is 'Name: value', and an empty line ends the header")
        case .invalidName(let line):
            .syntax("header_syntax", "The field name in line \(line) of the header has a blank or another character it must not have")
        case .bareLineEnd(let line): .syntax("header_syntax", "Line \(line) of the header has a CR or LF alone; lines end in CRLF")
        case .nul(let line): .syntax("header_syntax", "Line \(line) of the header has a NUL octet")
        case .nonASCII(let field, let line):
            Refusal(
                "header_8bit",
                Reply(
                    554, StatusDetail(6, 9),
                    "\(field) in line \(line) of the header has 8-bit text where no 7-bit form exists; write it in ASCII"))
        case .nonASCIILocalPart(let field):
            Refusal(
                "address_8bit",
                Reply(
                    554, StatusDetail(6, 7),
                    "\(field) has an address with non-ASCII characters before the '@'; Amazon SES cannot send such mail")
            )
        case .unmappableDomain(let field):
            Refusal(
                "domain_8bit",
                Reply(
                    554, StatusDetail(6, 7), "\(field) has a domain with characters that have no certain ASCII form; write it as 'xn--...'")
            )
        case .lineTooLong(let line):
            .syntax("header_long_line", "The field in line \(line) of the header is longer than 998 octets and has no blank to fold at")
        case .tooManyFields: .syntax("header_fields", "The header has more than \(HeaderLimits().fields) fields")
        case .tooLong: .syntax("header_size", "The header is longer than \(HeaderLimits().octets) octets")
        case .unsafeValue: .syntax("header_value", "A field of the header cannot be written safely")
        }
    }
}
