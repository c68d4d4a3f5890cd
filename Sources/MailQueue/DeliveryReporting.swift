public import MailModel

/// A recipient of whom somebody is to be told.
public struct FailedRecipient: Hashable, Sendable {
    public enum Action: String, Hashable, Sendable {
        case failed
        /// Given up after its lifetime: `failed` in a report, in other words for people.
        case expired
        case delayed
    }

    public let recipient: QueuedRecipient
    public let action: Action
    /// RFC 3463: `5.1.1`.
    public let status: String
    /// What the upstream said last, or the last reason, on one line.
    public let reply: String
    /// `email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587`; `nil` if none was reached.
    public let relay: String?
    public let lastAttempt: Timestamp

    public init(recipient: QueuedRecipient, action: Action, status: String, reply: String, relay: String?, lastAttempt: Timestamp) {
        self.recipient = recipient
        self.action = action
        self.status = status
        self.reply = reply
        self.relay = relay
        self.lastAttempt = lastAttempt
    }
}

/// What is to be done about telling.
public enum ReportDecision: Sendable {
    /// Queue this; `to` is who is told, for the log.
    case send(QueuedMessage, to: String)
    /// Nobody wants to be told.
    case none(why: String)
    /// Too many of late: the message waits as `QueueEntry.State.dead` for a digest at that time.
    case digest(at: Timestamp)
    /// Nobody can be told: the message stays as `QueueEntry.State.dead` for an operator to see.
    case impossible(why: String)
}

/// Writes the reports on what could not be relayed.
public protocol ReportWriting: Sendable {
    /// Nothing more will be tried for these recipients.
    func failure(of message: QueuedMessage, recipients: [FailedRecipient], at now: Timestamp) -> ReportDecision

    /// These are late.
    ///
    /// - Parameter until: when it will be given up, about.
    func delay(of message: QueuedMessage, recipients: [FailedRecipient], until: Timestamp, at now: Timestamp) -> ReportDecision

    /// Several failed messages in as many reports as people are concerned, each with the messages that it covers. What it leaves out can
    /// never be told.
    func digests(of entries: [QueueEntry], at now: Timestamp) -> [(report: QueuedMessage, to: String, covers: [QueueID])]
}
