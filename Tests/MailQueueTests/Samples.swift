import Glibc
import MailModel
@testable import MailQueue
import SafeIO
import Synchronization

final class Paths: Sendable { let list = Mutex<[String]>([]) }

/// A folder of its own for one test. Removed when the process ends: a store outlives the last mention of its folder.
final class Folder: Sendable {
    private static let made: Paths = {
        atexit { Folder.made.list.withLock { for path in $0 { Folder.remove(path) } } }
        return Paths()
    }()

    let path: String

    init() throws {
        var template = Array("/tmp/fairlead-queue-XXXXXX".utf8CString)
        path = String(cString: try present(mkdtemp(&template)))
        Self.made.list.withLock { $0.append(path) }
    }

    private static func remove(_ path: String) {
        guard let directory = try? Directory(path: path), let names = try? directory.names() else { return }
        for name in names where unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// What a crash would leave: the files as they are now, while the store that has them is still open.
    func crashed() throws -> Folder {
        let copy = try Folder()
        try Self.copy(path, copy.path)
        return copy
    }

    private static func copy(_ from: String, _ to: String) throws {
        let directory = try Directory(path: from)
        let target = try Directory.create(path: to)
        for name in try directory.names() where name != "reserve" {
            if try directory.status(of: name)?.kind == .directory {
                try copy("\(from)/\(name)", "\(to)/\(name)")
            } else {
                let file = try target.createExclusively(name)
                try writeAll(try WholeFile.read("\(from)/\(name)", limit: 1 << 30), to: file, subject: name)
            }
        }
    }

    func store(_ change: (inout SQLiteQueueStore.Options) -> Void = { _ in }) throws -> SQLiteQueueStore {
        var options = SQLiteQueueStore.Options { Sample.now }
        options.reserveSize = 64 << 10
        change(&options)
        return try SQLiteQueueStore(path: path, options: options)
    }

    func write(_ name: String, _ octets: [UInt8]) throws {
        _ = try? Directory(path: path).remove(name)
        let descriptor = OwnedDescriptor(open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600))
        try writeAll(octets, to: descriptor, subject: name)
    }

    func names(_ folder: String = "") throws -> [String] { try Directory(path: "\(path)/\(folder)").names().sorted() }
}

struct Missing: Error {}

func present<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Missing() }
    return value
}

enum Sample {
    static let now = Timestamp(seconds: 1_800_000_000)
    static let later = now + .seconds(600)

    static func id(_ number: Int) -> QueueID { QueueID(200_000_000_000 << 21 + Int64(number)).unsafelyUnwrapped }

    static func account(_ name: String = "crm") -> AccountName { AccountName(name).unsafelyUnwrapped }

    static func mailbox(_ text: String) -> Mailbox { (try? Mailbox(parsing: Array(text.utf8))).unsafelyUnwrapped }

    static func message(
        _ number: Int, to recipients: [String] = ["anna@corp.example"], account: String = "crm", body: StoredBody? = nil,
        due: Timestamp = now
    ) -> QueuedMessage {
        var facts = MessageFacts()
        facts.client = "192.0.2.7"
        facts.sender = "app@localhost"
        facts.messageID = "<m\(number)@mail.example.com>"
        return QueuedMessage(
            id: id(number), account: Sample.account(account), acceptedAt: now,
            reversePath: .mailbox(mailbox("bounce@mail.example.com")),
            recipients: recipients.enumerated().map { QueuedRecipient(index: $0.offset, mailbox: mailbox($0.element), nextAttempt: due) },
            header: Array("Subject: \(number)\r\n\r\n".utf8), body: body ?? .inline(Array("body \(number)\r\n".utf8)), is8Bit: false,
            facts: facts)
    }

    static func accepted(_ message: QueuedMessage) -> RelayEvent {
        var event = RelayEvent(
            .accepted, at: message.acceptedAt, queueID: message.id, account: message.account, recipients: message.recipients.map(\.mailbox))
        event.messageID = message.facts.messageID
        event.messageSize = message.size
        return event
    }

    /// The outcome "relayed" for all recipients.
    static func relayed(_ message: QueuedMessage, sesID: String = "0102018b-ses") -> DeliveryRecord {
        var event = RelayEvent(.relayed, at: now + .seconds(1), queueID: message.id, recipients: message.recipients.map(\.mailbox))
        event.sesID = sesID
        event.reply = "250 Ok \(sesID)"
        return DeliveryRecord(
            message.id,
            results: message.recipients.map { RecipientResult(index: $0.index, verdict: .relayed, attempts: 1, reply: "250 Ok") },
            events: [event])
    }
}

func body(of store: any QueueStore, _ file: SpoolFile) async throws -> [UInt8] {
    let reader = try await store.openBody(file)
    var octets: [UInt8] = []
    while let piece = try await reader.next() { octets += piece }
    return octets
}

func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }
