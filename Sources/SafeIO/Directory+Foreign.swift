internal import Glibc

/// A file that anybody may have put where it is, opened for reading and looked at through the same descriptor.
public struct ForeignFile: ~Copyable {
    public let descriptor: OwnedDescriptor
    public let status: FileStatus
    public let size: Int
    /// How many names it has.
    public let links: Int
    /// When its content was changed last, in seconds since 1970.
    public let changed: Int
}

extension Directory {
    /// The folder's own owner, group and mode.
    public func ownStatus() throws(SystemCallError) -> FileStatus {
        try withDescriptor { raw throws(SystemCallError) in
            var status = stat()
            _ = try retryingOnInterrupt("fstat", subject: path) { fstat(raw, &status) }
            return FileStatus(status)
        }
    }

    /// When something was put in, taken out or renamed last, in nanoseconds since 1970.
    public func lastChange() throws(SystemCallError) -> Int {
        try withDescriptor { raw throws(SystemCallError) in
            var status = stat()
            _ = try retryingOnInterrupt("fstat", subject: path) { fstat(raw, &status) }
            return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        }
    }

    /// - Parameter group: `nil` leaves it.
    public func setMode(_ mode: UInt32, group: UInt32?) throws(SystemCallError) {
        try withDescriptor { raw throws(SystemCallError) in
            // First the group: a change of it may clear bits of the mode.
            if let group { _ = try retryingOnInterrupt("fchown", subject: path) { fchown(raw, uid_t.max, group) } }
            _ = try retryingOnInterrupt("fchmod", subject: path) { fchmod(raw, mode) }
        }
    }

    /// Makes an empty file and takes it away again.
    public func proveRemoval(named name: String) throws(SystemCallError) {
        try withDescriptor { raw throws(SystemCallError) in
            let made = try retryingOnInterrupt("open", subject: "\(path)/\(name)") {
                openat(raw, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
            }
            close(made)
            _ = try retryingOnInterrupt("unlink", subject: "\(path)/\(name)") { unlinkat(raw, name, 0) }
        }
    }

    public func removeEmptyFolder(_ name: String) throws(SystemCallError) {
        try withDescriptor { raw throws(SystemCallError) in
            _ = try retryingOnInterrupt("rmdir", subject: "\(path)/\(name)") { unlinkat(raw, name, AT_REMOVEDIR) }
        }
    }

    /// Opens what may be anything without being held up by it: no symbolic link is followed, no FIFO waited for.
    ///
    /// - Returns: `nil` if there is no such name.
    public func openForeign(_ name: String) throws(SystemCallError) -> ForeignFile? {
        let raw: Int32
        do throws(SystemCallError) {
            raw = try withDescriptor { folder throws(SystemCallError) in
                try retryingOnInterrupt("open", subject: "\(path)/\(name)") {
                    openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
                }
            }
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        let descriptor = OwnedDescriptor(raw)
        var status = stat()
        _ = try retryingOnInterrupt("fstat", subject: "\(path)/\(name)") { fstat(raw, &status) }
        return ForeignFile(
            descriptor: descriptor, status: FileStatus(status), size: Int(status.st_size), links: Int(status.st_nlink),
            changed: status.st_mtim.tv_sec)
    }
}
