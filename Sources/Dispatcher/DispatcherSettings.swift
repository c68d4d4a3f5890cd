public import MailModel

/// What the operator decides about sending.
public struct DispatcherSettings: Sendable {
    /// A message that could not be relayed for this long is given up, after `minimumAttempts`.
    public var lifetime: Duration
    /// However old it is: a message that waited out a long outage still gets its attempts.
    public var minimumAttempts: Int
    /// Octets of messages that are kept in memory between acceptance and first attempt; the rest is read from the store again.
    public var memoryBudget: Int

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
    /// Attempts that ended in `relayed`, `deferred`, `failed`, since the start, counted by recipient.
    public let relayed: Int
    public let deferred: Int
    public let failed: Int
    /// The upstream's last answer that was not a success, or the system's last reason, word for word.
    public let lastError: LastError?
}

/// The latest trouble, kept after it has passed.
public struct LastError: Sendable, Hashable {
    public let text: String
    public let at: Timestamp
}

/// Counts since the start.
struct Tally {
    var relayed = 0
    var deferred = 0
    var failed = 0
    var lastError: LastError?

    mutating func count(_ name: RelayEvent.Name) {
        switch name {
        case .relayed: relayed += 1
        case .deferred, .inDoubt: deferred += 1
        case .failed, .expired: failed += 1
        default: break
        }
    }
}
