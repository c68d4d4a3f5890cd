/// What `report --month` answers: what each account sent in a month of the calendar, UTC. Names are an interface: add, never rename.
public struct MonthReport: Codable, Hashable, Sendable {
    public struct Account: Codable, Hashable, Sendable {
        public var account: String
        /// Accepted: messages, their recipients, their octets.
        public var messages = 0
        public var recipients = 0
        public var bytes = 0
        /// Recipients that the upstream took, delivery reports of ours among them, and what it took for them: a message to two counts twice.
        public var relayed = 0
        public var relayedBytes = 0
        /// Recipients that got nothing; `expired` of them because it took too long.
        public var failures = 0
        public var expired = 0
        /// US dollars, estimated.
        public var sesPrice: Double?

        enum CodingKeys: String, CodingKey {
            case account, messages, recipients, bytes, relayed
            case relayedBytes = "relayed_bytes"
            case failures, expired
            case sesPrice = "ses_price"
        }

        public init(account: String) { self.account = account }

        public static func += (sum: inout Account, other: Account) {
            sum.messages += other.messages
            sum.recipients += other.recipients
            sum.bytes += other.bytes
            sum.relayed += other.relayed
            sum.relayedBytes += other.relayedBytes
            sum.failures += other.failures
            sum.expired += other.expired
        }
    }

    /// What Amazon asks for sending, in US dollars.
    public struct Tariff: Codable, Hashable, Sendable {
        /// For 1,000 recipients.
        public var perThousand: Double
        /// For 1,000,000,000 octets.
        public var perGigabyte: Double

        enum CodingKeys: String, CodingKey {
            case perThousand = "per_thousand"
            case perGigabyte = "per_gigabyte"
        }

        public init(perThousand: Double, perGigabyte: Double) {
            self.perThousand = perThousand
            self.perGigabyte = perGigabyte
        }

        fileprivate func price(of account: Account) -> Double {
            (Double(account.relayed) / 1000 * perThousand + Double(account.relayedBytes) / 1e9 * perGigabyte).rounded(toPlaces: 4)
        }
    }

    /// `2026-03`
    public var month: String
    /// By name; those without mail in that month are left out.
    public var accounts: [Account]
    /// What happened before is not counted; absent if the month is counted from its beginning.
    public var countedSince: String?
    public var tariff: Tariff?
    public var total: Account?

    enum CodingKeys: String, CodingKey {
        case month, accounts
        case countedSince = "counted_since"
        case tariff, total
    }

    public init(month: String, accounts: [Account]) {
        self.month = month
        self.accounts = accounts
    }

    /// Adds the estimates, and the sum of all accounts.
    public mutating func price(by tariff: Tariff) {
        self.tariff = tariff
        var sum = Account(account: "total")
        for index in accounts.indices {
            accounts[index].sesPrice = tariff.price(of: accounts[index])
            sum += accounts[index]
        }
        sum.sesPrice = tariff.price(of: sum)
        total = sum
    }
}
