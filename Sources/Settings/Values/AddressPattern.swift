internal import MailModel

extension AddressPattern {
    /// Whether some address could match and lie in the identity.
    func overlaps(_ identity: Configuration.Identity) -> Bool {
        switch identity.subject {
        case .address(let mailbox): matches(mailbox)
        case .domain(let other): domain.isWithin(other) || (coversSubdomains && other.isWithin(domain) && other != domain)
        }
    }

    static func parse(_ text: String) throws(ValueError) -> AddressPattern {
        let advice = "write an address such as billing@example.com, or *@example.com, or *@*.example.com"
        do {
            return try AddressPattern(parsing: text.utf8)
        } catch {
            let reason =
                switch error {
                case .missingAt: "it has no @"
                case .empty, .localPartTooLong, .unexpectedOctet: "the part before the @ does not fit"
                default: error.explanation
                }
            throw ValueError("\(quoted(text)) is not an address pattern: \(reason); \(advice)")
        }
    }
}
