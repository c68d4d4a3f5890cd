public import MailModel

/// One recipient of a queued message, and how far it has come.
public struct QueuedRecipient: Hashable, Sendable {
    public enum State: Int, Hashable, Sendable, CaseIterable {
        case waiting = 0
        case relayed = 1
        case failed = 2
        case expired = 3

        /// Nothing more will be tried.
        public var isFinal: Bool { self != .waiting }
    }

    /// The place in the message's list, for life: 0, 1, 2 …
    public let index: Int
    public let mailbox: Mailbox
    public var state: State
    /// Attempts that count against the schedule.
    public var attempts: Int
    /// How many attempts ended without an answer to the final dot.
    public var doubts: Int
    /// When the next attempt is due; without meaning in a final state.
    public var nextAttempt: Timestamp
    /// The upstream's last reply or the last reason, on one line; empty before the first attempt.
    public var lastReply: String
    /// The id in SES's `250 Ok <id>`, once relayed.
    public var sesID: String?
    /// Whether a delivery report has told of its failure.
    public var isReported: Bool

    public init(
        index: Int, mailbox: Mailbox, nextAttempt: Timestamp, state: State = .waiting, attempts: Int = 0, doubts: Int = 0,
        lastReply: String = "", sesID: String? = nil, isReported: Bool = false
    ) {
        self.index = index
        self.mailbox = mailbox
        self.nextAttempt = nextAttempt
        self.state = state
        self.attempts = attempts
        self.doubts = doubts
        self.lastReply = lastReply
        self.sesID = sesID
        self.isReported = isReported
    }
}

/// What one attempt changed for one recipient.
public struct RecipientResult: Hashable, Sendable {
    public enum Verdict: Hashable, Sendable {
        case relayed
        case failed
        case expired
        case deferred(until: Timestamp)
        /// As deferred, and counted in `QueuedRecipient.doubts`.
        case inDoubt(until: Timestamp)
    }

    public let index: Int
    public let verdict: Verdict
    /// All attempts so far that count, this one included if it does.
    public let attempts: Int
    public let reply: String
    public let sesID: String?

    public init(index: Int, verdict: Verdict, attempts: Int, reply: String, sesID: String? = nil) {
        self.index = index
        self.verdict = verdict
        self.attempts = attempts
        self.reply = reply
        self.sesID = sesID
    }
}

/// A recipient that the upstream called permanently dead.
public struct Strike: Hashable, Sendable {
    public let mailbox: Mailbox
    /// The upstream's words.
    public let reply: String
    /// At so many strikes the address is suppressed.
    public let limit: Int

    public init(mailbox: Mailbox, reply: String, limit: Int) {
        self.mailbox = mailbox
        self.reply = reply
        self.limit = limit
    }
}

/// Everything that one attempt at a message came to; stored as one step.
public struct DeliveryRecord: Sendable {
    public let id: QueueID
    /// Results for recipients that are final already are ignored.
    public var results: [RecipientResult]
    public var events: [RelayEvent]
    /// Delivery reports that the results call for: they are queued in the same step, so that a crash gives neither none nor two.
    public var reports: [QueuedMessage]
    /// Recipients, by index, of whose failure `reports` tells.
    public var reported: [Int] = []
    /// `reports` has the one warning that the message is late.
    public var isWarning = false
    public var ending = Ending.leaves
    public var strikes: [Strike] = []
    /// Why the message is held from now on, if it is and still waits.
    public var hold: String?

    /// What becomes of the message once all its recipients are final.
    public enum Ending: Hashable, Sendable {
        /// It leaves the queue: everybody is served or told.
        case leaves
        /// It stays for somebody to see, since a failure could not be told; `reportDue` is when a digest tells of it, if one will.
        case dead(note: String, reportDue: Timestamp?)
    }

    public init(_ id: QueueID, results: [RecipientResult], events: [RelayEvent], reports: [QueuedMessage] = []) {
        self.id = id
        self.results = results
        self.events = events
        self.reports = reports
    }
}

/// What an attempt may change of a recipient.
struct RecipientProgress: Hashable, Sendable {
    var state: QueuedRecipient.State
    var attempts: Int
    var doubts: Int
    var nextAttempt: Timestamp
    var lastReply: String
    var sesID: String?
    var isReported = false

    mutating func apply(_ result: RecipientResult) {
        attempts = result.attempts
        lastReply = result.reply
        sesID = result.sesID
        switch result.verdict {
        case .relayed: state = .relayed
        case .failed: state = .failed
        case .expired: state = .expired
        case .deferred(let time): nextAttempt = time
        case .inDoubt(let time):
            doubts += 1
            nextAttempt = time
        }
    }
}

extension QueuedRecipient {
    mutating func apply(_ result: RecipientResult) {
        var progress = RecipientProgress(
            state: state, attempts: attempts, doubts: doubts, nextAttempt: nextAttempt, lastReply: lastReply, isReported: isReported)
        progress.apply(result)
        (state, attempts, doubts) = (progress.state, progress.attempts, progress.doubts)
        (nextAttempt, lastReply, sesID) = (progress.nextAttempt, progress.lastReply, progress.sesID)
    }
}
