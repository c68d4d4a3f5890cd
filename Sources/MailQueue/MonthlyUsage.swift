public import MailModel

/// A month of the calendar, UTC, as Amazon bills it.
public struct CalendarMonth: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Months since January of the year 0.
    let number: Int64

    init(number: Int64) { self.number = number }

    public init(of time: Timestamp) {
        let civil = CivilTime(time)
        number = civil.year * 12 + Int64(civil.month) - 1
    }

    /// - Parameter text: `2026-03`.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2,
            text.utf8.allSatisfy({ $0 == 45 || (48...57).contains($0) }),
            let year = Int64(parts[0]), let month = Int64(parts[1]), (1...12).contains(month)
        else { return nil }
        number = year * 12 + month - 1
    }

    public static func < (left: CalendarMonth, right: CalendarMonth) -> Bool { left.number < right.number }

    /// `2026-03`
    public var description: String {
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
        }
        return "\(padded(number / 12, 4))-\(padded(number % 12 + 1, 2))"
    }
}

/// What an account sent in a month.
public struct MonthlyUsage: Hashable, Sendable {
    public let account: AccountName
    public internal(set) var counts = Counts()

    public struct Counts: Hashable, Sendable {
        /// Accepted, with their recipients and their octets, each message counted once.
        public var messages = 0
        public var recipients = 0
        public var octets = 0
        /// Recipients that the upstream took, reports of ours among them, and the octets it took for them: a message to two counts twice.
        public var relayed = 0
        public var relayedOctets = 0
        /// Recipients that were refused for good.
        public var failed = 0
        /// Recipients that were given up because it took too long.
        public var expired = 0

        public init() {}

        mutating func count(_ event: RelayEvent, recipients count: Int) {
            // Bounded, for what a damaged page makes of it.
            let size = min(max(0, event.messageSize ?? 0), 1 << 32)
            switch event.name {
            case .accepted:
                messages += 1
                recipients += count
                octets += size
            case .relayed:
                relayed += count
                relayedOctets += size * count
            case .failed: failed += count
            case .expired: expired += count
            default: break
            }
        }
    }
}

/// The months that are known, as far as they are asked for.
public struct UsageReport: Hashable, Sendable {
    /// By name of account; those without mail in that month are left out.
    public let accounts: [MonthlyUsage]
    /// What happened before is in no month.
    public let countedSince: Timestamp
}

/// What a batch of events adds to the months.
struct UsageSums {
    struct Key: Hashable {
        let month: CalendarMonth
        let account: AccountName
    }

    private(set) var sums: [Key: MonthlyUsage.Counts] = [:]
    /// The month that the last event fell into: the next one does so too, nearly always.
    private var current: (month: CalendarMonth, day: Int64)?

    mutating func count(_ stored: StoredEvent) {
        guard let account = stored.event.account, stored.event.name.isCounted else { return }
        sums[Key(month: month(of: stored.event.time), account: account), default: MonthlyUsage.Counts()]
            .count(stored.event, recipients: stored.mailboxes.count)
    }

    private mutating func month(of time: Timestamp) -> CalendarMonth {
        let day = time.seconds / 86_400
        if let current, current.day == day { return current.month }
        let month = CalendarMonth(of: time)
        current = (month, day)
        return month
    }
}

extension RelayEvent.Name {
    fileprivate var isCounted: Bool {
        switch self {
        case .accepted, .relayed, .failed, .expired: true
        default: false
        }
    }
}
