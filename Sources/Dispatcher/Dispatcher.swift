public import MailModel
public import MailQueue
internal import Synchronization
public import Upstream

/// Owns *when*: takes freshly committed messages on from memory, refills from the store what is due, and starts attempts as far as route,
/// capacity and fairness allow. What an attempt came to is written down before the message may be started again.
public actor Dispatcher {
    private nonisolated let executor: any SerialExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let store: any QueueStore
    private var route: any DeliveryRoute
    private let events: any EventSink
    private let time: Timekeeper
    private var settings: DispatcherSettings
    private nonisolated let inbox = Mutex(Inbox())

    private var ready = ReadyList()
    /// In `ready`, being attempted, or with an outcome on its way to the disk: not to be read from the store again.
    private var known: Set<QueueID> = []
    private var running = 0
    private var runningLarge = 0
    private var writing = 0
    private var routeState = RouteState()
    private var identities = IdentityHolds()
    private var refill = Refill()
    private var alarm: (at: ContinuousClock.Instant, task: Task<Void, Never>)?
    private var isStopping = false
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    private var tally = Tally()

    /// How many entries may be in `ready`: bounds the memory of a long queue.
    private static let readyLimit = 2000

    /// - Parameter executor: where the dispatcher runs; a queue of its own if none is given.
    public init(
        store: any QueueStore, route: any DeliveryRoute, settings: DispatcherSettings, events: any EventSink, time: Timekeeper,
        executor: (any SerialExecutor)? = nil
    ) {
        self.executor = executor ?? QueueExecutor(label: "fairlead.dispatcher")
        self.store = store
        self.route = route
        self.settings = settings
        self.events = events
        self.time = time
    }

    // MARK: What comes in

    /// A message is about to be committed: until `accepted` or `withdrawn` it must not be taken up from the store, where it can be seen
    /// before the one who committed it has heard of it. Called from any queue.
    public nonisolated func expect(_ id: QueueID) { inbox.withLock { _ = $0.expected.insert(id) } }

    /// The message is durable by now. Called from any queue; returns at once.
    public nonisolated func accepted(_ message: QueuedMessage) {
        let wasEmpty = inbox.withLock { inbox in
            inbox.messages.append(message)
            return inbox.messages.count == 1
        }
        if wasEmpty { Task { await self.emptyInbox() } }
    }

    /// The message was not stored.
    public nonisolated func withdrawn(_ id: QueueID) { inbox.withLock { _ = $0.expected.remove(id) } }

    /// Begins with what the store holds from earlier runs.
    public func start() {
        refill.wanted()
        pump()
    }

    /// Messages became due by an operator's word: reads the store again, lifts holds, and gives a paused route its probe now.
    public func lookAgain() {
        routeState.probeNow(at: time.now())
        identities.forget()
        refill.wanted()
        pump()
    }

    /// Puts new settings and perhaps a new route in force; attempts under way end on the old one, which is then closed.
    public func change(settings: DispatcherSettings, route newRoute: (any DeliveryRoute)?) {
        self.settings = settings
        if let newRoute {
            let old = route
            route = newRoute
            Task { await old.close() }
        }
        lookAgain()
    }

    /// Starts nothing more and returns when the attempts under way have ended and are written down.
    public func stop() async {
        isStopping = true
        alarm?.task.cancel()
        if running + writing > 0 { await withCheckedContinuation { idleWaiters.append($0) } }
        await route.close()
    }

    public func status() -> DispatcherStatus {
        DispatcherStatus(
            pause: routeState.pause, heldIdentities: identities.held, ready: ready.count, running: running, relayed: tally.relayed,
            deferred: tally.deferred, failed: tally.failed, lastError: tally.lastError)
    }

    private func emptyInbox() {
        // Whoever reads the store does so on this actor, so that no message is between the two sets.
        let messages = inbox.withLock { $0.take() }
        for message in messages {
            guard ready.count < Self.readyLimit else {
                refill.wanted()
                continue
            }
            var entry = ReadyList.Entry(id: message.id, account: message.account, size: message.size, message: message)
            if ready.heldOctets + entry.heldOctets > settings.memoryBudget { entry.message = nil }
            if known.insert(message.id).inserted { ready.append(entry) }
        }
        pump()
    }

    /// An operator holds or removes messages: what is in memory is read from the store again before it is tried.
    public func forgetCopies() { ready.dropMessages() }

    // MARK: Starting attempts

    private func pump() {
        guard !isStopping else { return }
        while running < route.capacity {
            let isProbe: Bool
            switch routeState.permission(at: time.now()) {
            case .open: isProbe = false
            case .probe: isProbe = true
            case .closed(let until):
                wake(at: until)
                return
            }
            guard let entry = ready.next(allowsLarge: runningLarge < max(1, route.capacity / 2)) else { break }
            running += 1
            if entry.isLarge { runningLarge += 1 }
            if isProbe { routeState.probeStarted() }
            Task { await attempt(entry, isProbe: isProbe) }
        }
        if ready.count < Self.readyLimit / 4 { refillFromStore() }
    }

    /// One message's turn: as many transactions as its due recipients need, then the outcomes to the disk.
    private func attempt(_ entry: ReadyList.Entry, isProbe: Bool) async {
        var obstacle: AttemptResult?
        var verdicts: [Verdict] = []
        var message: QueuedMessage?
        do throws(QueueError) {
            message = try await current(entry)
        } catch {
            note(error: error.description)
        }
        let due = message?.waitingRecipients.filter { $0.nextAttempt <= time.wall() + .seconds(1) } ?? []
        if let message, !due.isEmpty {
            if identities.permits(message.identity, at: time.now()) {
                (verdicts, obstacle) = await transact(message, due.map(\.index))
            } else {
                verdicts = message.waitingRecipients.map { wait(for: $0, of: message, reply: "the identity \(message.identity) is held") }
            }
        }
        running -= 1
        if entry.isLarge { runningLarge -= 1 }
        if isProbe { routeState.probeEnded() }
        // Gone, held, or not due after all: it says nothing of the route.
        guard let message, !due.isEmpty else {
            known.remove(entry.id)
            pump()
            if running + writing == 0 { tellIdle() }
            return
        }
        let outcome = conclude(entry, message, verdicts, obstacle, isProbe: isProbe)
        pump()
        await write(outcome.verdicts, of: message, entry: entry, isTriedAgainFromHere: outcome.isTriedAgainFromHere)
    }

    private func current(_ entry: ReadyList.Entry) async throws(QueueError) -> QueuedMessage? {
        if let message = entry.message { return message }
        do throws(QueueError) {
            return try await store.load(entry.id)
        } catch {
            // Removed or held while it waited here: nothing to do and nothing wrong.
            if error.meansGone { return nil }
            throw error
        }
    }

    /// The message's transactions, one after the other, until one meets an obstacle that is not the message's own.
    private func transact(_ message: QueuedMessage, _ due: [Int]) async -> ([Verdict], obstacle: AttemptResult?) {
        var verdicts: [Verdict] = []
        for start in stride(from: 0, to: due.count, by: max(1, route.recipientsPerTransaction)) {
            let slice = Array(due[start..<min(due.count, start + route.recipientsPerTransaction)])
            let result = await route.attempt(Delivery(message: message, recipients: slice))
            guard case .outcomes(let outcomes, let relay) = result else { return (verdicts, result) }
            verdicts += outcomes.map { verdict($0, of: message, relay: relay) }
        }
        return (verdicts, nil)
    }

    // MARK: What attempts came to

    private func conclude(
        _ entry: ReadyList.Entry, _ message: QueuedMessage, _ verdicts: [Verdict], _ obstacle: AttemptResult?, isProbe: Bool
    ) -> (verdicts: [Verdict], isTriedAgainFromHere: Bool) {
        var verdicts = verdicts
        var isTriedAgainFromHere = false
        switch obstacle {
        case .routeTrouble(let trouble, let relay):
            isTriedAgainFromHere = true
            if routeState.pause(trouble, at: time.now(), wall: time.wall(), wasProbe: isProbe) { announce(trouble, relay: relay) }
            note(error: trouble.explanation)
        case .identityRefused(let reply, _):
            let isNew = identities.refused(message.identity, message: message.id, reply: reply, at: time.now(), wall: time.wall())
            if isNew { announce(.accountRefused(reply), relay: message.identity) }
            note(error: reply.oneLine)
            let settled = Set(verdicts.map(\.result.index))
            verdicts += message.waitingRecipients.filter { !settled.contains($0.index) }
                .map { wait(for: $0, of: message, reply: reply.oneLine) }
        case .unreadable(let text):
            note(error: "\(message.id): \(text)")
            let reason = DeferralReason.connection(text)
            verdicts += message.waitingRecipients.map {
                verdict(RecipientOutcome(recipient: $0.index, outcome: .deferred(reason)), of: message, relay: nil)
            }
        case .outcomes, nil:
            if let over = routeState.worked(wasProbe: isProbe) { announceOpen(after: over) }
            if verdicts.contains(where: { $0.result.verdict == .relayed }), identities.worked(message.identity) {
                announceOpen(identity: message.identity)
            }
        }
        writing += 1
        return (verdicts, isTriedAgainFromHere)
    }

    /// The outcomes go to the disk; only then may the message be read from the store or started again.
    private func write(_ verdicts: [Verdict], of message: QueuedMessage, entry: ReadyList.Entry, isTriedAgainFromHere: Bool) async {
        guard !verdicts.isEmpty else {
            writing -= 1
            if isTriedAgainFromHere { ready.putBack(entry) } else { known.remove(entry.id) }
            if running + writing == 0 { tellIdle() }
            return
        }
        for verdict in verdicts { tally.count(verdict.event.name) }
        let record = DeliveryRecord(message.id, results: verdicts.map(\.result), events: verdicts.map(\.event))
        let failure = await store(record)
        for verdict in verdicts { events.emit(verdict.event) }
        written(record, entry: entry, isTriedAgainFromHere: isTriedAgainFromHere, failure: failure)
    }

    private func store(_ record: DeliveryRecord) async -> QueueError? {
        do throws(QueueError) {
            try await store.record(record)
            return nil
        } catch {
            return error.meansGone ? nil : error
        }
    }

    private func written(_ record: DeliveryRecord, entry: ReadyList.Entry, isTriedAgainFromHere: Bool, failure: QueueError?) {
        writing -= 1
        if let failure {
            // What is done but not written down must not be sent again: the message stays known, and so untouched, and it is written later.
            note(error: "\(record.id): outcome not yet written: \(failure)")
            unwritten.append((record, entry))
            wake(at: time.now() + .seconds(1))
        } else if isTriedAgainFromHere {
            var stripped = entry
            stripped.message = nil
            ready.putBack(stripped)
        } else {
            known.remove(entry.id)
            for result in record.results {
                switch result.verdict {
                case .deferred(let until), .inDoubt(let until): wake(at: time.now() + max(.zero, until - time.wall()))
                case .relayed, .failed, .expired: break
                }
            }
        }
        if running + writing == 0 { tellIdle() }
    }

    /// Outcomes that the storage did not take; kept until it does.
    private var unwritten: [(record: DeliveryRecord, entry: ReadyList.Entry)] = []

    private func writeAgain() {
        let again = unwritten
        unwritten = []
        for (record, entry) in again {
            writing += 1
            Task { written(record, entry: entry, isTriedAgainFromHere: false, failure: await store(record)) }
        }
    }

    private func tellIdle() {
        let waiters = idleWaiters
        idleWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Reading what is due

    private func refillFromStore() {
        guard let cursor = refill.begin(), !isStopping else { return }
        Task {
            do throws(QueueError) {
                let now = time.wall()
                let page = try await store.due(before: now, after: cursor, limit: 500)
                let nextDue = page.count < 500 ? try await store.statistics().nextDue : nil
                refilled(page, nextDue: nextDue)
            } catch {
                note(error: error.description)
                refill.failed()
                wake(at: time.now() + .seconds(5))
            }
        }
    }

    private func refilled(_ page: [DueMessage], nextDue: Timestamp?) {
        var added = 0
        let expected = inbox.withLock { $0.expected }
        for due in page where !expected.contains(due.id) && known.insert(due.id).inserted {
            ready.append(ReadyList.Entry(id: due.id, account: due.account, size: due.size, message: nil))
            added += 1
        }
        refill.ended(page.count == 500 ? page.last?.cursor : nil, found: added > 0)
        if let nextDue { wake(at: time.now() + max(.zero, nextDue - time.wall())) }
        if added > 0 || page.count == 500 { pump() }
    }

    /// Looks after the queue at that instant, if nothing earlier is set already.
    private func wake(at instant: ContinuousClock.Instant) {
        guard !isStopping else { return }
        if let alarm, alarm.at <= instant, alarm.at > time.now() { return }
        alarm?.task.cancel()
        alarm = (
            instant,
            Task {
                await time.sleep(instant)
                if !Task.isCancelled { alarmRang() }
            }
        )
    }

    private func alarmRang() {
        alarm = nil
        refill.wanted()
        if !unwritten.isEmpty { writeAgain() }
        pump()
    }

    // MARK: Words

    private func verdict(_ outcome: RecipientOutcome, of message: QueuedMessage, relay: String?) -> Verdict {
        Verdict(
            outcome, of: message, relay: relay, now: time.wall(), settings: settings, spread: Double.random(in: 0...1))
    }

    private func wait(for recipient: QueuedRecipient, of message: QueuedMessage, reply: String) -> Verdict {
        Verdict(waiting: recipient, of: message, until: time.wall() + IdentityHolds.wait, reply: reply, now: time.wall())
    }

    private func note(error text: String) {
        tally.lastError = LastError(text: text, at: time.wall())
    }

    private func announce(_ trouble: RouteTrouble, relay: String) {
        var event = RelayEvent(.routePaused, at: time.wall())
        event.relay = relay
        event.reply = trouble.explanation
        events.emit(event)
    }

    private func announceOpen(after pause: RouteState.Pause) {
        var event = RelayEvent(.routeResumed, at: time.wall())
        event.delay = time.wall() - pause.since
        event.reply = pause.trouble.explanation
        events.emit(event)
    }

    private func announceOpen(identity: String) {
        var event = RelayEvent(.routeResumed, at: time.wall())
        event.relay = identity
        event.reply = "SES takes mail from this identity again"
        events.emit(event)
    }
}
