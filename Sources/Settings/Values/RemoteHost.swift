internal import MailModel

/// A server to connect to, by name or, for a stand-in on the same host, by address.
public struct RemoteHost: Hashable, Sendable, CustomStringConvertible {
    /// In lower case, without brackets or port: what is looked up, and what the certificate is checked against.
    public let description: String

    static let defaultSES = RemoteHost(description: "email-smtp.eu-west-1.amazonaws.com")
}

extension RemoteHost {
    /// A name of one label (`localhost`) is let through.
    static func parse(_ text: String) throws(ValueError) -> RemoteHost {
        if let address = IPAddress(text) { return RemoteHost(description: address.description) }
        do {
            return RemoteHost(description: try Domain(allowingSingleLabel: Array(text.utf8)).description)
        } catch {
            let advice = "write a name such as \(defaultSES), without port"
            throw ValueError("\(quoted(text)) is not a host name: \(error.explanation); \(advice)")
        }
    }
}
