internal import SafeIO
internal import Dispatch
internal import Glibc

/// Connects to the first of several addresses that answers: each gets a head start before the next one is tried beside it.
///
/// Confined to its worker's queue. It keeps itself alive, by its timers and sources, until `report` has been called.
final class ConnectRace {
    /// A family that swallows packets must not cost the whole timeout.
    static let headStart = Duration.milliseconds(1500)
    static let attemptLimit = 6

    private let worker: Worker
    private let deadline: ContinuousClock.Instant
    private let start: (SocketAddress) -> Result<OwnedSocket, SystemCallError>
    private var waiting: ArraySlice<SocketAddress>
    private var attempts: [Attempt] = []
    private var errors: [SystemCallError] = []
    private var timer: WheelTimer?
    private var report: ((Result<ConnectedSocket, ConnectError.Reason>) -> Void)?

    /// A descriptor in a copyable box, closed by whoever lets go of it last.
    final class OwnedSocket {
        private var descriptor: OwnedDescriptor?
        let rawValue: Int32

        init(_ raw: Int32) {
            rawValue = raw
            descriptor = OwnedDescriptor(raw)
        }

        func take() -> OwnedDescriptor? { descriptor.take() }
    }

    private final class Attempt {
        let address: SocketAddress
        let socket: OwnedSocket
        var source: (any DispatchSourceWrite)?

        init(_ address: SocketAddress, _ socket: OwnedSocket) {
            self.address = address
            self.socket = socket
        }
    }

    /// - Parameters:
    ///   - addresses: in the order of preference; only the first few are tried.
    ///   - report: called once, in a turn of the worker; after `cancel` never.
    init(
        _ addresses: [SocketAddress], worker: Worker, deadline: ContinuousClock.Instant,
        connecting start: @escaping (SocketAddress) -> Result<OwnedSocket, SystemCallError> = ConnectRace.beginConnecting,
        report: @escaping (Result<ConnectedSocket, ConnectError.Reason>) -> Void
    ) {
        self.worker = worker
        self.deadline = deadline
        self.start = start
        self.report = report
        waiting = addresses.prefix(Self.attemptLimit)
    }

    func run() {
        let timer = WheelTimer { self.timerFired() }
        self.timer = timer
        tryNext()
    }

    func cancel() { end(nil) }

    private func tryNext() {
        while let address = waiting.popFirst() {
            switch start(address) {
            case .failure(let error):
                errors.append(error)
            case .success(let socket):
                let attempt = Attempt(address, socket)
                attempts.append(attempt)
                watch(attempt)
                if let timer { worker.wheel.set(timer, to: waiting.isEmpty ? deadline : min(deadline, .now + Self.headStart)) }
                return
            }
        }
        if attempts.isEmpty { end(.failure(.unreachable(errors))) }
    }

    private func watch(_ attempt: Attempt) {
        let source = DispatchSource.makeWriteSource(fileDescriptor: attempt.socket.rawValue, queue: worker.queue)
        attempt.source = source
        source.setEventHandler { self.isSettled(attempt) }
        source.activate()
    }

    /// The kernel has decided about one attempt.
    private func isSettled(_ attempt: Attempt) {
        guard report != nil, attempts.contains(where: { $0 === attempt }) else { return }
        let raw = attempt.socket.rawValue
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &length) != 0 { code = errno }
        attempts.removeAll { $0 === attempt }
        if code == 0 {
            let local = SocketAddress.local(of: raw)
            retire(attempt) { descriptor in
                guard let descriptor, let local else { return self.end(.failure(.unreachable(self.errors))) }
                self.end(.success(ConnectedSocket(descriptor, peer: attempt.address, local: local)))
            }
            // The rest stop now, before their source could win as well.
            abandon()
        } else {
            errors.append(SystemCallError("connect", code: code, subject: "\(attempt.address)"))
            retire(attempt) { _ in }
            if !waiting.isEmpty || attempts.isEmpty { tryNext() }
        }
    }

    private func timerFired() {
        if ContinuousClock.now >= deadline {
            for attempt in attempts { errors.append(SystemCallError("connect", code: ETIMEDOUT, subject: "\(attempt.address)")) }
            end(.failure(.timedOut(errors)))
        } else {
            tryNext()
        }
    }

    /// Cancels the attempt's source and gives its descriptor back once Dispatch no longer looks at it.
    private func retire(_ attempt: Attempt, _ then: @escaping (consuming OwnedDescriptor?) -> Void) {
        attempt.source?.setCancelHandler { then(attempt.socket.take()) }
        attempt.source?.cancel()
        attempt.source = nil
    }

    private func abandon() {
        if let timer { worker.wheel.remove(timer) }
        timer = nil
        waiting = []
        for attempt in attempts { retire(attempt) { _ in } }
        attempts.removeAll()
    }

    private func end(_ result: Result<ConnectedSocket, ConnectError.Reason>?) {
        abandon()
        let report = report
        self.report = nil
        if let result { report?(result) }
    }

    static func beginConnecting(_ address: SocketAddress) -> Result<OwnedSocket, SystemCallError> {
        let subject = "\(address)"
        let raw = socket(address.systemFamily, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return .failure(.current("socket", subject: subject)) }
        let box = OwnedSocket(raw)
        var on: Int32 = 1
        setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        while address.withSystemAddress({ connect(raw, $0, $1) }) != 0 {
            switch errno {
            case EINTR: continue
            case EINPROGRESS, EALREADY, EISCONN: return .success(box)
            default: return .failure(.current("connect", subject: subject))
            }
        }
        return .success(box)
    }
}
