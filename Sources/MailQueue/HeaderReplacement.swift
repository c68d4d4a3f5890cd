public import MailModel

/// What takes the place of a queued message's header and of all that was derived with it. Body, recipients, attempts and age stay.
public struct HeaderReplacement: Sendable {
    public let id: QueueID
    /// The header that this one was made to replace: where another is found by now, nothing is changed.
    public let before: [UInt8]
    public let header: [UInt8]
    public let reversePath: ReversePath
    public let facts: MessageFacts
    public let original: EncodedOriginal
    /// Tell of it; durable in the same transaction.
    public let events: [RelayEvent]

    public init(
        _ id: QueueID, before: [UInt8], header: [UInt8], reversePath: ReversePath, facts: MessageFacts, original: EncodedOriginal,
        events: [RelayEvent]
    ) {
        self.id = id
        self.before = before
        self.header = header
        self.reversePath = reversePath
        self.facts = facts
        self.original = original
        self.events = events
    }
}

extension QueuedMessage {
    func replaced(by replacement: HeaderReplacement) -> QueuedMessage {
        var message = QueuedMessage(
            id: id, account: account, acceptedAt: acceptedAt, reversePath: replacement.reversePath, recipients: recipients,
            header: replacement.header, body: body, is8Bit: is8Bit, facts: replacement.facts, serviceTime: serviceTime)
        message.isWarned = isWarned
        message.crashes = crashes
        message.original = replacement.original
        return message
    }
}
