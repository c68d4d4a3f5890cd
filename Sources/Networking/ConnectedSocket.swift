public import SafeIO
internal import Glibc
internal import Synchronization

/// What a `Listener` hands on.
public typealias AcceptedSocket = ConnectedSocket

/// A connected, non-blocking stream socket on its way to whoever will run it; closed if nobody takes it.
public final class ConnectedSocket: Sendable {
    public let peer: SocketAddress
    public let local: SocketAddress
    /// -1 once taken.
    private let descriptor: Mutex<Int32>

    init(_ descriptor: consuming OwnedDescriptor, peer: SocketAddress, local: SocketAddress) {
        self.peer = peer
        self.local = local
        self.descriptor = Mutex(descriptor.release())
    }

    deinit {
        let raw = descriptor.withLock { $0 }
        if raw >= 0 { close(raw) }
    }

    /// Both ends of a new connection within this process.
    public static func pair() throws(SystemCallError) -> (ConnectedSocket, ConnectedSocket) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .current("socketpair")
        }
        return (
            ConnectedSocket(OwnedDescriptor(ends[0]), peer: .unix, local: .unix),
            ConnectedSocket(OwnedDescriptor(ends[1]), peer: .unix, local: .unix)
        )
    }

    /// Who is at the other end of a Unix-domain socket.
    public func peerCredentials() throws(SystemCallError) -> PeerCredentials {
        let result: Result<PeerCredentials, SystemCallError> = descriptor.withLock { raw in
            do throws(SystemCallError) { return .success(try PeerCredentials(ofSocket: raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Gives the descriptor away, once; nil after that.
    public func take() -> OwnedDescriptor? {
        let raw = descriptor.withLock { value in
            defer { value = -1 }
            return value
        }
        return raw >= 0 ? OwnedDescriptor(raw) : nil
    }
}
