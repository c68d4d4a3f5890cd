internal import Glibc

/// A blocking connection to a Unix-domain socket: what a command-line tool needs to ask its daemon.
public struct UnixStream: ~Copyable {
    private let descriptor: OwnedDescriptor
    private let path: String
    /// Read but not yet handed out.
    private var buffer: [UInt8] = []
    private var offset = 0
    /// How far `buffer` is known to hold no line end.
    private var searched = 0

    /// Connects, waiting at most `timeout` for a slow daemon; the same bound holds for each later read and write, nil is for ever.
    ///
    /// - Throws: `ENOENT` or `ECONNREFUSED` if no daemon is there, `EACCES` if this user may not ask it; `EAGAIN` after the timeout.
    public static func connect(path: String, timeout: Duration? = nil) throws(SystemCallError) -> UnixStream {
        let address = try UnixSocketAddress(path)
        let descriptor = OwnedDescriptor(
            try retryingOnInterrupt("socket", subject: path) {
                socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        let raw = descriptor.rawValue
        var stream = UnixStream(descriptor: descriptor, path: path)
        try stream.setTimeout(timeout)
        _ = try retryingOnInterrupt("connect", subject: path) { address.withSystemAddress { Glibc.connect(raw, $0, $1) } }
        return stream
    }

    /// Takes a connected socket over; the bound holds for each later read and write, nil is for ever.
    public init(connected descriptor: consuming OwnedDescriptor, timeout: Duration? = nil) throws(SystemCallError) {
        let raw = descriptor.rawValue
        self.init(descriptor: descriptor, path: "")
        let flags = try retryingOnInterrupt("fcntl") { fcntl(raw, F_GETFL) }
        _ = try retryingOnInterrupt("fcntl") { fcntl(raw, F_SETFL, flags & ~O_NONBLOCK) }
        try setTimeout(timeout)
    }

    private init(descriptor: consuming OwnedDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Bounds each later read and write; nil is for ever.
    public mutating func setTimeout(_ timeout: Duration?) throws(SystemCallError) {
        let parts = (timeout ?? .zero).components
        var value = timeval(tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
        // Zero means for ever to the kernel; less than a microsecond must not.
        if let timeout, timeout < .microseconds(1) { value = timeval(tv_sec: 0, tv_usec: 1) }
        let raw = descriptor.rawValue
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            _ = try retryingOnInterrupt("setsockopt", subject: path) {
                setsockopt(raw, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<timeval>.size))
            }
        }
    }

    /// Sends everything; a peer that is gone is `EPIPE`, never a signal.
    public mutating func writeAll(_ octets: [UInt8]) throws(SystemCallError) {
        let raw = descriptor.rawValue
        var sent = 0
        while sent < octets.count {
            sent += try retryingOnInterrupt("send", subject: path) {
                octets.withUnsafeBytes { send(raw, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL)) }
            }
        }
    }

    /// Says that nothing more will be sent; the answer can still be read.
    public mutating func finishWriting() throws(SystemCallError) {
        let raw = descriptor.rawValue
        _ = try retryingOnInterrupt("shutdown", subject: path) { shutdown(raw, Int32(SHUT_WR)) }
    }

    /// The next line without its LF; nil at the end of the stream. A last line without LF is a line.
    ///
    /// - Throws: `EMSGSIZE` if the line is longer than `limit`.
    public mutating func readLine(limit: Int = 64 << 20) throws(SystemCallError) -> [UInt8]? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[offset..<end])
                offset = end + 1
                searched = offset
                return line
            }
            searched = buffer.count
            guard buffer.count - offset <= limit else { throw SystemCallError("read", code: EMSGSIZE, subject: path) }
            if try fill() == 0 {
                guard offset < buffer.count else { return nil }
                defer { offset = buffer.count }
                return Array(buffer[offset...])
            }
        }
    }

    private mutating func fill() throws(SystemCallError) -> Int {
        if offset > 0 {
            buffer.removeFirst(offset)
            searched -= offset
            offset = 0
        }
        let raw = descriptor.rawValue
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let count = try retryingOnInterrupt("read", subject: path) {
            chunk.withUnsafeMutableBytes { read(raw, $0.baseAddress, $0.count) }
        }
        buffer.append(contentsOf: chunk[..<count])
        return count
    }
}
