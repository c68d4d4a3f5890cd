internal import Glibc
internal import MailModel
internal import SafeIO
internal import Synchronization

/// The folder of a sandbox. Files are written before the reply leaves, but not synced: the sandbox is what survives in a crash test,
/// not what crashes.
final class SandboxStore: Sendable {
    private let directory: Directory?
    /// Opened for appending, so that lines of several connections do not mix.
    private let journal: OwnedJournal?
    let keepsMessages: Bool

    init(_ keep: SandboxConfiguration.Keep) throws(SystemCallError) {
        switch keep {
        case .messages(let folder), .journal(let folder):
            let directory = try Directory.create(path: folder)
            journal = try OwnedJournal(path: folder + "/journal.jsonl")
            self.directory = directory
        case .nothing:
            directory = nil
            journal = nil
        }
        if case .messages = keep { keepsMessages = true } else { keepsMessages = false }
    }

    /// Opens a file for a message that begins to arrive; `nil` where messages are not kept.
    func begin() throws(SystemCallError) -> IncomingFile? {
        guard keepsMessages, let directory else { return nil }
        return try IncomingFile(in: directory)
    }

    func write(_ transaction: SandboxTransaction) throws(SystemCallError) { try journal?.append(transaction.json + [ASCII.lineFeed]) }

    /// Gives an accepted message its three names, the `.json` last.
    func commit(
        _ incoming: IncomingFile, header: [UInt8], bodyOffset: Int, transaction: SandboxTransaction
    ) throws(SystemCallError) {
        guard let directory, let id = transaction.sesID else { return }
        let delivered = try directory.createExclusively("\(id).eml", mode: 0o644)
        try writeAll(header, to: delivered, subject: "\(id).eml")
        try incoming.copy(from: bodyOffset, to: delivered)
        try incoming.rename(to: "\(id).raw.eml")
        let temporary = ".\(id).json"
        let envelope = try directory.createExclusively(temporary, mode: 0o644)
        try writeAll(transaction.json + [ASCII.lineFeed], to: envelope, subject: temporary)
        try directory.rename(temporary, to: "\(id).json")
    }
}

/// The append-only `journal.jsonl`.
final class OwnedJournal: Sendable {
    private let descriptor: OwnedDescriptor
    private let path: String

    init(path: String) throws(SystemCallError) {
        self.path = path
        descriptor = OwnedDescriptor(
            try retryingOnInterrupt("open", subject: path) { open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) })
    }

    func append(_ line: [UInt8]) throws(SystemCallError) { try writeAll(line, to: descriptor, subject: path) }
}

/// A message as it arrives, octet for octet; removed unless it is renamed.
final class IncomingFile {
    private static let counter = Atomic<UInt64>(0)

    private let directory: Directory
    private let descriptor: OwnedDescriptor
    private var name: String
    private var isTemporary = true

    init(in directory: Directory) throws(SystemCallError) {
        self.directory = directory
        name = ".incoming.\(getpid()).\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
        descriptor = try directory.createExclusively(name, mode: 0o644)
    }

    deinit { if isTemporary { _ = try? directory.remove(name) } }

    func append(_ octets: [UInt8]) throws(SystemCallError) { try writeAll(octets, to: descriptor, subject: name) }

    func rename(to newName: String) throws(SystemCallError) {
        try directory.rename(name, to: newName)
        name = newName
        isTemporary = false
    }

    func copy(from offset: Int, to other: borrowing OwnedDescriptor) throws(SystemCallError) {
        var position = offset
        while true {
            var chunk = [UInt8](repeating: 0, count: 256 << 10)
            let raw = descriptor.rawValue
            let count = try retryingOnInterrupt("pread", subject: name) {
                chunk.withUnsafeMutableBytes { pread(raw, $0.baseAddress, $0.count, position) }
            }
            guard count > 0 else { return }
            chunk.removeLast(chunk.count - count)
            try writeAll(chunk, to: other, subject: name)
            position += count
        }
    }
}
