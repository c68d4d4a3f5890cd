public import MailModel

/// What the pretended SES account has and may do; a value, replaced as a whole while the server runs.
public struct SandboxRules: Hashable, Sendable {
    /// The account as a whole, apart from any message.
    public enum AccountCondition: Hashable, Sendable {
        case active
        /// AUTH is answered `535 Account not subscribed to SES`.
        case notSubscribed
        /// AUTH is answered `454 Temporary authentication failure`.
        case authenticationUnavailable
        /// Every message is refused: `554 Message rejected: Sending paused for this account. …`
        case sendingPaused
        /// Every message is refused: `554 Access denied: User … is not authorized to perform ses:SendRawEmail …`
        case accessDenied
        /// Every message is put off: `454 Temporary service failure`.
        case serviceFailure
    }

    /// As in `eu-west-1`.
    public var region = "eu-west-1"
    public var identities: [SandboxIdentity]
    /// SMTP user names and their passwords; with none, nobody can log in.
    public var credentials: [String: Secret]
    public var account = AccountCondition.active
    /// SES's own "sandbox" of new accounts: recipients must be verified too, the mailbox simulator excepted.
    public var requiresVerifiedRecipients = false
    /// Names that `X-SES-CONFIGURATION-SET` may give.
    public var configurationSets: Set<String> = []

    /// Per message, counted at the final dot.
    public var maximumRecipients = 50
    /// Recipients in any one second; `nil` is unlimited. A message to more of them than this passes when no other came within the second
    /// before it, as SES tolerates bursts.
    public var maximumSendRate: Int?
    /// Recipients in any 24 hours, the simulator's apart; `nil` is unlimited.
    public var dailyQuota: Int?
    /// SES says "40 MB" and leaves open which: this is the smaller reading, so that what passes here passes there.
    public var maximumMessageOctets = 40_000_000
    /// SES has such a limit and does not publish it.
    public var maximumHeaderOctets = 1 << 20
    /// Without input from the client, in and outside DATA.
    public var idleTimeout = Duration.seconds(10)
    /// SES does not publish it; about 350 was seen.
    public var maximumMessagesPerConnection = 350
    /// SES does not publish it.
    public var maximumConnections = 500
    /// Whether EHLO inside TLS announces STARTTLS again: both were seen.
    public var repeatsSTARTTLS = false

    public init(identities: [SandboxIdentity] = [], credentials: [String: Secret] = [:]) {
        self.identities = identities
        self.credentials = credentials
    }

    func isVerified(_ address: HeaderAddress) -> Bool { identities.contains { $0.covers(address) } }
}
