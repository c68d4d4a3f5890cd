internal import MailModel
internal import MailQueue

/// Messages on their way from submission to the dispatcher.
struct Inbox {
    /// Announced, and not yet taken on by the dispatcher.
    var expected: Set<QueueID> = []
    /// Durable, in the order of their commits.
    var messages: [QueuedMessage] = []

    /// Hands everything that is durable to the dispatcher, which knows it from now on.
    mutating func take() -> [QueuedMessage] {
        let taken = messages
        messages.removeAll(keepingCapacity: taken.count <= 1024)
        for message in taken { expected.remove(message.id) }
        return taken
    }
}
