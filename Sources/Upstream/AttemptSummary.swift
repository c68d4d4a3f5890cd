internal import MailModel
internal import MailQueue
internal import SMTPProtocol

/// What a transaction came to as a whole: outcomes of its recipients, or an obstacle that is not the message's.
enum AttemptSummary: Equatable {
    case outcomes([RecipientOutcome])
    case trouble(RouteTrouble)
    case identity(Reply)
    /// Nothing was decided, because the upstream had hung up on the connection.
    case stale

    /// - Parameter results: in the order of the delivery's recipients.
    init(_ results: [SMTPProtocol.RecipientResult], of delivery: Delivery, isReusedConnection: Bool) {
        var outcomes: [RecipientOutcome] = []
        var obstacle: AttemptSummary?
        var isDecided = false
        for (index, result) in zip(delivery.recipients, results) {
            let outcome: DeliveryOutcome
            var scope = RecipientOutcome.Scope.message
            switch result.outcome {
            case .answered(let phase, let reply):
                switch phase {
                case .rcpt: scope = .recipient
                case .data, .finalDot: scope = .transaction
                default: break
                }
                switch ReplyPolicy.verdict(on: reply, isReusedConnection: isReusedConnection) {
                case .relayed where phase == .finalDot: outcome = .relayed(reply, sesID: reply.sesMessageID)
                // A 2yz to another command decides nothing; the machine does not report one.
                case .relayed, .deferred: outcome = .deferred(.reply(reply))
                case .failed: outcome = .failed(reply)
                case .connectionUsedUp:
                    obstacle = obstacle ?? .stale
                    outcome = .deferred(.reply(reply))
                case .route(let trouble):
                    obstacle = obstacle ?? .trouble(trouble)
                    outcome = .deferred(.reply(reply))
                case .identity where reply.namesOnlyRecipients(of: delivery.message): outcome = .failed(reply)
                case .identity:
                    obstacle = obstacle ?? .identity(reply)
                    outcome = .deferred(.reply(reply))
                }
            case .failed(let failure):
                if result.isInDoubt {
                    outcome = .inDoubt("no answer to the final dot (\(failure.explanation)); the recipient may get it twice")
                } else if let refusal = failure.permanentReply {
                    outcome = .failed(refusal)
                } else {
                    if isReusedConnection, failure.isLoss { obstacle = obstacle ?? .stale }
                    outcome = .deferred(.connection(failure.explanation))
                }
            }
            switch outcome {
            case .relayed, .failed, .inDoubt: isDecided = true
            case .deferred: break
            }
            outcomes.append(RecipientOutcome(recipient: index, outcome: outcome, scope: scope))
        }
        // As soon as one recipient is decided, the transaction was real, and the others wait by their own schedule.
        self = isDecided ? .outcomes(outcomes) : obstacle ?? .outcomes(outcomes)
    }
}
