internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Reports
internal import Submission

extension Relay {
    /// Queues a mail to the operator, from an identity whose mail flows.
    var mailToOperator: @Sendable (AlarmMail.Message) -> Void {
        { [reports, dispatcher, store, hub, clock] message in
            Task {
                let held = Set(await dispatcher.status().heldIdentities.keys)
                guard let mail = reports.alarm(subject: message.subject, text: message.text, held: held, at: clock()) else { return }
                dispatcher.expect(mail.id)
                let accepted = mail.acceptanceEvents
                store.commit([mail], events: accepted) { result in
                    guard case .success = result else { return dispatcher.withdrawn(mail.id) }
                    for event in accepted { hub.emit(event) }
                    dispatcher.accepted(mail)
                }
            }
        }
    }
}
