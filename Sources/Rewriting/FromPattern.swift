public import MailModel

/// What an account may have in From when its mail leaves: `*`, `*@mail.example.com` or `billing@mail.example.com`.
public enum FromPattern: Hashable, Sendable {
    case any
    /// This domain, not those below it.
    case domain(Domain)
    case address(Mailbox)

    /// - Throws: what is wrong with the address or the domain.
    public init(_ text: some Collection<UInt8>) throws(AddressError) {
        let octets = Array(text)
        if octets == [UInt8(ascii: "*")] {
            self = .any
        } else if octets.starts(with: "*@".utf8) {
            self = .domain(try Domain(octets.dropFirst(2)))
        } else {
            self = .address(try Mailbox(parsing: octets))
        }
    }

    public func matches(_ mailbox: Mailbox) -> Bool {
        switch self {
        case .any: true
        case .domain(let domain): mailbox.domain == domain
        case .address(let own): mailbox == own
        }
    }
}

extension FromPattern: CustomStringConvertible {
    public var description: String {
        switch self {
        case .any: "*"
        case .domain(let domain): "*@\(domain)"
        case .address(let mailbox): mailbox.description
        }
    }
}
