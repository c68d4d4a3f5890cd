public import MailModel

/// An app that may submit mail: its password hash and its limits.
public struct Account: Hashable, Sendable {
    public let name: AccountName
    /// crypt(3) form; `nil` for an account that only a trusted listener uses and nobody can log in to.
    public let passwordHash: String?
    /// Recipients per `rate.period`; `nil` for no limit.
    public let rate: Rate?
    /// Recipients in any 24 hours; `nil` for no limit.
    public let daily: Int?
    public let mode: Mode

    /// Whether the account may mail the world. That all goes to one address is a rule of rewriting.
    public enum Mode: Hashable, Sendable {
        case live
        /// What is accepted is held in the queue.
        case hold
        /// Nobody else is mailed.
        case allow([AddressPattern])
    }

    /// So many recipients in so long a time.
    public struct Rate: Hashable, Sendable {
        public let count: Int
        public let period: Duration

        public init(count: Int, per period: Duration) {
            self.count = count
            self.period = period
        }
    }

    public init(name: AccountName, passwordHash: String?, rate: Rate? = nil, daily: Int? = nil, mode: Mode = .live) {
        self.name = name
        self.passwordHash = passwordHash
        self.rate = rate
        self.daily = daily
        self.mode = mode
    }
}

/// Who may submit, as of the last reload.
public struct AccountDirectory: Sendable {
    private let accounts: [AccountName: Account]

    public init(_ accounts: some Sequence<Account>) {
        self.accounts = Dictionary(accounts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public subscript(name: AccountName) -> Account? { accounts[name] }

    public var names: [AccountName] { accounts.keys.sorted() }
}
