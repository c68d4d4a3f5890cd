public import MailModel
public import MailQueue

/// One transaction to be made: a stored message and those of its recipients whose turn it is.
public struct Delivery: Sendable {
    public let message: QueuedMessage
    /// Indices into `message.recipients`; at least one, at most the route's `recipientsPerTransaction`.
    public let recipients: [Int]

    public init(message: QueuedMessage, recipients: [Int]) {
        self.message = message
        self.recipients = recipients
    }
}

/// What an attempt came to.
public enum AttemptResult: Sendable {
    /// The upstream spoke about the message: an outcome for every recipient of the delivery.
    case outcomes([RecipientOutcome], relay: String)
    /// The route's or the account's trouble: the message was not attempted, and its attempt must not be counted.
    case routeTrouble(RouteTrouble, relay: String)
    /// SES does not let us send as this message's identity.
    case identityRefused(Reply, relay: String)
    /// The stored body cannot be read as it was written: it must be set aside and never sent.
    case unreadable(String)
}

/// What became of one recipient in one attempt.
public struct RecipientOutcome: Hashable, Sendable {
    /// Index into `QueuedMessage.recipients`.
    public let recipient: Int
    public let outcome: DeliveryOutcome
    public let scope: Scope

    /// What the answer was about.
    public enum Scope: Hashable, Sendable {
        /// This recipient: an answer to its RCPT.
        case recipient
        /// All recipients of the transaction, maybe for the sake of one: an answer to DATA or the final dot.
        case transaction
        /// The message, whoever it is for: its sender, its size, its content.
        case message
    }

    public init(recipient: Int, outcome: DeliveryOutcome, scope: Scope = .recipient) {
        self.recipient = recipient
        self.outcome = outcome
        self.scope = scope
    }
}

/// Where mail is handed to: SES behind a pool of connections, or a stand-in in tests.
public protocol DeliveryRoute: Sendable {
    /// Makes one attempt, waiting for a free connection if need be.
    nonisolated(nonsending) func attempt(_ delivery: Delivery) async -> AttemptResult

    /// Connects and logs in without sending anything.
    ///
    /// - Returns: `nil` if that went well.
    func probe() async -> RouteTrouble?

    /// How many attempts can be under way at once.
    var capacity: Int { get }

    var recipientsPerTransaction: Int { get }

    /// Recipients per second that the upstream takes at present; `nil` for no limit.
    var sendingLimit: Int? { get }

    /// Lets running attempts end by themselves and closes idle connections; returns when all are closed.
    func close() async
}

extension DeliveryRoute {
    public var sendingLimit: Int? { nil }
}

/// Holds back the final dot until the sending rate allows it.
public protocol SendingGate: Sendable {
    /// Returns once the final dot will be allowed within a few seconds. A transaction begins only then: the upstream hangs up on a client
    /// that falls silent in the middle of a message.
    nonisolated(nonsending) func approach(recipients: Int) async
    /// The transaction that approached is over, with or without its final dot.
    func left(recipients: Int)
    /// - Returns: true if the places were taken at once; otherwise call `waitToSend`.
    func trySend(recipients: Int) -> Bool
    /// Returns once the places are taken.
    func waitToSend(recipients: Int) async
    /// The reply to the final dot is there (or will never come).
    func sent(recipients: Int)
    /// The reply to the final dot refused them for the sending rate, in place of `sent`.
    func refused(recipients: Int)
    /// Recipients per second in force; `nil` for no limit.
    var limit: Int? { get }
    /// The final dot was not sent after all.
    func withdrawn(recipients: Int)
}
