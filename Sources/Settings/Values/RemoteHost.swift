public import MailModel

/// A server to connect to, by name or, for a stand-in on the same host, by address.
public enum RemoteHost: Hashable, Sendable {
    /// In lower case; one label (`localhost`) is let through.
    case name(Domain)
    case address(IPAddress)
}

extension RemoteHost {
    static func parse(_ text: String) throws(ValueError) -> RemoteHost {
        if let address = IPAddress(text) { return .address(address) }
        do {
            return .name(try Domain(allowingSingleLabel: Array(text.utf8)))
        } catch {
            throw ValueError("\(quoted(text)) is not a host name: \(error.explanation); write a name such as email-smtp.eu-west-1.amazonaws.com, without port")
        }
    }
}

extension RemoteHost: CustomStringConvertible {
    /// Without brackets or port: what the certificate is checked against.
    public var description: String {
        switch self {
        case .name(let name): name.description
        case .address(let address): address.description
        }
    }
}
