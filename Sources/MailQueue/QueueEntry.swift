public import MailModel

/// What an operator sees of a queued message: everything but the octets of header and body.
public struct QueueEntry: Hashable, Sendable {
    public enum State: Int, Hashable, Sendable, CaseIterable {
        /// Will be tried when due.
        case waiting = 0
        /// Kept until an operator, or the clock of the one who held it, releases it.
        case held = 1
        /// Damaged or suspect; never sent unless an operator releases it, and then checked again.
        case quarantined = 2
        /// Nothing is left to be tried, and the sender was not told of the failure (yet): kept for somebody to see, never dropped silently.
        case dead = 3
    }

    public let id: QueueID
    public let account: AccountName
    public let acceptedAt: Timestamp
    public let state: State
    /// The earliest next attempt among its waiting recipients.
    public let dueAt: Timestamp
    /// The highest number of attempts among its recipients.
    public let attempts: Int
    /// Octets of header and body.
    public let size: Int
    /// `nil` if the stored octets are no longer a path.
    public let reversePath: ReversePath?
    public let recipients: [QueuedRecipient]
    public let facts: MessageFacts
    /// Why it is held or quarantined; empty otherwise.
    public let note: String
}

/// A message whose time has come; `QueueStore.load` brings the rest.
public struct DueMessage: Hashable, Sendable {
    public let id: QueueID
    public let account: AccountName
    public let dueAt: Timestamp
    public let size: Int
    /// Recipients that are not final.
    public let openRecipients: Int
    /// How often the process ended while it was being attempted.
    public var crashes = 0

    public init(id: QueueID, account: AccountName, dueAt: Timestamp, size: Int, openRecipients: Int, crashes: Int = 0) {
        self.id = id
        self.account = account
        self.dueAt = dueAt
        self.size = size
        self.openRecipients = openRecipients
        self.crashes = crashes
    }

    /// Where the next page begins.
    public var cursor: DueCursor { DueCursor(dueAt: dueAt, id: id) }
}

/// A place in the order of due time, then id.
public struct DueCursor: Hashable, Sendable, Comparable {
    public let dueAt: Timestamp
    public let id: QueueID

    public init(dueAt: Timestamp, id: QueueID) {
        self.dueAt = dueAt
        self.id = id
    }

    public static func < (left: DueCursor, right: DueCursor) -> Bool { (left.dueAt, left.id) < (right.dueAt, right.id) }
}

/// Which messages an operator means: those that fit every part that is set.
public struct QueueFilter: Hashable, Sendable {
    /// `nil`: any.
    public var ids: [QueueID]?
    public var account: AccountName?
    /// An address, or `@domain`, without regard to the case of A–Z.
    public var recipient: [UInt8]?
    public var state: QueueEntry.State?
    public var acceptedBefore: Timestamp?

    public init() {}

    /// Every message.
    public static let all = QueueFilter()

    public init(ids: [QueueID]) { self.ids = ids }

    func matches(account: AccountName, state: QueueEntry.State, acceptedAt: Timestamp) -> Bool {
        if let wanted = self.account, wanted != account { return false }
        if let wanted = self.state, wanted != state { return false }
        if let limit = acceptedBefore, acceptedAt >= limit { return false }
        return true
    }

    /// - Parameter mailbox: in the form for the wire.
    func matches(recipient mailbox: some Collection<UInt8>) -> Bool {
        guard let recipient else { return true }
        if recipient.first == ASCII.at {
            return mailbox.count > recipient.count && ASCII.equalsIgnoringCase(mailbox.suffix(recipient.count), recipient)
        }
        return ASCII.equalsIgnoringCase(mailbox, recipient)
    }
}

/// One page of a listing.
public struct QueuePage: Sendable {
    /// By id, and so by age.
    public let entries: [QueueEntry]
    /// Where the next page begins; `nil` at the end.
    public let next: QueueID?
}
