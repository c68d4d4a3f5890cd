/// What only tests ask.
extension SQLiteQueueStore {
    /// SQLite's own idea of a full disk.
    func limitPages(_ sql: @escaping @Sendable (Int64) -> Int64) async throws(QueueError) {
        try await queue.perform(.reading) { database throws(QueueError) in
            let count = try database.connection.number("PRAGMA page_count")
            return .success(try database.connection.run("PRAGMA max_page_count=\(sql(count))"))
        }
    }

    /// How SQLite looks for due messages.
    func duePlans() async throws(QueueError) -> [String] {
        try await queue.perform(.reading) { database throws(QueueError) in .success(try database.duePlans()) }
    }

    /// All that would wait for a quiet moment.
    func maintainNow() async {
        _ = try? await queue.perform(.reading) { database throws(QueueError) in
            while try database.maintain() {}
            return .success(())
        }
    }

    func markUnhealthy(_ reason: String) { queue.markUnhealthy(.storageUnhealthy(reason)) }

    /// Transactions so far, each with one sync.
    var commits: Int { queue.commits }
}
