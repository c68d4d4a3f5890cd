internal import MailModel
internal import MailQueue
internal import Upstream

/// What attempts came to, and how it is written down.
extension Dispatcher {
    func conclude(_ entry: ReadyList.Entry, _ message: QueuedMessage, _ turn: Turn, isProbe: Bool, isOfRoute: Bool) {
        var verdicts = turn.verdicts
        let settled = Set(verdicts.map(\.result.index))
        let others = message.waitingRecipients.filter { !settled.contains($0.index) }
        var goesOn = turn.hasMoreDue ? Outcome.GoingOn.atTail : .no
        switch turn.obstacle {
        case .routeTrouble(let trouble, let relay):
            goesOn = .atHead
            if isOfRoute { pauseRoute(trouble, relay: relay, isProbe: isProbe) }
            note(error: trouble.explanation)
        case .identityRefused(let reply, let relay):
            if let over = routeState.worked(wasProbe: isProbe) { routeIsOpen(after: over) }
            note(error: reply.oneLine)
            let finding = identities.refused(message.identity, message: message.id, reply: reply, at: time.now(), wall: time.wall())
            if finding == .isOwnFault {
                verdicts += others.filter { turn.recipients.contains($0.index) }.map { recipient in
                    let outcome = RecipientOutcome(recipient: recipient.index, outcome: .deferred(.reply(reply)), scope: .transaction)
                    return verdict(outcome, of: message, relay: relay)
                }
            } else {
                if finding == .waitsAsIdentityIsHeld { announce(.accountRefused(reply), relay: message.identity) }
                identities.park(message.id, of: message.identity)
                verdicts += others.filter { turn.recipients.contains($0.index) }
                    .map { wait(for: $0, of: message, reply: reply.oneLine) }
            }
        case .unreadable(let text):
            note(error: "\(message.id): \(text)")
            // Our own storage: no attempt is counted. Damage has set the message aside by now; other trouble may pass.
            verdicts += others.map { wait(for: $0, of: message, reply: text) }
        case .outcomes, nil:
            if turn.wasAttempted, let over = routeState.worked(wasProbe: isProbe) { routeIsOpen(after: over) }
            if turn.wasAttempted { slowStart.answered() }
            if verdicts.contains(where: { $0.result.verdict == .relayed }), identities.worked(message.identity) {
                identityIsFree(message.identity)
            }
        }
        write(verdicts, of: message, entry: entry, goesOn: goesOn)
    }

    private func pauseRoute(_ trouble: RouteTrouble, relay: String, isProbe: Bool) {
        if routeState.pause(trouble, at: time.now(), wall: time.wall(), wasProbe: isProbe) { announce(trouble, relay: relay) }
        store.serviceClock.setFlowing(false)
    }

    private func routeIsOpen(after pause: RouteState.Pause) {
        store.serviceClock.setFlowing(true)
        if !pause.trouble.isThrottling { slowStart.begin() }
        announceOpen(after: pause)
    }

    /// What waited because of the identity goes now, as far as it is remembered; the rest when its time comes.
    private func identityIsFree(_ identity: String) {
        announceOpen(identity: identity)
        var waiting = QueueFilter(ids: identities.unpark(identity))
        waiting.state = .waiting
        let due = steadyNow
        Task {
            _ = try? await store.makeDue(waiting, at: due)
            refill.wanted()
            pump()
        }
    }

    /// The outcomes go to the disk; only then may the message be read from the store or started again.
    private func write(_ verdicts: [Verdict], of message: QueuedMessage, entry: ReadyList.Entry, goesOn: Outcome.GoingOn) {
        // What an operator does to the message meanwhile is in the store.
        var entry = entry
        entry.message = nil
        guard !verdicts.isEmpty else {
            store.attemptEnded(message.id)
            switch goesOn {
            case .no: known.remove(entry.id)
            case .atHead: ready.putBack(entry)
            case .atTail: ready.append(entry)
            }
            return
        }
        var record = DeliveryRecord(message.id, results: verdicts.map(\.result), events: verdicts.filter(\.isNews).map(\.event))
        for event in record.events {
            tally.count(event.name)
            if event.name != .relayed, event.relay != nil, let reply = event.reply { note(error: reply) }
        }
        if let limit = settings.suppressAfter {
            record.strikes = verdicts.filter(\.isHardBounce).map { verdict in
                Strike(mailbox: message.recipients[verdict.result.index].mailbox, reply: verdict.result.reply, limit: limit)
            }
        }
        // Too many attempts without an answer: an operator must decide.
        if verdicts.contains(where: \.isTooDoubtful) { record.hold = Verdict.doubtNote }
        addReports(to: &record, of: message, verdicts)
        let outcome = Outcome(
            record: record, entry: entry, goesOn: goesOn, hasMore: verdicts.count < message.waitingRecipients.count)
        let news = record.events
        unsettled += record.results.count
        store(outcome) { [events] in for event in news { events.emit(event) } }
    }

    private func store(_ outcome: Outcome, then: @escaping @Sendable () -> Void = {}) {
        writing += 1
        store.record(outcome.record) { result in
            var failure: QueueError?
            if case .failure(let error) = result, !error.meansGone { failure = error }
            self.executor.run { [failure] in
                then()
                self.assumeIsolated { $0.written(outcome, failure: failure) }
            }
        }
    }

    private func written(_ outcome: Outcome, failure: QueueError?) {
        writing -= 1
        if let failure {
            // What is done but not written down must not be sent again: the message stays known, and so untouched, and it is written later.
            note(error: "\(outcome.record.id): outcome not yet written: \(failure)")
            unwritten.append(outcome)
            wake(at: time.now() + .seconds(1))
        } else {
            // Only now: a crash before the outcome is durable sends the message once more, and the mark says why.
            store.attemptEnded(outcome.record.id)
            unsettled -= outcome.record.results.count
            for report in outcome.record.reports { take(report) }
            goOn(after: outcome)
            pump()
        }
        tellIfIdle()
    }

    private func goOn(after outcome: Outcome) {
        switch outcome.goesOn {
        case .atHead: ready.putBack(outcome.entry)
        case .atTail: ready.append(outcome.entry)
        case .no:
            known.remove(outcome.record.id)
            if outcome.hasMore { refill.wanted(outcome.entry.account) }
            wake(for: outcome.record.results.compactMap(\.verdict.nextAttempt))
        }
    }

    func writeAgain() {
        let again = unwritten
        unwritten = []
        for outcome in again { store(outcome) }
    }
}

/// An outcome on its way to the disk.
struct Outcome {
    /// Where a message goes that is not left to the store's care.
    enum GoingOn {
        case no
        /// It could not be tried.
        case atHead
        /// It had its turn, and has more to do.
        case atTail
    }

    let record: DeliveryRecord
    let entry: ReadyList.Entry
    let goesOn: GoingOn
    /// Other recipients wait, perhaps for a time that has come by now.
    let hasMore: Bool
}
