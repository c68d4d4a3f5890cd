internal import Glibc

/// Reading and writing whole small files: configuration, keys, tests' evidence.
public enum WholeFile {
    /// Reads a file of at most `limit` octets.
    ///
    /// - Throws: with code `EFBIG` if it is longer.
    public static func read(_ path: String, limit: Int = 16 << 20) throws(SystemCallError) -> [UInt8] {
        let descriptor = OwnedDescriptor(try retryingOnInterrupt("open", subject: path) { open(path, O_RDONLY | O_CLOEXEC) })
        return try readAll(descriptor, path, limit: limit)
    }

    /// Reads all of standard input, at most `limit` octets, through the descriptor itself: a user who was given another's pipe may read it
    /// and not open it.
    ///
    /// - Throws: with code `EFBIG` if it is longer.
    public static func readStandardInput(limit: Int) throws(SystemCallError) -> [UInt8] {
        try readAll(0, "standard input", limit: limit)
    }

    static func readAll(_ descriptor: borrowing OwnedDescriptor, _ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
        try readAll(descriptor.rawValue, path, limit: limit)
    }

    private static func readAll(_ raw: Int32, _ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try retryingOnInterrupt("read", subject: path) {
                chunk.withUnsafeMutableBytes { Glibc.read(raw, $0.baseAddress, $0.count) }
            }
            if count == 0 { return octets }
            guard octets.count + count <= limit else { throw SystemCallError("read", code: EFBIG, subject: path) }
            octets.append(contentsOf: chunk[..<count])
        }
    }

    /// Copies a file of any size, piece by piece, into a new one of mode 0600 that only this process knows of: it is not synced.
    public static func copy(_ source: String, to target: String) throws(SystemCallError) {
        let input = OwnedDescriptor(
            try retryingOnInterrupt("open", subject: source) { open(source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) })
        let output = OwnedDescriptor(
            try retryingOnInterrupt("open", subject: target) { open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) })
        var offset = 0
        while true {
            let piece = try input.read(at: offset, count: 1 << 20, subject: source)
            if piece.isEmpty { return }
            try writeAll(piece, to: output, subject: target)
            offset += piece.count
        }
    }

    /// Replaces `path` as a whole and durably: temporary file, fsync, rename, fsync of the folder.
    ///
    /// - Parameter owner: the user and group of the new file; those of the process if `nil`.
    /// - Throws: `path` then holds its old content, except after a failed sync of the folder, when it may hold either.
    public static func replace(
        _ path: String, with octets: [UInt8], mode: UInt32, owner: (user: UInt32, group: UInt32)? = nil
    ) throws(SystemCallError) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let directory = try Directory(path: folder)
        let temporary = ".\(name).\(getpid()).tmp"
        try directory.remove(temporary)
        let descriptor = try directory.createExclusively(temporary, mode: mode)
        do {
            // First the owner: a change of owner may clear bits of the mode.
            if let owner { _ = try retryingOnInterrupt("fchown", subject: path) { fchown(descriptor.rawValue, owner.user, owner.group) } }
            _ = try retryingOnInterrupt("fchmod", subject: path) { fchmod(descriptor.rawValue, mode) }
            try writeAll(octets, to: descriptor, subject: path)
            _ = try retryingOnInterrupt("fsync", subject: path) { fsync(descriptor.rawValue) }
            try descriptor.close(subject: path)
            try directory.rename(temporary, to: name)
        } catch {
            _ = try? directory.remove(temporary)
            throw error
        }
        try directory.sync()
    }
}

/// Writes everything, however short the single writes are.
public func writeAll(_ octets: [UInt8], to descriptor: borrowing OwnedDescriptor, subject: String) throws(SystemCallError) {
    var offset = 0
    let raw = descriptor.rawValue
    while offset < octets.count {
        offset += try retryingOnInterrupt("write", subject: subject) {
            octets.withUnsafeBytes { Glibc.write(raw, $0.baseAddress.map { $0 + offset }, $0.count - offset) }
        }
    }
}
