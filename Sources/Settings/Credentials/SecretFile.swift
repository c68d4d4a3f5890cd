internal import Glibc
public import SafeIO

/// A file with a secret in it that the daemon reads.
public enum SecretFile {
    /// Mode and owner of a new one: made by root it is for the daemon's group to read, where there is one.
    static var ofDaemon: (mode: UInt32, owner: (user: UInt32, group: UInt32)?) {
        guard geteuid() == 0, let group = SecretFileRules.group(named: "fairlead") else { return (0o600, nil) }
        return (0o640, (0, group))
    }

    /// Writes a new one, or replaces it as a whole.
    public static func write(_ path: String, _ octets: [UInt8]) throws(SystemCallError) {
        let (mode, owner) = ofDaemon
        try WholeFile.replace(path, with: octets, mode: mode, owner: owner)
    }

    /// Makes the folder for one, and its missing parents.
    public static func makeFolder(_ path: String) throws(SystemCallError) {
        let isNew = access(path, F_OK) != 0
        _ = try Directory.create(path: path, mode: 0o750)
        guard isNew, let owner = ofDaemon.owner else { return }
        _ = try retryingOnInterrupt("chown", subject: path) { chown(path, owner.user, owner.group) }
    }
}
