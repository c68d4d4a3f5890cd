public import MailModel
public import MailQueue
public import Networking
internal import SMTPProtocol
internal import Synchronization

/// Who takes accepted messages on: the dispatcher. Called from any queue; must not block.
public protocol AcceptedMail: Sendable {
    /// The message is about to be committed.
    func expect(_ id: QueueID)
    /// It is durable.
    func accepted(_ message: QueuedMessage)
    /// It was not stored after all.
    func withdrawn(_ id: QueueID)
}

/// What all submission sessions share: the settings in force, the limits across connections, the way into the queue.
public final class SubmissionService: Sendable {
    private struct State {
        var settings: SubmissionSettings
        /// Counts reloads, so that a session notices one by comparing numbers.
        var generation = 0
        var sessions: [ObjectIdentifier: SubmissionSession] = [:]
        var isDraining = false
        var drainWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    let limiter = ConnectionLimiter()
    let strangers = StrangerLimiter()
    let throttle = LoginThrottle()
    let rates = AccountRateLimiter()
    let use = AccountUse()
    /// `nil`: every backlog is fine.
    let backlog: (any BacklogGuard)?
    let verifier: PasswordVerifier
    let nextID: @Sendable () -> QueueID
    let store: any QueueStore
    let events: any EventSink
    let clock: WallClock
    /// Takes each message on as soon as it is durable.
    let next: any AcceptedMail

    /// - Parameters:
    ///   - ids: makes queue ids; the same source as for all other mail.
    ///   - backlog: asked at each MAIL.
    public init(
        settings: SubmissionSettings, store: any QueueStore, ids: @escaping @Sendable () -> QueueID, verifier: PasswordVerifier,
        events: any EventSink,
        clock: @escaping WallClock, next: any AcceptedMail, backlog: (any BacklogGuard)? = nil
    ) {
        state = Mutex(State(settings: settings))
        self.verifier = verifier
        self.store = store
        self.events = events
        self.clock = clock
        self.next = next
        nextID = ids
        self.backlog = backlog
    }

    /// Puts other settings in force, for open sessions from their next command on.
    public func change(_ settings: SubmissionSettings) {
        state.withLock { state in
            state.settings = settings
            state.generation += 1
        }
    }

    public var connectionCount: Int { limiter.count }

    /// Serves a connection that a listener accepted; to be called on `worker`.
    public func serve(_ socket: AcceptedSocket, on worker: Worker, policy: ListenerPolicy) {
        let (settings, isDraining) = state.withLock { ($0.settings, $0.isDraining) }
        let network = socket.peer.networkPrefix
        guard !isDraining else { return refuse(socket, on: worker, with: .shuttingDown) }
        guard policy.admits(socket.peer) else {
            return refuse(socket, on: worker, with: Reply(554, StatusDetail(7, 1), "\(socket.peer.host) is not allowed on this listener"))
        }
        guard strangers.admits(socket.peer, at: .now) else { return refuse(socket, on: worker, with: .tooManyStrangers) }
        guard limiter.enter(network: network, limit: settings.connections, limitPerNetwork: settings.connectionsPerNetwork) else {
            return refuse(socket, on: worker, with: .tooManyConnections)
        }
        let session = SubmissionSession(socket: socket, worker: worker, security: policy.security, service: self)
        let isLate = state.withLock { state in
            state.sessions[ObjectIdentifier(session)] = session
            return state.isDraining
        }
        session.assumeIsolated { session in
            session.start()
            if isLate { session.drain() }
        }
    }

    /// Ends idle sessions with 421 and lets messages under way finish; returns when every session is gone.
    ///
    /// - Parameter patience: what comes more slowly is cut off: deliveries must have their time to end before the host kills us.
    public func drain(patience: Duration = .seconds(60)) async {
        let sessions = state.withLock { state in
            state.isDraining = true
            return Array(state.sessions.values)
        }
        for session in sessions { session.beginDraining() }
        let cuttingOff = Task {
            try await Task.sleep(for: patience)
            for session in state.withLock({ Array($0.sessions.values) }) { session.beginCuttingOff() }
        }
        defer { cuttingOff.cancel() }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                guard !state.sessions.isEmpty else { return true }
                state.drainWaiters.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    /// Lets a password in besides the account's own; see `PasswordVerifier.admit`.
    public func admit(_ password: Secret, of account: Account, for lifetime: Duration) -> Bool {
        verifier.admit(password, of: account, at: .now, for: lifetime)
    }

    // MARK: For sessions

    var current: (settings: SubmissionSettings, generation: Int) { state.withLock { ($0.settings, $0.generation) } }
    var generation: Int { state.withLock { $0.generation } }

    func ended(_ session: SubmissionSession, client: SocketAddress, wasLoggedIn: Bool) {
        limiter.leave(network: client.networkPrefix)
        if !wasLoggedIn { strangers.leftUnknown(client, at: .now) }
        let waiters = state.withLock { state in
            state.sessions[ObjectIdentifier(session)] = nil
            guard state.isDraining, state.sessions.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.drainWaiters = [] }
            return state.drainWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Tells a client why it is not served, before it is closed (it must not be left waiting in silence). To be called on `worker`.
    public func refuse(_ socket: AcceptedSocket, on worker: Worker, with reply: Reply) {
        guard let channel = try? Channel(socket, worker: worker) else { return }
        channel.onEvent = { _ in }
        channel.send(reply.wireOctets)
        channel.close()
    }
}

extension Reply {
    static let tooManyStrangers = Reply(
        421, StatusDetail(7, 0), "Too many connections without a login from your network; try again in a minute")
}
