public import MailModel
public import Networking
internal import Synchronization

/// The connections to the upstream: reuses those that are idle, opens what is missing, and retires each before the upstream does.
public final class UpstreamPool: DeliveryRoute {
    private struct State {
        /// The one used last comes first again, so that the others go idle and leave.
        var idle: [UpstreamConnection] = []
        var open = 0
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
        var mayReuse = true
        while true {
            let connection: UpstreamConnection
            if mayReuse, let idle = takeIdle() {
                connection = idle
            } else {
                let opened = await open()
                switch opened {
                case .ready(let fresh): connection = fresh
                case .trouble(let trouble, let relay): return .routeTrouble(trouble, relay: relay)
                }
            }
            switch await connection.deliver(delivery) {
            case .done(let result, let isReusable):
                isReusable ? putBack(connection) : await connection.quit()
                return result
            case .stale:
                // The upstream had hung up on an idle connection: nothing was sent, so nothing is counted, and the next one is new.
                await connection.quit()
                mayReuse = false
            }
        }
    }

    public func probe() async -> RouteTrouble? {
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

    private func open() async -> Opening {
        state.withLock { $0.open += 1 }
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

    private func takeIdle() -> UpstreamConnection? {
        state.withLock { $0.idle.popLast() }
    }

    private func putBack(_ connection: UpstreamConnection) {
        let isKept = state.withLock { state in
            if let lowered = state.limitLoweredAt, lowered.duration(to: .now) > .seconds(60), state.limit < settings.connections {
                state.limit += 1
                state.limitLoweredAt = state.limit < settings.connections ? .now : nil
            }
            guard !state.isClosing else { return false }
            state.idle.append(connection)
            return true
        }
        if isKept {
            connection.becomeIdle { [weak self, weak connection] in
                guard let connection else { return }
                self?.state.withLock { $0.idle.removeAll { $0 === connection } }
            }
        } else {
            Task { await connection.quit() }
        }
    }

    private func connectionEnded() {
        let waiters = state.withLock { state in
            state.open -= 1
            guard state.open == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closeWaiters = [] }
            return state.closeWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
