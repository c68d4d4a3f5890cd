internal import MailModel
internal import MailQueue
internal import Upstream

/// What one attempt means for one recipient: what the store writes down, and what people are told.
struct Verdict {
    let result: RecipientResult
    let event: RelayEvent
    /// Not just one more round of waiting for the same reason.
    let isNews: Bool
    /// The final dot stayed without an answer too often: each time may have made a copy.
    let isTooDoubtful: Bool
    /// The upstream refused this recipient, not the message.
    let isHardBounce: Bool

    var isFinal: Bool { result.verdict.nextAttempt == nil }

    /// Attempts in doubt after which a message is held.
    static let doubtLimit = 5
    static let doubtNote =
        "held: \(doubtLimit) attempts ended without an answer to the final dot, and each may have made a copy; fairlead queue release sends it again"

    /// The three clocks that a verdict goes by.
    struct Clocks {
        /// For people.
        let wall: Timestamp
        /// For due times.
        let steady: Timestamp
        /// For age.
        let service: Duration
    }

    /// Applies retry schedule and lifetime to an outcome.
    ///
    /// - Parameter spread: 0 to 1, random: spreads the next attempt.
    init(
        _ outcome: RecipientOutcome, of message: QueuedMessage, relay: String?, clocks: Clocks, settings: DispatcherSettings, spread: Double
    ) {
        let recipient = message.recipients[outcome.recipient]
        let attempts = recipient.attempts + 1
        let left = settings.lifetime(of: message.account) - (clocks.service - message.serviceTime)
        var delay = RetrySchedule.delay(afterAttempts: attempts, spread: spread)
        // The last attempt is made when the lifetime ends, not up to twenty minutes later.
        if attempts >= settings.minimumAttempts, left > .zero { delay = min(delay, left) }
        let next = clocks.steady + delay
        let isOver = left <= .zero && attempts >= settings.minimumAttempts
        var name: RelayEvent.Name
        var verdict: RecipientResult.Verdict
        var dsn: String?
        var sesID: String?
        let words: String
        var isHardBounce = false
        switch outcome.outcome {
        case .relayed(let reply, let id):
            (name, verdict, dsn, sesID, words) = (.relayed, .relayed, "2.0.0", id, reply.oneLine)
        case .failed(let reply):
            (name, verdict, dsn, words) = (.failed, .failed, reply.enhancedStatus ?? "5.0.0", reply.oneLine)
            isHardBounce = outcome.scope == .recipient
        case .deferred(.reply(let reply)):
            (name, verdict, dsn, words) = (.deferred, .deferred(until: next), reply.enhancedStatus ?? "4.0.0", reply.oneLine)
        case .deferred(.connection(let text)):
            (name, verdict, dsn, words) = (.deferred, .deferred(until: next), "4.4.2", text)
        case .inDoubt(let text):
            (name, verdict, dsn, words) = (.inDoubt, .inDoubt(until: next), "4.4.2", text)
        }
        if isOver, name == .deferred || name == .inDoubt {
            (name, verdict, dsn) = (.expired, .expired, "5.4.7")
        }
        self.init(
            name: name, verdict: verdict, recipient: recipient, message: message, attempts: attempts, words: words, dsn: dsn, sesID: sesID,
            relay: relay, now: clocks.wall, isHardBounce: isHardBounce)
    }

    /// The recipient waits for something that is not the message's fault: no attempt is counted.
    init(waiting recipient: QueuedRecipient, of message: QueuedMessage, until: Timestamp, reply: String, now: Timestamp) {
        self.init(
            name: .deferred, verdict: .deferred(until: until), recipient: recipient, message: message, attempts: recipient.attempts,
            words: reply, dsn: "4.7.0", sesID: nil, relay: nil, now: now, isNews: recipient.lastReply != reply)
    }

    private init(
        name: RelayEvent.Name, verdict: RecipientResult.Verdict, recipient: QueuedRecipient, message: QueuedMessage, attempts: Int,
        words: String, dsn: String?, sesID: String?, relay: String?, now: Timestamp, isNews: Bool = true, isHardBounce: Bool = false
    ) {
        self.isNews = isNews
        self.isHardBounce = isHardBounce
        if case .inDoubt = verdict { isTooDoubtful = recipient.doubts + 1 >= Self.doubtLimit } else { isTooDoubtful = false }
        result = RecipientResult(index: recipient.index, verdict: verdict, attempts: attempts, reply: words, sesID: sesID)
        var event = RelayEvent(name, at: now, queueID: message.id, account: message.account, recipients: [recipient.mailbox])
        event.relay = relay
        event.delay = now - message.acceptedAt
        event.dsn = dsn
        event.reply = words
        event.sesID = sesID
        // What the upstream took, for the month's report.
        if name == .relayed { event.messageSize = message.size }
        event.attempt = attempts
        event.nextAttempt = verdict.nextAttempt
        self.event = event
    }
}

extension Verdict {
    /// What its sender is to be told; `nil` if it did not fail.
    func failure(of recipient: QueuedRecipient) -> FailedRecipient? {
        switch event.name {
        case .failed: report(on: recipient, .failed)
        case .expired: report(on: recipient, .expired)
        default: nil
        }
    }

    func delay(of recipient: QueuedRecipient) -> FailedRecipient { report(on: recipient, .delayed) }

    private func report(on recipient: QueuedRecipient, _ action: FailedRecipient.Action) -> FailedRecipient {
        var recipient = recipient
        recipient.attempts = result.attempts
        return FailedRecipient(
            recipient: recipient, action: action, status: event.dsn ?? "5.0.0", reply: result.reply, relay: event.relay,
            lastAttempt: event.time)
    }
}

extension RecipientResult.Verdict {
    var nextAttempt: Timestamp? {
        switch self {
        case .deferred(let until), .inDoubt(let until): until
        case .relayed, .failed, .expired: nil
        }
    }
}

extension QueuedMessage {
    var waitingRecipients: [QueuedRecipient] { recipients.filter { $0.state == .waiting } }

    /// What it leaves under; messages from before identities were kept share one name.
    var identity: String { facts.identity ?? "" }
}

extension QueueError {
    /// The message was removed or held meanwhile.
    var meansGone: Bool {
        switch self {
        case .notFound, .notSendable: true
        default: false
        }
    }
}
