public import SafeIO

/// Listens on a Unix-domain socket file, for a `Channel` at each connection. Who connects, `AcceptedSocket.peerCredentials` tells.
public final class UnixListener: Sendable {
    public let path: String
    private let loop: AcceptLoop

    /// Binds and listens; a socket file that nobody answers at is replaced.
    ///
    /// - Parameters:
    ///   - group: who owns the file; nil leaves the process's own group.
    ///   - onAccept: called on the worker that is to run the connection.
    /// - Throws: `EADDRINUSE` if somebody answers at `path`, `EEXIST` if something that is no socket is there.
    public init(
        path: String, mode: UInt32, group: UInt32? = nil, workers: WorkerPool,
        onTrouble: @escaping @Sendable (SystemCallError) -> Void = { _ in },
        onAccept: @escaping @Sendable (AcceptedSocket, Worker) -> Void
    ) throws(SystemCallError) {
        self.path = path
        let file = try UnixSocketFile(path: path, mode: mode, group: group)
        loop = AcceptLoop(
            descriptor: file.rawDescriptor, subject: path, isTCP: false, workers: workers, refusal: [],
            onTrouble: onTrouble, onAccept: onAccept, closeDescriptor: { file.close() })
    }

    deinit { loop.stop {} }

    public func start() { loop.start() }

    /// Returns when nobody can connect any more and the file is gone.
    public func stop() async {
        await withCheckedContinuation { continuation in loop.stop { continuation.resume() } }
    }
}
