internal import Glibc

/// A directory held open, so that what is made in it can be made durable.
public final class Directory: Sendable {
    public let path: String
    private let descriptor: OwnedDescriptor

    /// Opens a directory that exists; a symbolic link in its place is refused.
    public init(path: String) throws(SystemCallError) {
        self.path = path
        let raw = try retryingOnInterrupt("open", subject: path) { open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        descriptor = OwnedDescriptor(raw)
    }

    /// Makes the directory and its missing parents, then opens it. New ones get `mode`, and their own parents are synced.
    public static func create(path: String, mode: UInt32 = 0o700) throws(SystemCallError) -> Directory {
        var current = path.hasPrefix("/") ? "" : "."
        for component in path.split(separator: "/") {
            let parent = current.isEmpty ? "/" : current
            current += "/" + component
            if mkdir(current, mode) == 0 {
                try Directory(path: parent).sync()
            } else if errno != EEXIST {
                throw .current("mkdir", subject: current)
            }
        }
        return try Directory(path: path)
    }

    /// Creates a file that must not exist yet, readable and writable by its owner only.
    public func createExclusively(_ name: String, mode: UInt32 = 0o600) throws(SystemCallError) -> OwnedDescriptor {
        let raw = try retryingOnInterrupt("open", subject: "\(path)/\(name)") {
            openat(descriptor.rawValue, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        }
        return OwnedDescriptor(raw)
    }

    /// Opens an existing file for reading; never through a symbolic link.
    public func openForReading(_ name: String) throws(SystemCallError) -> OwnedDescriptor {
        let raw = try retryingOnInterrupt("open", subject: "\(path)/\(name)") {
            openat(descriptor.rawValue, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        }
        return OwnedDescriptor(raw)
    }

    public func rename(_ name: String, to newName: String) throws(SystemCallError) {
        _ = try retryingOnInterrupt("rename", subject: "\(path)/\(name)") {
            renameat(descriptor.rawValue, name, descriptor.rawValue, newName)
        }
    }

    /// - Returns: false if there was no such file.
    @discardableResult
    public func remove(_ name: String) throws(SystemCallError) -> Bool {
        do {
            _ = try retryingOnInterrupt("unlink", subject: "\(path)/\(name)") { unlinkat(descriptor.rawValue, name, 0) }
            return true
        } catch {
            if error.code == ENOENT { return false }
            throw error
        }
    }

    /// The names in it, without `.` and `..`, in no order.
    public func names() throws(SystemCallError) -> [String] {
        guard let stream = opendir(path) else { throw .current("opendir", subject: path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Lends the descriptor for one call; it must not be closed or kept.
    func withDescriptor<Result>(_ body: (Int32) throws(SystemCallError) -> Result) throws(SystemCallError) -> Result {
        try body(descriptor.rawValue)
    }

    /// Makes created, renamed and removed entries survive a power cut.
    public func sync() throws(SystemCallError) {
        _ = try retryingOnInterrupt("fsync", subject: path) { fsync(descriptor.rawValue) }
    }
}
