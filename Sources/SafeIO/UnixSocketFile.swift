internal import Glibc
internal import Synchronization

/// A listening Unix-domain socket and the file that leads to it.
public final class UnixSocketFile: Sendable {
    public let path: String
    /// -1 once closed.
    private let descriptor: Mutex<Int32>
    /// Which file is ours: a later daemon may have put its own in its place.
    private let identity: FileIdentity

    private struct FileIdentity: Equatable, Sendable {
        let device: UInt64, inode: UInt64
    }

    /// Binds and listens. A socket file that nobody answers at is replaced.
    ///
    /// Nobody can connect before the mode and group are set: `listen` comes last.
    ///
    /// - Parameter group: who owns the file besides the caller; nil leaves the caller's own group.
    /// - Throws: `EADDRINUSE` if somebody answers at `path`, `EEXIST` if something that is no socket is there.
    public init(path: String, mode: UInt32, group: UInt32? = nil, backlog: Int32 = 64) throws(SystemCallError) {
        self.path = path
        let address = try UnixSocketAddress(path)
        let raw = try retryingOnInterrupt("socket", subject: path) {
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        let owned = OwnedDescriptor(raw)
        if address.withSystemAddress({ bind(raw, $0, $1) }) != 0 {
            guard errno == EADDRINUSE else { throw .current("bind", subject: path) }
            try Self.removeDeadSocket(address)
            guard address.withSystemAddress({ bind(raw, $0, $1) }) == 0 else { throw .current("bind", subject: path) }
        }
        identity = try Self.identity(path)
        do throws(SystemCallError) {
            if let group, chown(path, uid_t.max, group) != 0 { throw SystemCallError.current("chown", subject: path) }
            if chmod(path, mode) != 0 { throw SystemCallError.current("chmod", subject: path) }
            if listen(raw, backlog) != 0 { throw SystemCallError.current("listen", subject: path) }
        } catch {
            unlink(path)
            throw error
        }
        descriptor = Mutex(owned.release())
    }

    deinit { close() }

    /// Stops listening and removes the file, unless it has meanwhile become another's. Connections that exist live on.
    public func close() {
        let raw = descriptor.withLock { value in
            defer { value = -1 }
            return value
        }
        guard raw >= 0 else { return }
        if let now = try? Self.identity(path), now == identity { unlink(path) }
        _ = Glibc.close(raw)
    }

    /// Lends the listening descriptor until `close`; -1 after that.
    public var rawDescriptor: Int32 { descriptor.withLock { $0 } }

    private static func identity(_ path: String) throws(SystemCallError) -> FileIdentity {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .current("lstat", subject: path) }
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    private static func removeDeadSocket(_ address: UnixSocketAddress) throws(SystemCallError) {
        let path = address.path
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .current("lstat", subject: path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SystemCallError("bind", code: EEXIST, subject: path) }
        let probe = OwnedDescriptor(
            try retryingOnInterrupt("socket", subject: path) {
                socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
            })
        // EAGAIN means a full backlog: somebody is alive behind it, only slow.
        let raw = probe.rawValue
        guard address.withSystemAddress({ connect(raw, $0, $1) }) != 0, errno == ECONNREFUSED || errno == ENOENT else {
            throw SystemCallError("bind", code: EADDRINUSE, subject: path)
        }
        if unlink(path) != 0, errno != ENOENT { throw .current("unlink", subject: path) }
    }
}
