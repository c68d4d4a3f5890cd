/// What `trace` answers: the messages that a word means, each with its events in order of time.
public struct TraceReport: Codable, Hashable, Sendable {
    public struct Message: Codable, Hashable, Sendable {
        public var queueID: String
        public var messageID: String?
        public var events: [EventRecord]
        /// Of a message that is still queued: the header that will be sent and the one that came, if they were asked for, and the settings
        /// that made one of the other.
        public var header: String?
        public var originalHeader: String?
        public var generation: String?
        /// Of a message that is still queued: how it stands.
        public var queued: QueueEntry?

        enum CodingKeys: String, CodingKey {
            case queueID = "queue_id"
            case messageID = "message_id"
            case events, header
            case originalHeader = "original_header"
            case generation, queued
        }

        public init(queueID: String, messageID: String?, events: [EventRecord]) {
            self.queueID = queueID
            self.messageID = messageID
            self.events = events
        }
    }

    public var messages: [Message]
    /// What concerns the word and no message of ours: mail to it that was refused, that it was suppressed.
    public var events: [EventRecord]?

    public init(messages: [Message]) { self.messages = messages }
}
