internal import Glibc

/// What a directory entry is, without following it.
public struct EntryStatus: Hashable, Sendable {
    public enum Kind: Hashable, Sendable { case file, directory, symbolicLink, other }
    public let kind: Kind
    public let size: Int
    /// How many names the file has.
    public let links: Int
}

/// Room on a file system for users without privileges.
public struct FreeSpace: Hashable, Sendable {
    public let octets: Int
    /// `nil` where the file system makes inodes as it needs them.
    public let inodes: Int?
}

extension Directory {
    /// - Returns: `nil` if there is no such entry.
    public func status(of name: String) throws(SystemCallError) -> EntryStatus? {
        try withDescriptor { raw throws(SystemCallError) in
            var status = stat()
            do throws(SystemCallError) {
                _ = try retryingOnInterrupt("fstatat", subject: "\(path)/\(name)") { fstatat(raw, name, &status, AT_SYMLINK_NOFOLLOW) }
            } catch {
                if error.code == ENOENT { return nil }
                throw error
            }
            let kind: EntryStatus.Kind =
                switch status.st_mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .directory
                case S_IFLNK: .symbolicLink
                default: .other
                }
            return EntryStatus(kind: kind, size: Int(status.st_size), links: Int(status.st_nlink))
        }
    }

    /// Opens a file for reading and writing, made with `mode` if it is not there; never through a symbolic link.
    public func openOrCreate(_ name: String, mode: UInt32 = 0o600) throws(SystemCallError) -> OwnedDescriptor {
        OwnedDescriptor(
            try withDescriptor { raw throws(SystemCallError) in
                try retryingOnInterrupt("open", subject: "\(path)/\(name)") {
                    openat(raw, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode)
                }
            })
    }

    /// Calls `body` with each name but `.` and `..`, one at a time: a directory of any size costs the same memory. Names that are
    /// removed meanwhile may or may not be seen. Names are octets; those that are not UTF-8 arrive repaired and so name no file.
    public func forEachName<Failure: Error>(_ body: (String) throws(Failure) -> Void) throws(Failure) -> SystemCallError? {
        guard let stream = opendir(path) else { return .current("opendir", subject: path) }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else { return errno == 0 ? nil : .current("readdir", subject: path) }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { try body(name) }
        }
    }

    public func freeSpace() throws(SystemCallError) -> FreeSpace {
        try withDescriptor { raw throws(SystemCallError) in
            var status = statvfs()
            _ = try retryingOnInterrupt("fstatvfs", subject: path) { fstatvfs(raw, &status) }
            let blocks = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
            return FreeSpace(
                octets: blocks.overflow ? .max : blocks.partialValue,
                inodes: status.f_files == 0 ? nil : Int(clamping: status.f_favail))
        }
    }
}
