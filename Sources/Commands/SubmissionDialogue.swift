internal import ArgumentParser
internal import Glibc
internal import MailModel
internal import RelayDaemon
internal import SafeIO

/// One message over the daemon's socket for forwarding.
struct SubmissionDialogue: ~Copyable {
    private var stream: UnixStream
    private let path: String

    /// Connects to the daemon that runs with this configuration.
    ///
    /// - Throws: an exit code, after having said on standard error what is wrong and what to do.
    init(config: String) throws {
        path = Relay.forwardSocket(besideControl: ConfigurationFile.controlSocket(of: config) ?? "/run/fairlead/control.sock")
        do throws(SystemCallError) {
            stream = try UnixStream.connect(path: path, timeout: .seconds(300))
        } catch {
            switch error.code {
            case EACCES, EPERM: throw failure("not allowed to use \(path); run as root or as the daemon's user", Sysexits.permission)
            default: throw failure("no daemon answers at \(path) (\(error)); is it running?", Sysexits.temporary)
            }
        }
    }

    /// - Parameter message: with the final dot.
    /// - Returns: the queue id.
    mutating func submit(_ message: [UInt8], from sender: ReversePath, to recipients: [Mailbox]) throws -> String {
        do {
            try expect("2", else: Sysexits.data)
            try send("EHLO localhost")
            try expect("2", else: Sysexits.data)
            try send("MAIL FROM:<\(sender)>")
            try expect("2", else: Sysexits.data)
            for recipient in recipients {
                try send("RCPT TO:<\(recipient)>")
                // All or none: a mail that half of the aliases got cannot be handed in again.
                try expect("2", else: Sysexits.noUser, about: "\(recipient): ")
            }
            try send("DATA")
            try expect("3", else: Sysexits.data)
            try stream.writeAll(message)
            let reply = try expect("2", else: Sysexits.data)
            try? send("QUIT")
            let marker = "queued as "
            guard let range = reply.firstRange(of: marker) else { return reply }
            return String(reply[range.upperBound...])
        } catch let error as SystemCallError {
            throw failure("lost the daemon at \(path): \(error); it may have taken the message", Sysexits.temporary)
        }
    }

    private mutating func send(_ command: String) throws { try stream.writeAll(Array(command.utf8) + [13, 10]) }

    /// - Parameter code: the exit code for a permanent refusal.
    /// - Returns: the text of the reply's last line.
    @discardableResult
    private mutating func expect(_ first: Character, else code: Int32, about: String = "") throws -> String {
        while let line = try stream.readLine(limit: 4096) {
            let text = PrintableText.sanitized(line.last == 13 ? line.dropLast() : line[...], limit: 1000)
            if line.count > 3, line[3] == UInt8(ascii: "-") { continue }
            if text.first == first { return text }
            throw failure(about + text, text.first == "5" ? code : Sysexits.temporary)
        }
        throw failure("the daemon at \(path) closed the connection; try again", Sysexits.temporary)
    }
}
