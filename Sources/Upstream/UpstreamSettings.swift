public import Cryptography
public import MailModel
public import MailQueue

/// Opens a stored body for sending.
public typealias BodyOpener = @Sendable (SpoolFile) async throws(QueueError) -> any SpoolReader

/// How the upstream is reached and how long a connection to it may live.
public struct UpstreamSettings: Sendable {
    public enum Security: Hashable, Sendable {
        /// Clear text until STARTTLS; without it there is no session.
        case startTLS
        /// TLS from the first octet (465, 2465).
        case implicitTLS
    }

    public var host: String
    public var port: UInt16
    /// The name that the certificate must carry, if not `host`.
    public var serverName: String?
    public var security: Security
    public var tls: TLSContext
    public var username: [UInt8]
    public var password: Secret
    /// What we call ourselves in EHLO.
    public var hostname: String
    /// At most this many connections at once.
    public var connections: Int
    public var messagesPerConnection: Int
    public var recipientsPerTransaction: Int
    public var patience: Patience
    /// Opens the bodies that are too large for memory.
    public var openBody: BodyOpener?

    var certificateName: String { serverName ?? host }

    /// How long things may take and connections may live.
    public struct Patience: Sendable {
        /// SES closes after about 10 s without a word; we leave before that.
        public var idle: Duration = .seconds(8)
        /// SES's instances are replaced from time to time.
        public var age: Duration = .seconds(300)
        public var connect: Duration = .seconds(30)
        /// RFC 5321 §4.5.3.2: greeting, EHLO, MAIL, RCPT 5 minutes each, DATA 2, the final dot 10; a TLS handshake has no RFC's time.
        public var handshake: Duration = .seconds(30)
        public var reply: Duration = .seconds(300)
        public var data: Duration = .seconds(120)
        /// For each block of the message to be taken by the network.
        public var block: Duration = .seconds(180)
        /// A short one would make duplicates (RFC 1047).
        public var finalDot: Duration = .seconds(600)

        public init() {}
    }

    public init(
        host: String, port: UInt16, security: Security, tls: TLSContext, username: [UInt8], password: Secret, hostname: String,
        connections: Int, messagesPerConnection: Int, recipientsPerTransaction: Int, patience: Patience = Patience(),
        openBody: BodyOpener? = nil
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.tls = tls
        self.username = username
        self.password = password
        self.hostname = hostname
        self.connections = max(1, connections)
        self.messagesPerConnection = max(1, messagesPerConnection)
        self.recipientsPerTransaction = min(max(1, recipientsPerTransaction), 50)
        self.patience = patience
        self.openBody = openBody
    }
}
