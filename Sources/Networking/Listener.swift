public import SafeIO
internal import Glibc

/// Listens on one TCP address and hands each connection to a worker, round robin.
///
/// It never stops by itself: without descriptors or memory it pauses a tenth of a second at a time, and says so.
public final class Listener: Sendable {
    /// Where it listens, with the real port if 0 was asked for.
    public let localAddress: SocketAddress
    private let loop: AcceptLoop

    /// Binds and listens; connections queue in the kernel until `start`.
    ///
    /// - Parameters:
    ///   - address: `[::]` serves IPv4 too, where the kernel has IPv6.
    ///   - refusal: what a client is told, in clear, when there is no descriptor left to serve it; then it is closed.
    ///   - onTrouble: accepting failed and is paused. Called at most ten times a second, on the listener's own queue.
    ///   - onAccept: called on the worker that is to run the connection. The socket closes if nobody takes it.
    /// - Throws: naming the address: in use, not ours, a port that needs privileges.
    public init(
        address: SocketAddress, workers: WorkerPool, backlog: Int32 = 1024, refusal: [UInt8] = [],
        onTrouble: @escaping @Sendable (SystemCallError) -> Void = { _ in },
        onAccept: @escaping @Sendable (AcceptedSocket, Worker) -> Void
    ) throws(SystemCallError) {
        var address = address
        let subject = "\(address)"
        let descriptor: OwnedDescriptor
        do throws(SystemCallError) {
            descriptor = try Self.open(address)
        } catch {
            // A kernel without IPv6: every interface is then every IPv4 interface.
            guard error.code == EAFNOSUPPORT, address.isIPv6, address.isUnspecified else { throw error }
            address = SocketAddress(family: .ipv4, bits: 0, port: address.port)
            descriptor = try Self.open(address)
        }
        let raw = descriptor.rawValue
        try Self.set(raw, SOL_SOCKET, SO_REUSEADDR, 1, subject)
        if address.isIPv6 { try Self.set(raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isUnspecified ? 0 : 1, subject) }
        let bindAddress = address
        _ = try retryingOnInterrupt("bind", subject: subject) { bindAddress.withSystemAddress { bind(raw, $0, $1) } }
        _ = try retryingOnInterrupt("listen", subject: subject) { listen(raw, backlog) }
        guard let bound = SocketAddress.local(of: raw) else { throw .current("getsockname", subject: subject) }
        localAddress = bound
        let owned = descriptor.release()
        loop = AcceptLoop(
            descriptor: owned, subject: "\(bound)", isTCP: true, workers: workers, refusal: refusal,
            onTrouble: onTrouble, onAccept: onAccept, closeDescriptor: { _ = Glibc.close(owned) })
    }

    /// Dropped without `stop`, it stops.
    deinit { loop.stop {} }

    public func start() { loop.start() }

    /// Returns when the descriptor is closed: the port is free. Connections that were handed out live on.
    public func stop() async {
        await withCheckedContinuation { continuation in loop.stop { continuation.resume() } }
    }

    private static func open(_ address: SocketAddress) throws(SystemCallError) -> OwnedDescriptor {
        OwnedDescriptor(
            try retryingOnInterrupt("socket", subject: "\(address)") {
                socket(address.systemFamily, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
    }

    private static func set(_ raw: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ subject: String) throws(SystemCallError) {
        var value = value
        _ = try retryingOnInterrupt("setsockopt", subject: subject) {
            setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
