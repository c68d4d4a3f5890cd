internal import Glibc
internal import MailModel
public import SafeIO

/// The folder where programs of this host leave mail while no daemon takes it: anybody may put files in, nobody but the daemon may list them.
///
/// A file holds what SMTP would: the lines of MAIL, RCPT and DATA, then the message as it goes over the wire. It belongs to the user who sends,
/// which no other user can make it do; its group is the folder's, which shows that it was made there and not moved in.
public enum Maildrop {
    /// Set-group-ID, so that the daemon may read what others write; sticky, so that they cannot take away each other's.
    static let mode: UInt32 = 0o3733
    /// Before the name of a file that is being written.
    static let unfinished = "."
    /// Before the name of a file that was refused.
    static let refused = "refused."

    /// The daemon's way in: makes the folder if it is not there.
    static func open(_ path: String) throws(SystemCallError) -> Directory {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .current("mkdir", subject: path) }
        let folder = try Directory(path: path)
        let status = try folder.ownStatus()
        // What cannot be taken away would be sent again.
        try folder.proveRemoval(named: "\(unfinished)probe.\(getpid())")
        guard status.mode != mode || status.owner != geteuid() else { return folder }
        // Its owner may take away what others put in.
        guard status.owner == geteuid() else { throw SystemCallError("open", code: EPERM, subject: path) }
        let group = ControlServer.group(named: "fairlead")
        try folder.setMode(mode, group: group == status.group ? nil : group)
        return folder
    }

    /// Leaves a message, durably. Any user may.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - sender: without angle brackets, as the recipients.
    ///   - wire: with the final dot.
    public static func leave(_ wire: [UInt8], from sender: [UInt8], to recipients: [[UInt8]], in path: String) throws(SystemCallError) {
        var script = Array("MAIL FROM:<".utf8) + sender + Array(">\r\n".utf8)
        for recipient in recipients { script += Array("RCPT TO:<".utf8) + recipient + Array(">\r\n".utf8) }
        script += Array("DATA\r\n".utf8)
        let name = "\(SystemClock.microseconds()).\(getpid()).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        let temporary = "\(path)/\(unfinished)\(name)"
        let descriptor = OwnedDescriptor(
            try retryingOnInterrupt("open", subject: temporary) {
                Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o640)
            })
        do throws(SystemCallError) {
            _ = try retryingOnInterrupt("fchmod", subject: temporary) { fchmod(descriptor.rawValue, 0o640) }
            try writeAll(script, to: descriptor, subject: temporary)
            try writeAll(wire, to: descriptor, subject: temporary)
            _ = try retryingOnInterrupt("fsync", subject: temporary) { fsync(descriptor.rawValue) }
            _ = try retryingOnInterrupt("rename", subject: temporary) { rename(temporary, "\(path)/\(name)") }
        } catch {
            unlink(temporary)
            throw error
        }
        // The folder cannot be opened, and so not synced, by those who may not list it. The journals of ext4 and XFS carry the new name with a
        // sync of the file that bears it.
        _ = try retryingOnInterrupt("fsync", subject: path) { fsync(descriptor.rawValue) }
    }
}
