internal import Cryptography
internal import Intake
internal import MailModel
internal import MailQueue
internal import Networking
internal import SMTPProtocol

/// Whether a message may come, from whom and for whom: asked for each MAIL and RCPT.
extension SubmissionSession {
    func decideSender(_ arguments: MailArguments) {
        let expected = arguments.size ?? 0
        (aliasTargets, aliasVariants) = (0, 0)
        switch service.store.health {
        case .healthy where service.store.hasRoom(for: expected):
            if let name = session.account, let reason = service.backlog?.refusal(for: name) {
                perform(session.mailRefused(Reply(452, StatusDetail(3, 1), reason)))
            } else {
                perform(session.mailAccepted())
            }
        case .healthy, .outOfSpace: perform(session.mailRefused(.insufficientStorage))
        case .unhealthy: perform(session.mailRefused(.localError))
        }
    }

    func decideRecipient(_ recipient: RecipientArgument) {
        let mailbox: Mailbox
        /// By the client, and not put in for a name.
        var isNamed = false
        switch recipient {
        case .mailbox(let written):
            isNamed = !isUserOfThisHost(written)
            mailbox = isNamed ? written : address(ofUser: written.localPart)
        case .postmaster: mailbox = settings.postmaster
        case .local(let user): mailbox = address(ofUser: user)
        }
        var resolved = resolve(mailbox)
        // RFC 5321 §4.5.1: also of a test system, for the operator is nobody who must be spared.
        if !isNamed, !isInbound, !isAlias(mailbox) { resolved = .direct }
        if case .refused(let reply) = resolved { return perform(session.recipientRefused(reply)) }
        var places = 1
        if case .alias(let targets) = resolved { places = targets.count }

        if let name = session.account, let daily = settings.accounts[name]?.daily {
            let left = service.use.left(of: daily, account: name, ledger: service.store.ledger, at: service.clock())
            guard left >= session.recipientCount + places else {
                return perform(session.recipientRefused(dailyLimitReached(name, daily)))
            }
        }
        if case .direct = resolved, isNamed {
            if let suppression = service.store.suppression(of: mailbox) {
                return perform(session.recipientRefused(suppression.reply))
            }
        }
        if let name = session.account, let rate = settings.accounts[name]?.rate,
            let wait = service.rates.take(places, account: name, rate: rate, at: .now)
        {
            let seconds = max(1, wait.components.seconds)
            perform(
                session.recipientRefused(
                    Reply(
                        450, StatusDetail(7, 1),
                        "Account \(name) is over its rate of \(rate.count) recipients per \(rate.period); try again in \(seconds) s")))
            return
        }
        if case .alias(let targets) = resolved { noteAlias(targets) }
        perform(session.recipientAccepted(mailbox))
    }

    func dailyLimitReached(_ name: AccountName, _ daily: Int) -> Reply {
        let now = service.clock()
        let free = service.store.ledger.freeAt(name, acceptedBelow: daily, at: now)
        let when = free > now ? "; there is room again from \(free) on" : "; send to fewer recipients at once"
        return Reply(450, StatusDetail(7, 1), "Account \(name) may reach \(daily) recipients in 24 hours and has\(when)")
    }
}

extension Suppression {
    /// Who is told this has logged in: it says no more than the account's own mail brought about.
    fileprivate var reply: Reply {
        let day = since.description.prefix(10)
        return switch origin {
        case .bounce:
            Reply(
                550, StatusDetail(1, 1),
                "\(mailbox) is suppressed since \(day), because it was refused for good: \(reason); fairlead suppress remove lifts that")
        case .operator:
            Reply(
                550, StatusDetail(7, 1),
                "\(mailbox) is suppressed by the operator since \(day): \(reason); fairlead suppress remove lifts that")
        }
    }
}
