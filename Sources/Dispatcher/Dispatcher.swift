public import MailModel
public import MailQueue
internal import Synchronization
public import Upstream

/// Owns *when*: takes freshly committed messages on from memory, refills from the store what is due, and starts attempts as far as route,
/// capacity and fairness allow. What an attempt came to is written down before the message may be started again.
public actor Dispatcher {
    nonisolated let executor: any DispatcherExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    let store: any QueueStore
    var route: any DeliveryRoute
    /// Counts the routes: what an attempt on an earlier one met says nothing of the one in force.
    var routeNumber = 0
    let events: any EventSink
    let time: Timekeeper
    let reports: (any ReportWriting)?
    var settings: DispatcherSettings
    nonisolated let inbox = Mutex(Inbox())

    var ready = ReadyList()
    /// In `ready`, being attempted, or with an outcome on its way to the disk: not to be read from the store again.
    var known: Set<QueueID> = []
    /// Being changed in the store: not to be attempted until they are let go.
    var reserved: Set<QueueID> = []
    /// Reserved ones whose turn came meanwhile.
    var setAside: [ReadyList.Entry] = []
    var running = Running()
    var writing = 0
    /// Recipients whose outcome is known and not yet in the ledger.
    var unsettled = 0
    var routeState = RouteState()
    var slowStart = SlowStart()
    var quota = DailyQuota()
    var suspicion = Suspicion()
    var identities = IdentityHolds()
    var refill = Refill()
    var alarm: (at: ContinuousClock.Instant, task: Task<Void, Never>)?
    var isStopping = false
    var idleWaiters: [CheckedContinuation<Void, Never>] = []
    var tally = Tally()
    /// Outcomes that the storage did not take; kept until it does.
    var unwritten: [Outcome] = []
    /// When the dead letters must be looked at for a digest.
    var nextDigest: Timestamp?
    var isSendingDigests = false

    /// After trouble with reading the store.
    static let storageWait: Duration = .seconds(5)
    /// How often `stop` tries to write down what the storage refused, a second apart.
    private static let lastWrites = 5

    /// - Parameters:
    ///   - reports: writes to those who must be told of a failure; without it, nobody is.
    ///   - executor: where the dispatcher runs; a queue of its own if none is given.
    public init(
        store: any QueueStore, route: any DeliveryRoute, settings: DispatcherSettings, events: any EventSink, time: Timekeeper,
        reports: (any ReportWriting)? = nil, executor: (any DispatcherExecutor)? = nil
    ) {
        self.executor = executor ?? QueueExecutor(label: "fairlead.dispatcher")
        self.store = store
        self.route = route
        self.settings = settings
        self.events = events
        self.time = time
        self.reports = reports
    }

    /// When messages are due: the wall clock, but for those who set it.
    var steadyNow: Timestamp { store.serviceClock.steadyWall() }

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
        if wasEmpty { executor.run { self.assumeIsolated { $0.emptyInbox() } } }
    }

    /// The message was not stored.
    public nonisolated func withdrawn(_ id: QueueID) { inbox.withLock { _ = $0.expected.remove(id) } }

    /// Begins with what the store holds from earlier runs.
    public func start() {
        refill.wanted()
        if reports != nil { nextDigest = time.wall() }
        sendDigests()
        pump()
    }

    /// Messages became due by an operator's word: reads the store again, lifts holds, and gives a paused route its probe now.
    public func lookAgain() {
        routeState.probeNow(at: time.now())
        quota.forget()
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

    /// An operator holds or removes messages: what is in memory is read from the store again before it is tried.
    public func forgetCopies() {
        takeOver()
        ready.dropMessages()
        pump()
    }

    private func emptyInbox() {
        takeOver()
        pump()
    }

    func takeOver() {
        // Whoever reads the store does so on this actor, so that no message is between the two sets.
        for message in inbox.withLock({ $0.take() }) { take(message) }
    }

    /// Takes a durable message on from memory, or leaves it to the store if its account has enough waiting already.
    func take(_ message: QueuedMessage) {
        guard ready.count(of: message.account) < ReadyList.laneLimit else { return refill.wanted(message.account) }
        var entry = ReadyList.Entry(message)
        if ready.heldOctets + entry.heldOctets > settings.memoryBudget { entry.message = nil }
        if known.insert(message.id).inserted { ready.append(entry) }
    }

    // MARK: The end

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
        if running.count + writing > 0 { await withCheckedContinuation { idleWaiters.append($0) } }
    }

    func tellIfIdle() {
        guard running.count + writing == 0 else { return }
        let waiters = idleWaiters
        idleWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    public func status() -> DispatcherStatus {
        DispatcherStatus(
            pause: routeState.pause, heldIdentities: identities.held, ready: ready.count, running: running.count,
            suspects: ready.suspectCount, quota: settings.dailyQuota.map { ($0, store.ledger.relayed(at: time.wall())) },
            quotaUsedUpUntil: quota.usedUpUntil, tally: tally)
    }
}
