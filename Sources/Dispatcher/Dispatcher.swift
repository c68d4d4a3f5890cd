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
    /// Counts the routes: what an attempt on an earlier one met says nothing of the one in force.
    private var routeNumber = 0
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
    /// How many are read from the store at once.
    private static let pageSize = 500
    /// After trouble with reading the store.
    private static let storageWait: Duration = .seconds(5)
    /// How often `stop` tries to write down what the storage refused, a second apart.
    private static let lastWrites = 5

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
            routeNumber += 1
            routeState.routeReplaced()
            Task { await old.close() }
        }
        lookAgain()
    }

    /// Starts nothing more and returns when the attempts under way have ended and are written down, or the storage refused it to the last.
    public func stop() async {
        isStopping = true
        alarm?.task.cancel()
        await untilIdle()
        // What stays unwritten is sent again after the next start: the storage gets some more chances.
        for _ in 0..<Self.lastWrites where !unwritten.isEmpty {
            writeAgain()
            await untilIdle()
            if !unwritten.isEmpty { await time.sleep(time.now() + .seconds(1)) }
        }
        await route.close()
    }

    private func untilIdle() async {
        if running + writing > 0 { await withCheckedContinuation { idleWaiters.append($0) } }
    }

    public func status() -> DispatcherStatus {
        DispatcherStatus(
            pause: routeState.pause, heldIdentities: identities.held, ready: ready.count, running: running, relayed: tally.relayed,
            deferred: tally.deferred, failed: tally.failed, lastError: tally.lastError)
    }

    private func emptyInbox() {
        takeOver()
        pump()
    }

    private func takeOver() {
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
    }

    /// An operator holds or removes messages: what is in memory is read from the store again before it is tried.
    public func forgetCopies() {
        takeOver()
        ready.dropMessages()
        pump()
    }

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
            let number = routeNumber
            Task { await attempt(entry, isProbe: isProbe, on: number) }
        }
        if ready.count < Self.readyLimit / 4 { refillFromStore() }
    }

    /// What one message's turn came to.
    private struct Turn {
        var verdicts: [Verdict] = []
        /// What kept the rest from being attempted.
        var obstacle: AttemptResult?
        /// Whether the upstream spoke about the message: only then it says something about the route.
        var wasAttempted = false
    }

    /// One message's turn: as many transactions as its due recipients need, then the outcomes to the disk.
    ///
    /// - Parameter number: of the route that is in force.
    private func attempt(_ entry: ReadyList.Entry, isProbe: Bool, on number: Int) async {
        var turn = Turn()
        var message: QueuedMessage?
        do throws(QueueError) {
            message = try await current(entry)
        } catch {
            note(error: error.description)
            wake(at: time.now() + Self.storageWait)
        }
        if let message {
            let due = message.waitingRecipients.filter { $0.nextAttempt <= time.wall() + .seconds(1) }
            if due.isEmpty {
                wake(for: message.waitingRecipients.map(\.nextAttempt))
            } else if identities.permits(message.identity, at: time.now()) {
                turn = await transact(message, due.map(\.index))
            } else {
                let reason = "the identity \(message.identity) is held: \(identities.reply(to: message.identity)?.oneLine ?? "")"
                turn.verdicts = due.map { wait(for: $0, of: message, reply: reason) }
            }
        }
        running -= 1
        if entry.isLarge { runningLarge -= 1 }
        // A probe of a route that was replaced meanwhile says nothing of the one in force.
        let isOfRoute = number == routeNumber
        if isProbe, isOfRoute { routeState.probeEnded() }
        if let message {
            conclude(entry, message, turn, isProbe: isProbe && isOfRoute, isOfRoute: isOfRoute)
        } else {
            known.remove(entry.id)
        }
        pump()
        if running + writing == 0 { tellIdle() }
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

    /// The message's transactions, one after the other, until one meets an obstacle that is not the message's own. They end on the route on
    /// which they began.
    private func transact(_ message: QueuedMessage, _ due: [Int]) async -> Turn {
        let route = route
        let size = max(1, route.recipientsPerTransaction)
        var turn = Turn()
        for start in stride(from: 0, to: due.count, by: size) where !isStopping {
            let slice = Array(due[start..<min(due.count, start + size)])
            let result = await route.attempt(Delivery(message: message, recipients: slice))
            guard case .outcomes(let outcomes, let relay) = result else {
                turn.obstacle = result
                return turn
            }
            turn.wasAttempted = true
            turn.verdicts += outcomes.map { verdict($0, of: message, relay: relay) }
        }
        return turn
    }

    // MARK: What attempts came to

    private func conclude(_ entry: ReadyList.Entry, _ message: QueuedMessage, _ turn: Turn, isProbe: Bool, isOfRoute: Bool) {
        var verdicts = turn.verdicts
        let settled = Set(verdicts.map(\.result.index))
        let others = message.waitingRecipients.filter { !settled.contains($0.index) }
        var isTriedAgainFromHere = false
        switch turn.obstacle {
        case .routeTrouble(let trouble, let relay):
            isTriedAgainFromHere = true
            if isOfRoute, routeState.pause(trouble, at: time.now(), wall: time.wall(), wasProbe: isProbe) {
                announce(trouble, relay: relay)
            }
            note(error: trouble.explanation)
        case .identityRefused(let reply, _):
            if let over = routeState.worked(wasProbe: isProbe) { announceOpen(after: over) }
            let isNew = identities.refused(message.identity, message: message.id, reply: reply, at: time.now(), wall: time.wall())
            if isNew { announce(.accountRefused(reply), relay: message.identity) }
            note(error: reply.oneLine)
            verdicts += others.map { wait(for: $0, of: message, reply: reply.oneLine) }
        case .unreadable(let text):
            note(error: "\(message.id): \(text)")
            // Our own storage: no attempt is counted. Damage has set the message aside by now; other trouble may pass.
            verdicts += others.map { wait(for: $0, of: message, reply: text) }
        case .outcomes, nil:
            if turn.wasAttempted, let over = routeState.worked(wasProbe: isProbe) { announceOpen(after: over) }
            if verdicts.contains(where: { $0.result.verdict == .relayed }), identities.worked(message.identity) {
                announceOpen(identity: message.identity)
            }
        }
        write(verdicts, of: message, entry: entry, isTriedAgainFromHere: isTriedAgainFromHere)
    }

    /// An outcome on its way to the disk.
    private struct Outcome {
        let record: DeliveryRecord
        let entry: ReadyList.Entry
        /// Back to the head of its lane instead of to the store's care: it could not be tried, or only in part.
        let isTriedAgainFromHere: Bool
        /// Other recipients wait, perhaps for a time that has come by now.
        let hasMore: Bool
        /// Too many attempts without an answer: an operator must decide.
        let isTooDoubtful: Bool
    }

    /// The outcomes go to the disk; only then may the message be read from the store or started again.
    private func write(_ verdicts: [Verdict], of message: QueuedMessage, entry: ReadyList.Entry, isTriedAgainFromHere: Bool) {
        // What an operator does to the message meanwhile is in the store.
        var entry = entry
        entry.message = nil
        guard !verdicts.isEmpty else {
            if isTriedAgainFromHere { ready.putBack(entry) } else { known.remove(entry.id) }
            return
        }
        let news = verdicts.filter(\.isNews).map(\.event)
        for event in news {
            tally.count(event.name)
            if event.name != .relayed, event.relay != nil, let reply = event.reply { note(error: reply) }
        }
        let record = DeliveryRecord(message.id, results: verdicts.map(\.result), events: news)
        let outcome = Outcome(
            record: record, entry: entry, isTriedAgainFromHere: isTriedAgainFromHere,
            hasMore: verdicts.count < message.waitingRecipients.count, isTooDoubtful: verdicts.contains(where: \.isTooDoubtful))
        store(outcome) { [events] in for event in news { events.emit(event) } }
    }

    private func store(_ outcome: Outcome, then: @escaping @Sendable () -> Void = {}) {
        writing += 1
        Task {
            var failure: QueueError?
            do throws(QueueError) {
                try await store.record(outcome.record)
                if outcome.isTooDoubtful { try await store.hold(QueueFilter(ids: [outcome.record.id]), note: Verdict.doubtNote) }
            } catch {
                failure = error.meansGone ? nil : error
            }
            then()
            written(outcome, failure: failure)
        }
    }

    private func written(_ outcome: Outcome, failure: QueueError?) {
        writing -= 1
        if let failure {
            // What is done but not written down must not be sent again: the message stays known, and so untouched, and it is written later.
            note(error: "\(outcome.record.id): outcome not yet written: \(failure)")
            unwritten.append(outcome)
            wake(at: time.now() + .seconds(1))
        } else if outcome.isTriedAgainFromHere {
            ready.putBack(outcome.entry)
            pump()
        } else {
            known.remove(outcome.record.id)
            if outcome.hasMore {
                refill.wanted()
                pump()
            }
            wake(for: outcome.record.results.compactMap(\.verdict.nextAttempt))
        }
        if running + writing == 0 { tellIdle() }
    }

    /// Outcomes that the storage did not take; kept until it does.
    private var unwritten: [Outcome] = []

    private func writeAgain() {
        let again = unwritten
        unwritten = []
        for outcome in again { store(outcome) }
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
                let page = try await store.due(before: now, after: cursor, limit: Self.pageSize)
                // What is due by now and not in the page is in memory or under way: only what comes later needs an alarm.
                let isLast = page.count < Self.pageSize
                let later = isLast ? try await store.due(before: .never, after: .last(at: now), limit: 1).first : nil
                refilled(page, nextDue: later?.dueAt)
            } catch {
                note(error: error.description)
                refill.failed()
                wake(at: time.now() + Self.storageWait)
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
        refill.ended(page.count == Self.pageSize ? page.last?.cursor : nil, found: added > 0)
        wake(for: [nextDue].compactMap(\.self))
        pump()
    }

    /// Looks after the queue at that instant, if nothing earlier is set already.
    private func wake(at instant: ContinuousClock.Instant) {
        guard !isStopping else { return }
        // One that rings earlier, or is about to, reads the queue anew and sets the next.
        if let alarm, alarm.at <= instant { return }
        alarm?.task.cancel()
        alarm = (
            instant,
            Task {
                await time.sleep(instant)
                if !Task.isCancelled { alarmRang() }
            }
        )
    }

    /// Wakes for each of these times; the first one leads to the others.
    private func wake(for times: [Timestamp]) {
        if let first = times.min() { wake(at: time.now() + max(.zero, first - time.wall())) }
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
