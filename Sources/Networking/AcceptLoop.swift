internal import SafeIO
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Accepts on one listening socket, whatever happens: trouble is reported and waited out, never the end of the listener.
///
/// Unchecked: `source`, `spare`, `isPaused` and `whenStopped` are touched on `queue` only; the rest never changes.
final class AcceptLoop: @unchecked Sendable {
    /// What the kernel's own trouble costs: a pause, not a busy loop.
    static let pause = DispatchTimeInterval.milliseconds(100)

    private let queue: DispatchQueue
    private let descriptor: Int32
    private let subject: String
    private let workers: WorkerPool
    private let refusal: [UInt8]
    private let isTCP: Bool
    private let onAccept: @Sendable (ConnectedSocket, Worker) -> Void
    private let onTrouble: @Sendable (SystemCallError) -> Void

    private var source: (any DispatchSourceRead)?
    private var isPaused = false
    /// Given up for a moment when there are no descriptors left, to answer one client rather than let all of them hang.
    private var spare: Int32
    private var whenStopped: [@Sendable () -> Void] = []
    private var isStopped = false
    private let closeDescriptor: @Sendable () -> Void

    /// - Parameters:
    ///   - descriptor: listening and non-blocking; lent until `closeDescriptor` is called.
    ///   - refusal: sent in clear to a client that cannot be served for want of descriptors.
    init(
        descriptor: Int32, subject: String, isTCP: Bool, workers: WorkerPool, refusal: [UInt8],
        onTrouble: @escaping @Sendable (SystemCallError) -> Void,
        onAccept: @escaping @Sendable (ConnectedSocket, Worker) -> Void,
        closeDescriptor: @escaping @Sendable () -> Void
    ) {
        queue = DispatchQueue(label: "accept \(subject)")
        self.descriptor = descriptor
        self.subject = subject
        self.isTCP = isTCP
        self.workers = workers
        self.refusal = refusal
        self.onTrouble = onTrouble
        self.onAccept = onAccept
        self.closeDescriptor = closeDescriptor
        spare = Self.openSpare()
    }

    func start() {
        queue.async { [self] in
            guard source == nil, !isStopped else { return }
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            // Strong: the loop lives until it is stopped.
            source.setEventHandler { self.acceptAll() }
            source.setCancelHandler { self.isClosed() }
            self.source = source
            source.activate()
        }
    }

    /// - Parameter report: called when the descriptor is closed.
    func stop(_ report: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            whenStopped.append(report)
            if isStopped {
                if source == nil { reportStopped() }
                return
            }
            isStopped = true
            guard let source else { return isClosed() }
            source.cancel()
            if isPaused { source.resume() }
            isPaused = false
        }
    }

    private func isClosed() {
        source = nil
        closeDescriptor()
        if spare >= 0 { close(spare) }
        spare = -1
        reportStopped()
    }

    private func reportStopped() {
        let reports = whenStopped
        whenStopped.removeAll()
        for report in reports { report() }
    }

    private func acceptAll() {
        var failures = 0
        while !isStopped {
            var storage = sockaddr_storage()
            let raw = accept(&storage)
            if raw >= 0 {
                failures = 0
                hand(OwnedDescriptor(raw), storage)
                continue
            }
            let code = errno
            switch code {
            case EAGAIN: return
            case EMFILE, ENFILE:
                refuseOne()
                return wait(code)
            // A connection that died while it waited, or an error of the network that belongs to it (accept(2)).
            case EINTR, ECONNABORTED, EPROTO, ENOPROTOOPT, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET, EOPNOTSUPP, EPERM:
                failures += 1
                if failures > 64 { return wait(code) }
            default: return wait(code)
            }
        }
    }

    private func accept(_ storage: inout sockaddr_storage) -> Int32 {
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let raw = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(descriptor, $0, &length) }
        }
        // In two steps: Swift does not see accept4, and we start no programs that could inherit the descriptor in between.
        if raw >= 0 {
            _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
            _ = fcntl(raw, F_SETFL, O_NONBLOCK)
        }
        return raw
    }

    private func hand(_ accepted: consuming OwnedDescriptor, _ storage: sockaddr_storage) {
        var local = SocketAddress.unix
        if isTCP {
            var on: Int32 = 1
            setsockopt(accepted.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            guard let address = SocketAddress.local(of: accepted.rawValue) else { return }
            local = address
        }
        guard let peer = isTCP ? SocketAddress(storage) : Self.user(at: accepted.rawValue) else { return }
        let socket = ConnectedSocket(accepted, peer: peer, local: local)
        let worker = workers.next()
        let onAccept = onAccept
        worker.queue.async { onAccept(socket, worker) }
    }

    private static func user(at raw: Int32) -> SocketAddress {
        (try? PeerCredentials(ofSocket: raw)).map { .unix(user: $0.userID) } ?? .unix
    }

    private func refuseOne() {
        guard spare >= 0 else { return }
        close(spare)
        var storage = sockaddr_storage()
        let raw = accept(&storage)
        if raw >= 0 {
            _ = refusal.withUnsafeBytes { send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            close(raw)
        }
        spare = Self.openSpare()
    }

    private func wait(_ code: Int32) {
        if spare < 0 { spare = Self.openSpare() }
        guard let source, !isPaused else { return }
        isPaused = true
        source.suspend()
        queue.asyncAfter(deadline: .now() + Self.pause) { [self] in
            guard isPaused, let source = self.source else { return }
            isPaused = false
            source.resume()
        }
        onTrouble(SystemCallError("accept", code: code, subject: subject))
    }

    private static func openSpare() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
