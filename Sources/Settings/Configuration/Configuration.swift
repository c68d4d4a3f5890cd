public import MailModel

/// What `fairlead.yaml` says, typed, with every default filled in. Nothing that it names has been opened yet.
///
/// Paths are resolved against the folder of the file. The text of each key for operators stands in `keys`, beside its type and its
/// default; `Schema` makes the reference of it.
public struct Configuration: Hashable, Sendable {
    /// `nil`: the host's full name.
    public internal(set) var hostname: Domain?
    /// Key `operator`, which is required: `nil` only in a draft, see `LoadedSettings.operatorAddress`.
    public internal(set) var operatorAddress: Mailbox?
    public internal(set) var listeners = Listener.defaults
    public internal(set) var tls = TLSFiles()
    public internal(set) var passwords = ""
    public internal(set) var accounts: [AccountName: AccountPolicy] = [:]
    /// At least one; the first is the default.
    public internal(set) var identities: [Identity] = []
    public internal(set) var rewrite = RewriteRules()
    public internal(set) var aliases: String?
    /// What a catch-all among the aliases never takes.
    public internal(set) var mailboxes: [AddressPattern] = []
    public internal(set) var upstream = Upstream()
    public internal(set) var queue = Queue()
    public internal(set) var limits = Limits()
    /// So many hard bounces put an address on the suppression list; `nil`: none do.
    public internal(set) var suppressAfter: Int?
    public internal(set) var alarm = Alarm()
    public internal(set) var local = Local()
    /// The path of the control socket.
    public internal(set) var control = "/run/fairlead/control.sock"
    /// `nil`: off.
    public internal(set) var http: HTTPServer? = .standard
    public internal(set) var log = Log()

    init() {}

    /// The rules of an account; one without an entry has the defaults.
    public func policy(for account: AccountName) -> AccountPolicy { accounts[account] ?? AccountPolicy() }

    /// How long a message may wait at most, whoever sent it.
    public var longestLifetime: Duration { accounts.values.compactMap(\.lifetime).reduce(queue.lifetime, max) }

    /// Every key with the value in force, defaults included, in the order of the reference: for the log at start and `check config`.
    public var effectiveSettings: [(key: String, value: String)] {
        Self.show(self, "").map { (key: $0.key, value: $0.text) }
    }
}

extension Configuration: Section {
    static let keys: [SectionKey<Configuration>] = [
        SectionKey(
            "hostname", \.hostname, ValueType<Domain>.hostName.optional, defaultText: "the host's full name",
            "The name in the greeting, in EHLO and in Received."),
        SectionKey(
            "operator", \.operatorAddress, ValueType<Mailbox>.mailbox.optional, required: true,
            "The address that gets alarms, reports nobody else can get, and mail for postmaster and abuse."),
        SectionKey(
            "listeners", \.listeners,
            ValueType<Listener>.listener.list(
                of: "listeners",
                atLeastOne: "is empty; nothing could connect, give at least one listener or remove the key for the defaults"),
            defaultText: "[::]:587 with starttls and [::]:465 with implicit TLS",
            "Where apps connect."),
        SectionKey(
            "tls", \.tls, .section(), required: true,
            "The certificate and private key that the listeners show, as { certificate: …, private_key: … }."),
        SectionKey(
            "passwords", \.passwords, .path, required: true,
            "The file of accounts, lines of name:hash, written by `fairlead account`."),
        SectionKey(
            "accounts", \.accounts, .accounts, defaultText: "none",
            "What each app may do. An account without an entry here has the defaults; passwords are in the passwords file."),
        SectionKey(
            "identities", \.identities,
            ValueType<Identity>.identity.list(
                of: "identities", atLeastOne: "is empty; name at least one domain or address that is verified in SES"), required: true,
            "The domains and addresses that are verified in SES; the first one is the default."),
        SectionKey(
            "rewrite", \.rewrite, .section(),
            "How mail from addresses outside the identities is changed."),
        SectionKey(
            "aliases", \.aliases, ValueType<String>.path.optional, defaultText: "none",
            "The file of aliases, lines of address: target, target."),
        SectionKey(
            "mailboxes", \.mailboxes, ValueType<AddressPattern>.addressPattern.list(of: "address patterns"), defaultText: "none",
            "Addresses that somebody reads elsewhere, such as anna@example.com or *@desk.example.com: a catch-all among the aliases "
                + "never takes them."),
        SectionKey(
            "upstream", \.upstream, .section(), required: true,
            "The way to Amazon SES; at least credentials must be named."),
        SectionKey(
            "queue", \.queue, .section(),
            "Where accepted mail waits, and for how long."),
        SectionKey(
            "limits", \.limits, .section(),
            "What clients may ask for. Memory is bounded by these."),
        SectionKey(
            "suppress_after", \.suppressAfter, .numberOrNone(1...1000),
            "After so many permanent refusals an address gets no more mail, until `fairlead suppress remove`."),
        SectionKey(
            "alarm", \.alarm, .section(),
            "Who is told when something needs a person, besides the log, `status` and `check health`."),
        SectionKey(
            "local", \.local, .section(),
            "Programs of this host that send through `fairlead sendmail`: who may, and as which account."),
        SectionKey(
            "control", \.control, .socketPath,
            "The socket that the commands talk to the daemon through."),
        SectionKey(
            "http", \.http, .httpServer, defaultText: ListenAddress.defaultHTTP?.description,
            "Where health, metrics, status and the dashboard are served over HTTP, or off; as a section also to whom."),
        SectionKey(
            "log", \.log, .section(),
            "What is logged, and how."),
    ]
}
