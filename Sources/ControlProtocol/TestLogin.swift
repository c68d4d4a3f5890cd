/// What `test_login` answers: how to submit one message as an account, the way its app does.
public struct TestLogin: Codable, Hashable, Sendable {
    public struct Listener: Codable, Hashable, Sendable {
        /// A numeric address that this host reaches itself by.
        public var host: String
        public var port: UInt16
        /// `implicit` or `starttls`
        public var tls: String

        public init(host: String, port: UInt16, tls: String) {
            self.host = host
            self.port = port
            self.tls = tls
        }
    }

    public var account: String
    /// Good for a minute, beside the account's own.
    public var password: String
    /// Those that ask for a login.
    public var listeners: [Listener]
    /// The name that apps know the relay by.
    public var hostname: String

    public init(account: String, password: String, listeners: [Listener], hostname: String) {
        self.account = account
        self.password = password
        self.listeners = listeners
        self.hostname = hostname
    }
}
