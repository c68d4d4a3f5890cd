public import MailModel

/// How much is queued: kept up to date with each commit, so that asking costs the same at any length.
public struct QueueStatistics: Hashable, Sendable {
    /// Counts of one account, or of all.
    public struct Counts: Hashable, Sendable {
        /// Waiting, not tried yet.
        public var fresh = 0
        /// Waiting, tried at least once.
        public var deferred = 0
        public var held = 0
        public var quarantined = 0
        /// Failed, and nobody was told (yet).
        public var dead = 0
        /// Recipients without a final state, in all of these.
        public var openRecipients = 0
        /// Those of them that wait to be sent.
        public var waitingRecipients = 0
        /// Octets of header and body, in all of these.
        public var octets = 0

        public var messages: Int { fresh + deferred + held + quarantined + dead }

        public init() {}
    }

    public var total = Counts()
    /// Accounts with at least one message.
    public var accounts: [AccountName: Counts] = [:]
    /// When the oldest message that is not quarantined was accepted.
    public var oldest: Timestamp?
    /// The earliest time at which a waiting message is due.
    public var nextDue: Timestamp?
    public var health = StorageHealth.healthy

    public init() {}
}

/// Room on the queue's file system, as users without privileges have it.
public struct StorageSpace: Hashable, Sendable {
    public enum Level: String, Hashable, Sendable {
        case ok
        /// Less than 1 GiB or 5,000 inodes: somebody should look before mail is refused.
        case low
        /// New mail is refused.
        case full
    }

    public let level: Level
    public let freeOctets: Int
    /// `nil` where the file system makes inodes as it needs them.
    public let freeInodes: Int?

    static let lowOctets = 1 << 30
    static let lowInodes = 5000
}

/// Whether new mail can be stored.
public enum StorageHealth: Hashable, Sendable {
    case healthy
    /// The reserve was given up so that outcomes can still be written; new mail waits until there is room again.
    case outOfSpace
    /// A write or sync failed, with the system's reason: nothing is accepted until `QueueStore.probe` succeeds.
    case unhealthy(String)
}
