import Glibc
@testable import RelayDaemon
import SafeIO
import Testing

/// What `sendmail` leaves, and what is found there.
@Suite final class MaildropTests {
    private let path = "/tmp/maildrop-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60)))"

    deinit {
        if let names = try? Directory(path: path).names() { for name in names { unlink("\(path)/\(name)") } }
        rmdir(path)
    }

    private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func found(_ folder: Directory, _ name: String) throws -> DroppedMail {
        guard let file = try folder.openForeign(name) else { throw DroppedMail.Fault(text: "there is no such file") }
        return try DroppedMail(file, name: name, group: try folder.ownStatus().group)
    }

    private func message(_ mail: borrowing DroppedMail) throws -> [UInt8]? {
        var message: [UInt8] = []
        while let piece = try mail.piece(at: message.count) {
            if piece.isEmpty { return message }
            message += piece
        }
        return nil
    }

    @Test(arguments: [1, 5, 100, 262_144, 262_147, 1_000_000]) func whole(size: Int) throws {
        let folder = try Maildrop.open(path)
        #expect(try folder.ownStatus().mode == 0o3733)
        let wire = [UInt8](repeating: 120, count: size) + octets("\r\n.\r\n")
        try Maildrop.leave(wire, from: octets("daemon"), to: [octets("root"), octets("a@b.example")], in: path)
        let names = try folder.names()
        #expect(names.count == 1)
        let mail = try found(folder, try #require(names.first))
        #expect(mail.sender == octets("daemon"))
        #expect(mail.recipients == [octets("root"), octets("a@b.example")])
        #expect(mail.file.status.mode == 0o640)
        #expect(try message(mail) == wire)
    }

    /// Its owner may write to it at any moment.
    @Test func changedWhileItIsRead() throws {
        let folder = try Maildrop.open(path)
        try Maildrop.leave(octets("x\r\n.\r\n"), from: [], to: [octets("root")], in: path)
        let name = try #require(try folder.names().first)
        let mail = try found(folder, name)
        let file = OwnedDescriptor(open("\(path)/\(name)", O_RDWR))
        let end = octets("y")
        end.withUnsafeBytes { file.overwrite(at: mail.file.size - 1, with: $0) }
        #expect(try message(mail) == nil)
        try file.truncate(to: mail.file.size - 2, subject: name)
        #expect(try message(mail) == nil)
    }

    @Test(arguments: [
        ("", "no end"), (".\r\n", "no end"), ("\r\n.\r\n", "envelope"), ("DATA\r\n\r\n.\r\n", "envelope"),
        ("MAIL FROM:<>\r\nDATA\r\n\r\n.\r\n", "envelope"), ("RCPT TO:<a>\r\nDATA\r\n\r\n.\r\n", "envelope"),
        ("MAIL FROM:<>\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n\r\n.\r\n", "envelope"),
        ("MAIL FROM:<>\r\nRCPT TO:<a\u{1}>\r\nDATA\r\n\r\n.\r\n", "envelope"),
        ("MAIL FROM:<>\r\nRCPT TO:<a>\r\nQUIT\r\n\r\n.\r\n", "envelope"),
    ]) func faults(content: String, reason: String) throws {
        let folder = try Maildrop.open(path)
        try WholeFile.replace("\(path)/x", with: octets(content), mode: 0o640)
        do {
            _ = try found(folder, "x")
            Issue.record("it was taken")
        } catch let fault as DroppedMail.Fault {
            #expect(fault.text.contains(reason))
        }
    }

    @Test func aFolderOfSomebodyElseIsNotUsed() throws {
        #expect(throws: SystemCallError.self) { try Maildrop.open("/proc/self") }
        #expect(symlink("/tmp", path) == 0)
        #expect(throws: SystemCallError.self) { try Maildrop.open(path) }
        unlink(path)
    }
}
