internal import Dispatcher
internal import Submission

/// Submission hands over to the dispatcher without knowing it.
extension Dispatcher: AcceptedMail {}
