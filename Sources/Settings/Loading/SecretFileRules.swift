internal import Glibc
internal import SafeIO

/// Who may read a file with a secret in it: its owner, the daemon's own group, and `ssl-cert`, which Debian keeps keys for.
struct SecretFileRules: Sendable {
    /// The group of this process, and `fairlead`, which the daemon runs as when somebody else checks its configuration.
    let groups: Set<UInt32>
    /// What systemd puts there is protected by other means, and has modes of its own.
    let credentialsDirectory: String?

    init(environment: (String) -> String?) {
        groups = Set([getegid(), Self.group(named: "fairlead"), Self.group(named: "ssl-cert")].compactMap(\.self))
        credentialsDirectory = environment("CREDENTIALS_DIRECTORY").flatMap { $0.hasPrefix("/") ? Self.realPath($0) : nil }
    }

    /// - Returns: what is wrong and the command that mends it; `nil` if nothing is.
    func objection(to path: String, _ status: FileStatus) -> String? {
        if let credentialsDirectory, let real = Self.realPath(path), real.hasPrefix(credentialsDirectory + "/") { return nil }
        let digits = String(status.mode, radix: 8)
        let mode = "mode " + String(repeating: "0", count: Swift.max(0, 4 - digits.utf8.count)) + digits
        let name = FileText.shell(path)
        if status.mode & 0o006 != 0 {
            let isOurGroup = groups.contains(status.group)
            return "\(path) is open to every user of this host (\(mode)); run: chmod \(isOurGroup ? "o=" : "go=") \(name)"
        }
        if status.mode & 0o060 != 0, !groups.contains(status.group) {
            let group = Self.name(ofGroup: status.group)
            return "\(path) is open to the group \(group) (\(mode)), which is not the daemon's; "
                + "run: chgrp fairlead \(name), or: chmod g= \(name)"
        }
        return nil
    }

    static func group(named name: String) -> UInt32? { getgrnam(name)?.pointee.gr_gid }

    private static func name(ofGroup id: UInt32) -> String { getgrgid(id).map { String(cString: $0.pointee.gr_name) } ?? String(id) }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
