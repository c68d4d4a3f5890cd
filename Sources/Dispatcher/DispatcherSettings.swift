public import MailModel

/// What the operator decides about sending.
public struct DispatcherSettings: Sendable {
    /// A message that could not be relayed for this long is given up, after `minimumAttempts`.
    public var lifetime: Duration
    /// However old it is: a message that waited out a long outage still gets its attempts.
    public var minimumAttempts: Int
    /// Octets of messages that are kept in memory between acceptance and first attempt; the rest is read from the store again.
    public var memoryBudget: Int
    /// Accounts whose messages live shorter or longer.
    public var lifetimes: [AccountName: Duration] = [:]
    /// The sender of a message that waits this long is told once; `nil`: never.
    public var delayWarning: Duration?
    /// After so many permanent refusals an address is suppressed; `nil`: never.
    public var suppressAfter: Int?
    /// Recipients in any 24 hours, for all accounts; `nil`: no limit.
    public var dailyQuota: Int?

    func lifetime(of account: AccountName) -> Duration { lifetimes[account] ?? lifetime }

    public init(lifetime: Duration, minimumAttempts: Int = 4, memoryBudget: Int = 768 << 10) {
        self.lifetime = lifetime
        self.minimumAttempts = minimumAttempts
        self.memoryBudget = memoryBudget
    }
}

/// What `status` shows of the dispatcher.
public struct DispatcherStatus: Sendable {
    /// `nil` while the route is open.
    public let pause: RouteState.Pause?
    /// Identities that SES does not let us send as.
    public let heldIdentities: [String: IdentityHolds.Hold]
    /// Due and in memory.
    public let ready: Int
    /// Being attempted.
    public let running: Int
    /// Messages that wait to be attempted alone, because the process ended while they were attempted.
    public let suspects: Int
    /// `upstream.daily_quota` and what is used of it; `nil` without one.
    public let quota: (limit: Int, used: Int)?
    /// `nil` while the quota leaves room.
    public let quotaUsedUpUntil: Timestamp?
    /// Since the start.
    public let tally: Tally

    /// Attempts that ended so, counted by recipient.
    public var relayed: Int { tally.relayed }
    public var deferred: Int { tally.deferred }
    public var failed: Int { tally.failed }
    /// The upstream's last answer that was not a success, or the system's last reason, word for word.
    public var lastError: LastError? { tally.lastError }
}

/// The latest trouble, kept after it has passed.
public struct LastError: Sendable, Hashable {
    public let text: String
    public let at: Timestamp
}

/// Counts since the start.
public struct Tally: Sendable {
    public internal(set) var relayed = 0
    public internal(set) var deferred = 0
    public internal(set) var failed = 0
    /// Delivery reports and digests that were queued.
    public internal(set) var reports = 0
    /// Reports that could not be relayed themselves: each ends there.
    public internal(set) var bouncesOfReports = 0
    public internal(set) var lastError: LastError?
    public internal(set) var errors = RecentErrors()

    mutating func count(_ name: RelayEvent.Name) {
        switch name {
        case .relayed: relayed += 1
        case .deferred, .inDoubt: deferred += 1
        case .failed, .expired: failed += 1
        default: break
        }
    }
}
