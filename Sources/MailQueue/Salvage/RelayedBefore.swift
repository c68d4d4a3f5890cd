internal import Glibc
internal import MailModel
internal import SafeIO

/// What a copy of the history says of messages that a damaged queue still has.
struct RelayedBefore {
    private let history: HistoryStore?
    private let path: String

    /// - Parameter path: a folder for the copy, made for it and removed by `close`.
    init(_ directory: Directory, copyingTo path: String, clock: @escaping WallClock) {
        self.path = path
        history = Self.open(directory, path, clock)
    }

    private static func open(_ directory: Directory, _ path: String, _ clock: @escaping WallClock) -> HistoryStore? {
        do {
            let copy = try Directory.create(path: path, mode: 0o700)
            for name in ["history.db", "history.db-journal"] where try directory.status(of: name) != nil {
                try WholeFile.copy("\(directory.path)/\(name)", to: "\(path)/\(name)")
            }
            return try HistoryStore(directory: copy, age: .seconds(3650 * 86_400), sizeLimit: .max, clock: clock)
        } catch {
            return nil
        }
    }

    nonisolated(nonsending) func has(_ id: QueueID, _ mailbox: Mailbox) async -> Bool {
        guard let history, let events = try? await history.trace(id.description, limit: 1) else { return false }
        return events.contains { $0.name == .relayed && $0.queueID == id && $0.recipients.contains(mailbox) }
    }

    func close() async {
        await history?.close()
        guard let directory = try? Directory(path: path) else { return }
        for name in (try? directory.names()) ?? [] { _ = try? directory.remove(name) }
        rmdir(path)
    }
}
