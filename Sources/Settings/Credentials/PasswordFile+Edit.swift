internal import Glibc
public import SafeIO

extension PasswordFile {
    /// Changes the file as a whole: readers see the old or the new one, and owner and mode stay. Two edits at a time wait for
    /// each other. A missing file is made, for the daemon's group to read where there is one.
    ///
    /// - Parameter change: returns whether there is anything to write.
    /// - Throws: the file is then as it was.
    public static func edit(_ path: String, _ change: (inout PasswordFile) -> Bool) throws(SystemCallError) {
        // A link stays a link: what it leads to is edited.
        let target = resolved(path)
        let folder = target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        // The lock is on the folder, since the file itself is replaced.
        let lock = OwnedDescriptor(
            try retryingOnInterrupt("open", subject: folder) { open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
        _ = try retryingOnInterrupt("flock", subject: folder) { flock(lock.rawValue, LOCK_EX) }
        var octets: [UInt8] = []
        var (mode, owner) = SecretFile.ofDaemon
        do throws(SystemCallError) {
            let (found, status) = try WholeFile.readWithStatus(target, limit: maximumOctets)
            guard status.isRegularFile else { throw SystemCallError("open", code: EINVAL, subject: target) }
            (octets, mode, owner) = (found, status.mode, (status.owner, status.group))
        } catch {
            guard error.code == ENOENT else { throw error }
        }
        var file = parse(octets, file: path).file
        guard change(&file) else { return }
        try WholeFile.replace(target, with: file.octets, mode: mode, owner: owner)
    }

    static let maximumOctets = 16 << 20

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
