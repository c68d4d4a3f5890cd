public import MailModel

/// What an SES account owner has proved to own, and may therefore send from.
public enum SandboxIdentity: Hashable, Sendable {
    /// Covers every address in the domain and in its subdomains at any depth.
    case domain(Domain)
    /// Covers the address, upper and lower case of its local part apart, and its `+label` forms.
    case address(Mailbox)

    /// Reads `example.com` or `billing@partner.example`.
    public init(parsing text: String) throws(AddressError) {
        let octets = Array(text.utf8)
        self = octets.contains(ASCII.at) ? .address(try Mailbox(parsing: octets)) : .domain(try Domain(octets))
    }

    func covers(_ address: HeaderAddress) -> Bool {
        switch self {
        case .domain(let domain):
            guard let other = try? Domain(address.domain) else { return false }
            return other.isWithin(domain)
        case .address(let mailbox):
            guard ASCII.equalsIgnoringCase(address.domain, mailbox.domain.octets) else { return false }
            let local = address.unquotedLocalPart
            if local == mailbox.localPart.octets { return true }
            guard let plus = local.firstIndex(of: ASCII.plus), plus > 0 else { return false }
            return local[..<plus].elementsEqual(mailbox.localPart.octets)
        }
    }
}
