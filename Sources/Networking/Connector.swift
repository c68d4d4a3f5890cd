internal import SafeIO
internal import Dispatch
internal import Glibc

/// Opens TCP connections to a host by name.
public enum Connector {
    /// The addresses of `host` as `connect` would try them.
    ///
    /// - Throws: what the resolver says. How long that takes is the resolver's affair.
    public static func addresses(host: String, port: UInt16) async throws(ConnectError) -> [SocketAddress] {
        let result = await withCheckedContinuation { continuation in
            Resolver.resolve(host, port: port) { continuation.resume(returning: $0) }
        }
        switch result {
        case .success(let addresses): return addresses
        case .failure(.message(let message)): throw ConnectError(host: host, port: port, reason: .unresolved(message))
        }
    }

    /// Resolves `host` anew and connects to the first of its addresses that answers, families in turn; an address that stays silent
    /// for a moment is not waited for alone.
    ///
    /// - Parameters:
    ///   - host: a name, or a numeric address without brackets.
    ///   - timeout: for everything, the resolver too.
    ///   - worker: on whose queue the attempts run, and on which the connection should then live.
    /// - Returns: a socket whose `peer` is the address that answered.
    public static func connect(host: String, port: UInt16, timeout: Duration, worker: Worker) async throws(ConnectError) -> ConnectedSocket
    {
        let call = ConnectCall(worker: worker, deadline: .now + timeout)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.begin(host: host, port: port) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            call.cancel()
        }
        return try result.mapError { ConnectError(host: host, port: port, reason: $0) }.get()
    }
}

/// One call of `Connector.connect`: a name lookup, then a race, under one deadline.
///
/// Unchecked: everything but the constants is touched on the worker's queue only.
private final class ConnectCall: @unchecked Sendable {
    typealias Outcome = Result<ConnectedSocket, ConnectError.Reason>

    private let worker: Worker
    private let deadline: ContinuousClock.Instant
    private var report: ((Outcome) -> Void)?
    private var isCancelled = false
    private var race: ConnectRace?
    /// Bounds the lookup, which cannot be stopped: its answer is then too late.
    private var lookUpTimer: WheelTimer?

    init(worker: Worker, deadline: ContinuousClock.Instant) {
        self.worker = worker
        self.deadline = deadline
    }

    func begin(host: String, port: UInt16, report: @escaping @Sendable (Outcome) -> Void) {
        worker.queue.async { [self] in
            guard !isCancelled else { return report(.failure(.cancelled)) }
            self.report = report
            let timer = WheelTimer {
                self.end(.failure(.timedOut([SystemCallError("getaddrinfo", code: ETIMEDOUT, subject: host)])))
            }
            lookUpTimer = timer
            worker.wheel.set(timer, to: deadline)
            Resolver.resolve(host, port: port) { answer in
                self.worker.queue.async { self.resolved(answer) }
            }
        }
    }

    func cancel() {
        worker.queue.async { [self] in
            isCancelled = true
            race?.cancel()
            end(.failure(.cancelled))
        }
    }

    private func resolved(_ answer: Result<[SocketAddress], Resolver.Failure>) {
        guard report != nil else { return }
        stopTimer()
        switch answer {
        case .failure(.message(let message)): end(.failure(.unresolved(message)))
        case .success(let addresses):
            let race = ConnectRace(addresses, worker: worker, deadline: deadline) { self.end($0) }
            self.race = race
            race.run()
        }
    }

    private func stopTimer() {
        if let lookUpTimer { worker.wheel.remove(lookUpTimer) }
        lookUpTimer = nil
    }

    private func end(_ outcome: Outcome) {
        stopTimer()
        race = nil
        let report = report
        self.report = nil
        report?(outcome)
    }
}
