internal import ControlProtocol
internal import Dispatcher
internal import Glibc
internal import MailModel
internal import MailQueue
internal import Networking
internal import Reports
internal import SafeIO
internal import Settings
internal import StatusServer
internal import Submission
internal import Synchronization
internal import Upstream

/// The daemon: puts its parts together, starts them from the queue outwards, and stops them from the ports inwards.
public final class Relay: Sendable {
    private struct State {
        var assembly: Assembly
        var pool: UpstreamPool
        var loadedAt: Timestamp
    }

    let configurationPath: String
    let clock: WallClock
    let log: Log
    let hub: EventHub
    let startedAt: Timestamp
    let store: SQLiteQueueStore
    let dispatcher: Dispatcher
    let pacer: Pacer
    let reports: ReportWriter
    let backlog = BacklogWatch()
    private let backlogTask = Mutex<Task<Void, Never>?>(nil)
    let service: SubmissionService
    let workers: WorkerPool
    private let listeners: ListenerSet
    private let control: Mutex<ControlServer?>
    private let forward = Mutex<UnixListener?>(nil)
    private let local: LocalMailPorts
    private let notifier = SystemdNotifier()
    private let watchdog = Mutex<Watchdog?>(nil)
    private let state: Mutex<State>
    let reloads = Gate()
    /// What was changed and could not be put in force.
    let filesRefused = Mutex<FilesRefusal?>(nil)
    private let files = Mutex<FileWatch?>(nil)
    private let upkeep = Mutex<Task<Void, Never>?>(nil)
    let keys: KeyWatch
    private let keyTask = Mutex<Task<Void, Never>?>(nil)
    let lastStatistics = Mutex(QueueStatistics())
    let alarms = Mutex<AlarmCenter?>(nil)
    /// Before it, no message waited when the oldest one was looked for last.
    let beforeOldest = Mutex<QueueID?>(nil)
    private let alarmTask = Mutex<Task<Void, Never>?>(nil)
    private let front = Mutex<StatusFront?>(nil)
    private let stopping = Mutex(false)

    // MARK: Start

    /// Reads the configuration, opens queue and ports, and begins to serve.
    ///
    /// - Parameter watchesFiles: whether files that change are taken up without a reload.
    /// - Throws: what is wrong, before any port is open to clients.
    public static func start(
        configuration path: String, quiet: Bool = false, watchesFiles: Bool = true
    ) async throws(StartFailure) -> Relay {
        let clock: WallClock = { Timestamp(microseconds: SystemClock.microseconds()) }
        let assembly = try load(path, clock: clock)
        let relay = try await Relay(path: path, assembly: assembly, clock: clock, quiet: quiet)
        try await relay.open()
        if watchesFiles { relay.watchFiles() }
        return relay
    }

    private init(path: String, assembly: Assembly, clock: @escaping WallClock, quiet: Bool) async throws(StartFailure) {
        configurationPath = path
        self.clock = clock
        startedAt = clock()
        let configuration = assembly.loaded.configuration
        let log = Log(writer: LogWriter(settings: configuration.log, quiet: quiet), clock: clock)
        self.log = log
        for warning in assembly.loaded.warnings { log.warning("\(warning)") }
        if geteuid() == 0 { log.warning("running as root; run as the user fairlead instead, as the systemd unit does") }
        let hub = EventHub(log: log)
        self.hub = hub
        guard NameServers.client() != nil else {
            throw .configuration(["\(NameServers.variable) is no address with a port; write one such as 192.0.2.53:53"])
        }
        keys = KeyWatch(
            queueFolder: configuration.queue.path, seen: assembly.seen, dns: { NameServers.client() ?? .system() }, log: log, clock: clock)

        var options = SQLiteQueueStore.Options(clock: clock)
        options.history = configuration.queue.history
        let store: SQLiteQueueStore
        let highestID: QueueID?
        do throws(QueueError) {
            store = try SQLiteQueueStore(path: configuration.queue.path, options: options)
            highestID = try await store.highestID()
        } catch {
            switch error {
            case .inUse: throw .temporary("\(assembly.loaded.problem(with: "queue.path", "\(error)"))")
            default: throw .unavailable("\(assembly.loaded.problem(with: "queue.path", "\(error)"))")
            }
        }
        self.store = store
        hub.keepLoose { [history = store.history] in history.note($0) }
        for finding in store.recovery.findings { log.warning("queue: \(finding)") }
        log.info("queue: \(store.recovery.messages) messages, \(store.recovery.quarantined) set aside")

        let workers = WorkerPool()
        self.workers = workers
        let time = Timekeeper.system(wall: clock)
        let pacer = Pacer(rate: assembly.rate, time: time)
        self.pacer = pacer
        let pool = Self.pool(assembly, store: store, pacer: pacer, workers: workers)
        let ids = QueueIDSource(floor: highestID, clock: clock)
        let reports = ReportWriter(
            settings: assembly.reports, ids: { ids.next() }, serviceTime: { store.serviceClock.now() })
        self.reports = reports
        let dispatcher = Dispatcher(
            store: store, route: pool, settings: assembly.dispatcher, events: hub, time: time, reports: reports,
            executor: workers.workers[0])
        self.dispatcher = dispatcher
        do {
            service = SubmissionService(
                settings: assembly.submission, store: store, ids: { ids.next() },
                verifier: try PasswordVerifier(concurrency: WorkerPool.coreCount), events: hub, clock: clock,
                next: Handover(dispatcher: dispatcher), backlog: backlog)
        } catch {
            throw .unavailable("\(error)")
        }
        listeners = ListenerSet(workers: workers, service: service, log: log)
        local = LocalMailPorts(assembly.loaded, service: service, workers: workers, log: log)
        state = Mutex(State(assembly: assembly, pool: pool, loadedAt: startedAt))
        control = Mutex(nil)
    }

    private func open() async throws(StartFailure) {
        // First, so that whoever can send mail can also ask how it is.
        await openStatusFront()
        do throws(StartFailure) {
            try await openRoad()
        } catch {
            await statusFront?.stop()
            throw error
        }
        notifier.ready()
        log.notice("fairlead \(fairleadVersion) is ready on \(listeners.addresses.map(\.description).sorted().joined(separator: ", "))")
    }

    private func openRoad() async throws(StartFailure) {
        let change = try listeners.prepare(state.withLock { $0.assembly.listeners })
        try openControlSocket()
        await dispatcher.start()
        let forward = try openForwardSocket(state.withLock { $0.assembly.loaded })
        self.forward.withLock { $0 = forward }
        try local.open(state.withLock { $0.assembly.loaded }, tell: mailToOperator)
        await listeners.apply(change)
        watchdog.withLock { $0 = Watchdog(notifier: notifier, workers: workers.workers, store: store) }
        let upkeep = Upkeep(store: store, hub: hub, log: log, clock: clock)
        self.upkeep.withLock { $0 = Task(priority: .utility) { await upkeep.run() } }
        let alarms = makeAlarmCenter(notifier: notifier, mail: mailToOperator)
        self.alarms.withLock { $0 = alarms }
        hub.watchForAlarms { alarms.noticed($0) }
        alarmTask.withLock { $0 = Task { await alarms.run() } }
        backlogTask.withLock { $0 = Task(priority: .utility) { [weak self, backlog] in await self?.watchBacklog(backlog) } }
        keyTask.withLock { $0 = Task(priority: .utility) { [weak self] in await self?.watchKeys() } }
    }

    private func openStatusFront() async {
        let wanted = StatusFront.Wanted(assembly.loaded)
        if wanted != nil { hub.startMeter() }
        let front = StatusFront(source: StatusPages(relay: { [weak self] in self }), log: log)
        self.front.withLock { $0 = front }
        await front.start(wanted)
    }

    private func watchFiles() {
        let files = FileWatch(log: log)
        self.files.withLock { $0 = files }
        Task(priority: .utility) { [weak self] in await self?.lookAfterFiles(files) }
    }

    private func openControlSocket() throws(StartFailure) {
        let loaded = state.withLock { $0.assembly.loaded }
        let path = loaded.configuration.control
        let answers = ControlAnswers(
            queue: QueueAnswers(store: store, history: store.history, clock: clock), dispatcher: dispatcher, hub: hub,
            status: { [weak self] in await self?.report() ?? .stopping },
            reload: { [weak self] () async throws(ControlFailure) -> [String] in
                guard let self else { return [] }
                return try await self.reload()
            },
            rewriter: QueueRewriter(
                store: store, dispatcher: dispatcher, events: hub, clock: clock,
                settings: { [weak self] in self?.assembly.submission.intake }),
            testLogin: { [weak self] (name) throws(ControlFailure) in
                guard let self else { throw ControlFailure(text: "the daemon is stopping", code: 75) }
                return try self.testLogin(name)
            })
        do throws(SystemCallError) {
            let server = try ControlServer(path: path, workers: workers, answers: answers)
            server.start()
            control.withLock { $0 = server }
        } catch {
            if error.code == EADDRINUSE {
                throw .temporary("\(loaded.problem(with: "control", "a daemon answers at \(path) already; stop it first"))")
            }
            let advice = "choose a folder that exists and that the daemon may write to"
            throw .configuration(["\(loaded.problem(with: "control", "cannot make \(path): \(error); \(advice)"))"])
        }
    }

    func makePool(_ assembly: Assembly) -> UpstreamPool {
        Self.pool(assembly, store: store, pacer: pacer, workers: workers)
    }

    private static func pool(_ assembly: Assembly, store: SQLiteQueueStore, pacer: Pacer, workers: WorkerPool) -> UpstreamPool {
        var settings = assembly.upstream
        settings.openBody = { file async throws(QueueError) in try await store.openBody(file) }
        return UpstreamPool(settings: settings, gate: pacer, workers: workers)
    }

    /// - Parameters:
    ///   - text: the configuration as it was read before; read from the file if `nil`.
    ///   - seen: the keys that the DNS has shown; read from the queue's folder if `nil`.
    static func load(
        _ path: String, text: [UInt8]? = nil, clock: @escaping WallClock, seen: SeenKeys? = nil
    ) throws(StartFailure) -> Assembly {
        let loaded: LoadedSettings
        do throws(SettingsError) {
            let loader = SettingsLoader(clock: clock)
            loaded = if let text { try loader.load(path, text: text) } else { try loader.load(path) }
        } catch {
            throw .configuration(error.problems.map(\.description))
        }
        // What cannot be read is looked up again.
        let known = seen ?? (try? SeenKeys.read(inQueue: loaded.configuration.queue.path)) ?? SeenKeys()
        do throws(AssemblyError) { return try Assembly(loaded, seen: known) } catch { throw .configuration([error.text]) }
    }

    // MARK: Reload

    /// Puts the configuration and all that it names in force anew, or changes nothing.
    ///
    /// - Returns: warnings.
    func reload() async throws(ControlFailure) -> [String] {
        await reloads.enter()
        defer { reloads.leave() }
        notifier.reloading()
        defer { notifier.ready() }
        let assembly: Assembly
        let change: ListenerSet.Change
        var warnings: [String] = []
        let statusChange: StatusFront.Change?
        do throws(StartFailure) {
            assembly = try Self.load(configurationPath, clock: clock, seen: keys.seen)
            if assembly.loaded.credentials != self.assembly.loaded.credentials, let objection = await trial(of: assembly) {
                let problem = "\(assembly.loaded.problem(with: "upstream.credentials", objection.text))"
                if objection.isRefusal, !(await isRefusedAnyway(objection)) { throw StartFailure.configuration([problem]) }
                warnings.append(problem)
            }
            change = try listeners.prepare(assembly.listeners)
            statusChange = try await statusFront?.prepare(StatusFront.Wanted(assembly.loaded))
        } catch {
            log.error("reload refused, the old configuration stays in force: \(error.lines.joined(separator: "; "))")
            throw ControlFailure(text: "the old configuration stays in force:\n" + error.lines.joined(separator: "\n"), code: 78)
        }
        let old = state.withLock { $0.assembly.loaded.configuration }
        warnings += assembly.loaded.warnings.map(\.description)
        for (key, isChanged) in [
            ("queue.path", old.queue.path != assembly.loaded.configuration.queue.path),
            ("control", old.control != assembly.loaded.configuration.control),
            ("local.socket", old.submitSocket != assembly.loaded.configuration.submitSocket),
            ("local.maildrop", old.maildrop != assembly.loaded.configuration.maildrop),
            ("log", old.log != assembly.loaded.configuration.log),
        ] where isChanged {
            warnings.append("\(configurationPath): \(key): takes effect with the next start only")
        }
        let pool = makePool(assembly)
        pacer.change(rate: assembly.rate)
        putInForce(assembly, pool: pool)
        filesRefused.withLock { $0 = nil }
        await listeners.apply(change)
        if assembly.loaded.configuration.http != nil { hub.startMeter() }
        if let statusChange { await statusFront?.apply(statusChange) }
        await dispatcher.change(settings: assembly.dispatcher, route: pool)
        await alarms.withLock { $0 }?.change(
            host: assembly.loaded.hostname.description, receivers: alarmReceivers(assembly, mail: mailToOperator))
        log.notice("reloaded \(configurationPath)")
        Task { await self.makeWaitingDue() }
        Task(priority: .utility) { await self.lookForKeys() }
        return warnings
    }

    /// What the sessions go by from their next command on, and the reports.
    ///
    /// - Parameter pool: `nil` if the way to the upstream stays as it is.
    func putInForce(_ assembly: Assembly, pool: UpstreamPool?) {
        state.withLock { state in
            state.assembly = assembly
            if let pool { state.pool = pool }
            state.loadedAt = clock()
        }
        service.change(assembly.submission)
        local.change(assembly.loaded)
        reports.change(assembly.reports)
    }

    /// The same configuration, with the keys that the DNS has shown.
    func putKeysInForce() async {
        await reloads.enter()
        defer { reloads.leave() }
        let assembly = state.withLock { state in
            state.assembly.change(seen: keys.seen)
            return state.assembly
        }
        service.change(assembly.submission)
        reports.change(assembly.reports)
    }

    /// What waits because of the old settings gets its chance with the new ones.
    func makeWaitingDue() async {
        var waiting = MailQueue.QueueFilter()
        waiting.state = .waiting
        _ = try? await store.makeDue(waiting, at: store.serviceClock.steadyWall())
        await dispatcher.lookAgain()
    }

    // MARK: Stop

    /// Serves until SIGTERM or SIGINT, then stops in good order; a second signal stops at once (which is safe, and may double what was
    /// past its final dot).
    public func run() async {
        let stop = StopSignal()
        let signals = Signals(
            onTerminate: {
                if !stop.raise() { endNow() }
            },
            onReload: { Task { _ = try? await self.reload() } })
        await stop.wait()
        await self.stop()
        withExtendedLifetime(signals) {}
    }

    /// Takes no more connections, lets sessions and deliveries under way come to their end, writes everything down.
    public func stop() async {
        notifier.stopping()
        stopping.withLock { $0 = true }
        log.notice("stopping: finishing what is under way")
        await listeners.stop()
        let forward = forward.withLock { $0 }
        await forward?.stop()
        await local.stop()
        await service.drain()
        await dispatcher.stop()
        watchdog.withLock { $0?.stop() }
        upkeep.withLock { $0?.cancel() }
        alarmTask.withLock { $0?.cancel() }
        backlogTask.withLock { $0?.cancel() }
        keyTask.withLock { $0?.cancel() }
        files.withLock { $0 }?.stop()
        await statusFront?.stop()
        await store.close()
        let server = control.withLock { $0 }
        await server?.stop()
        log.notice("stopped")
        log.flush()
    }

    // MARK: For `status`

    var assembly: Assembly { state.withLock { $0.assembly } }
    var statusFront: StatusFront? { front.withLock { $0 } }
    var isStopping: Bool { stopping.withLock { $0 } }
    var pool: UpstreamPool { state.withLock { $0.pool } }
    /// When what is in force was read.
    var loadedAt: Timestamp { state.withLock { $0.loadedAt } }
    /// Where clients connect, with the real ports.
    public var addresses: [String] { listeners.addresses.map(\.description).sorted() }
}
