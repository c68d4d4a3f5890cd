internal import Glibc
internal import SafeIO

/// One question to one server, with one deadline. Blocks.
struct DNSExchange {
    let server: SocketAddress
    let query: DNSQuery
    private let deadline: ContinuousClock.Instant

    private static let datagramLimit = 4096

    init(server: SocketAddress, query: DNSQuery, patience: Duration) {
        self.server = server
        self.query = query
        deadline = .now + patience
    }

    /// - Throws: `ETIMEDOUT` if no answer of its own came in time, whatever else did.
    func datagram() throws(SystemCallError) -> DNSQuery.Answer {
        let socket = try connected(SOCK_DGRAM)
        let octets = query.octets
        _ = try retryingOnInterrupt("send") { send(socket.rawValue, octets, octets.count, Int32(MSG_NOSIGNAL)) }
        var buffer = [UInt8](repeating: 0, count: Self.datagramLimit)
        while true {
            try wait(socket, POLLIN)
            let count = recv(socket.rawValue, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { continue }
                throw .current("recv")
            }
            // What does not belong to the question may be a forger's; the right answer may still come.
            if let answer = try? query.answer(in: Array(buffer[..<count])) { return answer }
        }
    }

    func stream() throws(SystemCallError) -> DNSQuery.Answer {
        let socket = try connected(SOCK_STREAM)
        let octets = query.octets
        let framed = [UInt8(octets.count >> 8), UInt8(octets.count & 0xff)] + octets
        var sent = 0
        while sent < framed.count {
            try wait(socket, POLLOUT)
            let count = framed.withUnsafeBytes {
                send(socket.rawValue, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 { sent += count } else if errno != EAGAIN && errno != EINTR { throw .current("send") }
        }
        let length = try read(socket, 2)
        let message = try read(socket, Int(length[0]) << 8 | Int(length[1]))
        do { return try query.answer(in: message) } catch { throw SystemCallError("read", code: EBADMSG) }
    }

    private func read(_ socket: borrowing OwnedDescriptor, _ count: Int) throws(SystemCallError) -> [UInt8] {
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while octets.count < count {
            try wait(socket, POLLIN)
            let got = recv(socket.rawValue, &chunk, min(chunk.count, count - octets.count), Int32(MSG_DONTWAIT))
            if got == 0 { throw SystemCallError("read", code: EBADMSG) }
            if got > 0 { octets += chunk[..<got] } else if errno != EAGAIN && errno != EINTR { throw .current("recv") }
        }
        return octets
    }

    private func connected(_ type: __socket_type) throws(SystemCallError) -> OwnedDescriptor {
        let kind = Int32(type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = OwnedDescriptor(try retryingOnInterrupt("socket") { socket(server.systemFamily, kind, 0) })
        let raw = descriptor.rawValue
        let result = server.withSystemAddress { connect(raw, $0, $1) }
        if result == 0 { return descriptor }
        guard errno == EINPROGRESS || errno == EINTR else { throw .current("connect") }
        try wait(descriptor, POLLOUT)
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { throw .current("connect") }
        guard code == 0 else { throw SystemCallError("connect", code: code) }
        return descriptor
    }

    private func wait(_ socket: borrowing OwnedDescriptor, _ events: Int32) throws(SystemCallError) {
        var entry = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw SystemCallError("poll", code: ETIMEDOUT) }
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
            let count = poll(&entry, 1, Int32(clamping: milliseconds))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw .current("poll") }
        }
    }
}
