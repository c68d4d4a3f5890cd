import Dispatch
import Glibc
@testable import Networking
import SafeIO

/// A blocking socket that does exactly what a test tells it, with a bound on every wait.
final class RawSocket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    convenience init(to address: SocketAddress) throws {
        let raw = socket(address.systemFamily, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.init(raw)
        guard address.withSystemAddress({ Glibc.connect(raw, $0, $1) }) == 0 else {
            throw SystemCallError.current("connect", subject: "\(address)")
        }
        var on: Int32 = 1
        setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// One end raw, the other for a channel.
    static func pair() throws -> (RawSocket, ConnectedSocket) {
        let (one, other) = try ConnectedSocket.pair()
        guard let raw = one.take()?.release() else { throw SystemCallError("take", code: EBADF) }
        _ = fcntl(raw, F_SETFL, 0)
        return (RawSocket(raw), other)
    }

    deinit { close(descriptor) }

    /// - Returns: false if the other side is gone.
    @discardableResult
    func write(_ octets: [UInt8]) -> Bool {
        var sent = 0
        while sent < octets.count {
            let count = octets.withUnsafeBytes { send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            if count < 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// For more than the kernel's buffers hold.
    @discardableResult
    func writeAll(_ octets: [UInt8]) async -> Bool { await Self.blocking { self.write(octets) } }

    /// One read: at most `limit` octets; empty at the end; nil after an error, see `readError`.
    func readSome(_ limit: Int = 64 << 10) async -> [UInt8]? { await Self.blocking { self.readNow(limit) } }

    func read(_ count: Int) async -> [UInt8] {
        await Self.blocking {
            var octets: [UInt8] = []
            while octets.count < count, let some = self.readNow(min(count - octets.count, 1 << 20)), !some.isEmpty { octets += some }
            return octets
        }
    }

    func readToEnd() async -> [UInt8] {
        await Self.blocking {
            var octets: [UInt8] = []
            while let some = self.readNow(64 << 10), !some.isEmpty { octets += some }
            return octets
        }
    }

    /// `errno` of a read that must fail; 0 if it does not.
    func readError() async -> Int32 {
        await Self.blocking { self.readNow(1) == nil ? errno : 0 }
    }

    private func readNow(_ limit: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, limit, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// Away from the few threads that all tests share, or one that waits would stop the one it waits for.
    private static func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }

    func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends with a reset instead of FIN.
    func armReset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    }

    func setReceiveBuffer(_ size: Int32) {
        var size = size
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
}
