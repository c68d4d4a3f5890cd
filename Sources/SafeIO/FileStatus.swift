internal import Glibc

/// Whose a file is and who may touch it.
public struct FileStatus: Hashable, Sendable {
    public let isRegularFile: Bool
    /// The permission bits, `0o640`.
    public let mode: UInt32
    public let owner: UInt32
    public let group: UInt32
    public let stamp: FileStamp

    init(_ status: stat) {
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        stamp = FileStamp(status)
    }
}

extension WholeFile {
    /// Reads a file of at most `limit` octets and tells whose it is, both of the same file even if it is being replaced.
    ///
    /// What is no regular file is not read: it comes back empty, so that a FIFO in the place of a key cannot hang the caller.
    public static func readWithStatus(
        _ path: String, limit: Int = 16 << 20
    ) throws(SystemCallError) -> (octets: [UInt8], status: FileStatus) {
        let descriptor = OwnedDescriptor(
            try retryingOnInterrupt("open", subject: path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) })
        var raw = stat()
        _ = try retryingOnInterrupt("fstat", subject: path) { fstat(descriptor.rawValue, &raw) }
        let status = FileStatus(raw)
        return (status.isRegularFile ? try readAll(descriptor, path, limit: limit) : [], status)
    }
}
