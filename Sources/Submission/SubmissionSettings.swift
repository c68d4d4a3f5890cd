public import Cryptography
public import Intake
public import MailModel
public import Networking

/// What the submission service goes by; a reload replaces it as a whole, and each session takes it up at its next command.
public struct SubmissionSettings: Sendable {
    /// What the greeting, EHLO and Received say we are.
    public var hostname: String
    /// `nil` while there is no usable certificate: STARTTLS is not offered then.
    public var tls: TLSContext?
    public var accounts: AccountDirectory
    public var intake: IntakeSettings
    /// Who `<Postmaster>` is.
    public var postmaster: Mailbox
    public var maximumMessageSize: Int
    public var maximumRecipients: Int
    public var connections: Int
    public var connectionsPerNetwork: Int
    public var patience: Patience

    /// How long a client may take.
    public struct Patience: Sendable {
        /// For a whole command line (RFC 5321 §4.5.3.2.7).
        public var command: Duration = .seconds(300)
        public var handshake: Duration = .seconds(30)
        /// A message must come at `slowestMessage` octets a second or more, measured over this time.
        public var message: Duration = .seconds(60)
        public var slowestMessage = 500

        public init() {}
    }

    public init(
        hostname: String, tls: TLSContext?, accounts: AccountDirectory, intake: IntakeSettings, postmaster: Mailbox,
        maximumMessageSize: Int, maximumRecipients: Int, connections: Int, connectionsPerNetwork: Int, patience: Patience = Patience()
    ) {
        self.hostname = hostname
        self.tls = tls
        self.accounts = accounts
        self.intake = intake
        self.postmaster = postmaster
        self.maximumMessageSize = maximumMessageSize
        self.maximumRecipients = maximumRecipients
        self.connections = connections
        self.connectionsPerNetwork = connectionsPerNetwork
        self.patience = patience
    }
}

/// What a client meets at a listener.
public struct ListenerPolicy: Hashable, Sendable {
    public enum Security: Hashable, Sendable {
        /// Submission, 587: AUTH after STARTTLS.
        case startTLS
        /// Submissions, 465.
        case implicitTLS
        /// Neither TLS nor AUTH: whoever may connect sends as this account.
        case trusted(AccountName)
        /// The same, for a user of this host with this number: names without a domain are its users.
        case local(AccountName, user: UInt32)
    }

    public let security: Security
    /// Who may connect; empty for everybody.
    public let networks: [NetworkRange]

    public init(_ security: Security, networks: [NetworkRange] = []) {
        self.security = security
        self.networks = networks
    }

    func admits(_ client: SocketAddress) -> Bool { networks.isEmpty || networks.contains { $0.contains(client) } }
}
