/// What `trace` answers: the messages that a word means, each with its events in order of time.
public struct TraceReport: Codable, Hashable, Sendable {
    public struct Message: Codable, Hashable, Sendable {
        public var queueID: String
        public var messageID: String?
        public var events: [EventRecord]

        enum CodingKeys: String, CodingKey {
            case queueID = "queue_id"
            case messageID = "message_id"
            case events
        }

        public init(queueID: String, messageID: String?, events: [EventRecord]) {
            self.queueID = queueID
            self.messageID = messageID
            self.events = events
        }
    }

    public var messages: [Message]

    public init(messages: [Message]) { self.messages = messages }
}
