/// A queued message as JSON shows it: the names of Postfix's `postqueue -j`, and ours beside them.
public struct QueueEntry: Codable, Hashable, Sendable {
    public struct Recipient: Codable, Hashable, Sendable {
        public var address: String
        /// `waiting`, `relayed`, `failed`
        public var state: String
        public var attempts: Int
        /// The last reply or reason, word for word; absent before the first attempt.
        public var delayReason: String?
        public var nextAttempt: String?
        public var sesID: String?

        enum CodingKeys: String, CodingKey {
            case address, state, attempts
            case delayReason = "delay_reason"
            case nextAttempt = "next_attempt"
            case sesID = "ses_id"
        }

        public init(
            address: String, state: String, attempts: Int, delayReason: String? = nil, nextAttempt: String? = nil, sesID: String? = nil
        ) {
            self.address = address
            self.state = state
            self.attempts = attempts
            self.delayReason = delayReason
            self.nextAttempt = nextAttempt
            self.sesID = sesID
        }
    }

    public var queueID: String
    /// `active`, `deferred`, `hold` or `quarantine`
    public var queueName: String
    /// Seconds since 1970.
    public var arrivalTime: Int64
    public var messageSize: Int
    public var account: String
    /// As the client gave it; empty for the null reverse-path.
    public var sender: String
    public var messageID: String?
    public var fromBefore: String?
    public var fromAfter: String?
    public var recipients: [Recipient]
    /// The header that will be sent; only in `queue show`.
    public var header: String?
    /// The header as it came, where it was kept; only in `queue show`.
    public var originalHeader: String?
    /// The settings that made `header`; only in `queue show`.
    public var generation: String?
    /// The verified identity that it leaves under.
    public var identity: String?

    enum CodingKeys: String, CodingKey {
        case queueID = "queue_id"
        case queueName = "queue_name"
        case arrivalTime = "arrival_time"
        case messageSize = "message_size"
        case account, sender
        case messageID = "message_id"
        case fromBefore = "from_before"
        case fromAfter = "from_after"
        case recipients, header
        case originalHeader = "original_header"
        case generation, identity
    }

    public init(
        queueID: String, queueName: String, arrivalTime: Int64, messageSize: Int, account: String, sender: String, messageID: String?,
        fromBefore: String?, fromAfter: String?, recipients: [Recipient], header: String? = nil
    ) {
        self.queueID = queueID
        self.queueName = queueName
        self.arrivalTime = arrivalTime
        self.messageSize = messageSize
        self.account = account
        self.sender = sender
        self.messageID = messageID
        self.fromBefore = fromBefore
        self.fromAfter = fromAfter
        self.recipients = recipients
        self.header = header
    }
}
