public import MailModel

/// A name and a password as a client gave them, or as we give them to the upstream. Unchecked octets of any length, without NUL.
public struct Credentials: Hashable, Sendable {
    public var username: [UInt8]
    public var password: Secret

    public init(username: [UInt8], password: Secret) {
        self.username = username
        self.password = password
    }
}
