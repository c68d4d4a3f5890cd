public import MailModel
public import Networking
internal import Synchronization

/// The connections to the upstream: reuses those that are idle, opens what is missing, and retires each before the upstream does.
public final class UpstreamPool: DeliveryRoute {
    private struct State {
        /// The one used last comes first again, so that the others go idle and leave.
        var idle: [UpstreamConnection] = []
        /// Those that exist, are being made, or are about to close.
        var open = 0
        /// Attempts that wait for a connection, the first one first.
        var waiting: [(mayReuse: Bool, resume: CheckedContinuation<Place, Never>)] = []
        var busy = 0
        /// Lowered when the upstream says that there are too many; grows back by one with each message that goes well after a minute.
        var limit: Int
        var limitLoweredAt: ContinuousClock.Instant?
        var isClosing = false
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let settings: UpstreamSettings
    private let gate: any SendingGate
    private let workers: WorkerPool
    private let state: Mutex<State>

    public init(settings: UpstreamSettings, gate: any SendingGate, workers: WorkerPool) {
        self.settings = settings
        self.gate = gate
        self.workers = workers
        state = Mutex(State(limit: settings.connections))
    }

    public var capacity: Int { state.withLock { $0.limit } }
    public var sendingLimit: Int? { gate.limit }
    public var recipientsPerTransaction: Int { settings.recipientsPerTransaction }
    public var connectionCounts: (open: Int, busy: Int, limit: Int) { state.withLock { ($0.open, $0.busy, $0.limit) } }

    nonisolated(nonsending) public func attempt(_ delivery: Delivery) async -> AttemptResult {
        state.withLock { $0.busy += 1 }
        let result = await attemptOnSomeConnection(delivery)
        state.withLock { state in
            state.busy -= 1
            guard case .routeTrouble(.tooManyConnections, _) = result else { return }
            state.limit = max(1, min(state.limit, state.open) - 1)
            state.limitLoweredAt = .now
        }
        return result
    }

    nonisolated(nonsending) private func attemptOnSomeConnection(_ delivery: Delivery) async -> AttemptResult {
        await gate.approach(recipients: delivery.recipients.count)
        defer { gate.left(recipients: delivery.recipients.count) }
        if case .existing(let connection) = await place(mayReuse: true) {
            if let result = await deliver(delivery, over: connection) { return result }
            // The upstream had hung up on it: nothing was decided, so nothing is counted, and the next one is new.
            _ = await place(mayReuse: false)
        }
        switch await open() {
        case .trouble(let trouble, let relay): return .routeTrouble(trouble, relay: relay)
        case .ready(let connection):
            if let result = await deliver(delivery, over: connection) { return result }
            return .routeTrouble(.unreachable("\(settings.host) closed the connection right after the login"), relay: connection.relay)
        }
    }

    /// - Returns: `nil` if the connection had gone.
    nonisolated(nonsending) private func deliver(_ delivery: Delivery, over connection: UpstreamConnection) async -> AttemptResult? {
        switch await connection.deliver(delivery) {
        case .done(let result, let isReusable):
            isReusable ? putBack(connection) : await connection.quit()
            return result
        case .stale:
            await connection.quit()
            return nil
        }
    }

    public func probe() async -> RouteTrouble? {
        _ = await place(mayReuse: false)
        switch await open() {
        case .ready(let connection):
            putBack(connection)
            return nil
        case .trouble(let trouble, _): return trouble
        }
    }

    public func close() async {
        let idle = state.withLock { state in
            state.isClosing = true
            defer { state.idle = [] }
            return state.idle
        }
        for connection in idle { await connection.quit() }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard state.open > 0 else { return true }
                state.closeWaiters.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    // MARK: Single connections

    private enum Opening {
        case ready(UpstreamConnection)
        case trouble(RouteTrouble, relay: String)
    }

    /// What an attempt may use.
    private enum Place {
        case existing(UpstreamConnection)
        /// One may be opened; it is counted already.
        case new
    }

    /// Waits until there is a connection, or room for another one.
    ///
    /// - Returns: always `new` unless `mayReuse`.
    nonisolated(nonsending) private func place(mayReuse: Bool) async -> Place {
        await withCheckedContinuation { continuation in
            let (place, surplus) = state.withLock { state -> (Place?, UpstreamConnection?) in
                if mayReuse, let connection = state.idle.popLast() { return (.existing(connection), nil) }
                if state.open < state.limit {
                    state.open += 1
                    return (.new, nil)
                }
                state.waiting.append((mayReuse, continuation))
                return (nil, state.idle.isEmpty ? nil : state.idle.removeFirst())
            }
            if let place { continuation.resume(returning: place) }
            // It makes room when it has closed.
            if let surplus { Task { await surplus.quit() } }
        }
    }

    /// Makes the connection that `place` gave leave for.
    private func open() async -> Opening {
        let worker = workers.next()
        let relay = "\(settings.host):\(settings.port)"
        let socket: ConnectedSocket
        do {
            socket = try await Connector.connect(
                host: settings.host, port: settings.port, timeout: settings.patience.connect, worker: worker)
        } catch {
            connectionEnded()
            return .trouble(.unreachable("\(error)"), relay: relay)
        }
        let connection = UpstreamConnection(socket: socket, worker: worker, settings: settings, gate: gate) { [weak self] in
            self?.connectionEnded()
        }
        if let trouble = await connection.logIn() {
            await connection.quit()
            return .trouble(trouble, relay: connection.relay)
        }
        return .ready(connection)
    }

    private func putBack(_ connection: UpstreamConnection) {
        enum Fate { case idle, handedOver(CheckedContinuation<Place, Never>), retired }
        let fate: Fate = state.withLock { state in
            if let lowered = state.limitLoweredAt, lowered.duration(to: .now) > .seconds(60), state.limit < settings.connections {
                state.limit += 1
                state.limitLoweredAt = state.limit < settings.connections ? .now : nil
            }
            if state.open > state.limit { return .retired }
            if let first = state.waiting.first {
                guard first.mayReuse else { return .retired }
                state.waiting.removeFirst()
                return .handedOver(first.resume)
            }
            guard !state.isClosing else { return .retired }
            state.idle.append(connection)
            return .idle
        }
        switch fate {
        case .handedOver(let waiter): waiter.resume(returning: .existing(connection))
        case .retired: Task { await connection.quit() }
        case .idle:
            connection.becomeIdle { [weak self, weak connection] in
                guard let connection else { return }
                self?.state.withLock { $0.idle.removeAll { $0 === connection } }
            }
        }
    }

    private func connectionEnded() {
        let (next, waiters) = state.withLock { state in
            state.open -= 1
            var next: CheckedContinuation<Place, Never>?
            if !state.waiting.isEmpty, state.open < state.limit {
                state.open += 1
                next = state.waiting.removeFirst().resume
            }
            guard state.open == 0 else { return (next, [CheckedContinuation<Void, Never>]()) }
            defer { state.closeWaiters = [] }
            return (next, state.closeWaiters)
        }
        next?.resume(returning: .new)
        for waiter in waiters { waiter.resume() }
    }
}
