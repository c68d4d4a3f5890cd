internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Submission

/// From submission to the dispatcher, which do not know each other.
struct Handover: AcceptedMail {
    let dispatcher: Dispatcher

    func expect(_ id: QueueID) { dispatcher.expect(id) }
    func accepted(_ message: QueuedMessage) { dispatcher.accepted(message) }
    func withdrawn(_ id: QueueID) { dispatcher.withdrawn(id) }
}
