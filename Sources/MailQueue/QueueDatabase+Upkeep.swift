internal import GRDB
internal import GRDBSQLite
internal import MailModel

/// The WAL is emptied here and not inside a commit, where SQLite would do it while a whole group waits for its replies.
extension QueueDatabase {
    /// 4 MiB: emptied as soon as nobody waits.
    private static let worthwhileFrames: Int32 = 1000
    /// 32 MiB: emptied even if somebody waits, so that the file stays bounded.
    private static let longFrames: Int32 = 8000
    /// Free pages are kept for the next messages unless they are many.
    private static let sparePages: Int64 = 1024

    func watchFrames() {
        guard let handle = connection.sqliteConnection else { return }
        sqlite3_wal_hook(
            handle,
            { context, _, _, frames in
                context?.assumingMemoryBound(to: Int32.self).pointee = frames
                return SQLITE_OK
            }, frames)
    }

    func stopWatchingFrames() {
        guard let handle = connection.sqliteConnection else { return }
        sqlite3_wal_hook(handle, nil, nil)
    }

    var isWALLong: Bool { frames.pointee >= Self.longFrames }

    /// 1 MiB, well below the reserve.
    var isWALNoticeable: Bool { frames.pointee >= 256 }

    var isWALWorthCheckpointing: Bool { frames.pointee >= Self.worthwhileFrames }

    /// What the WAL holds at most.
    var walOctets: Int { Int(frames.pointee) * 4096 }

    /// How much longer `queue.db` becomes when the WAL is copied into it.
    func checkpointGrowth(fileSize: Int) -> Int {
        guard frames.pointee > 0, let pages = try? connection.number("PRAGMA page_count") else { return 0 }
        return max(0, Int(pages) * 4096 - fileSize)
    }

    /// Copies the WAL into the database; the next commit starts it anew.
    func checkpoint(truncating: Bool = false) throws(QueueError) {
        guard let handle = connection.sqliteConnection else { return }
        var log: Int32 = 0
        var copied: Int32 = 0
        let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        guard sqlite3_wal_checkpoint_v2(handle, "main", mode, &log, &copied) == SQLITE_OK else { throw .from(handle) }
        frames.pointee = 0
    }

    var needsMaintenance: Bool { frames.pointee > 0 || outbox.hasLeftovers }

    /// One short step of what can wait for a quiet moment.
    ///
    /// - Returns: whether there is more to do.
    func maintain() throws(QueueError) -> Bool {
        if outbox.hasLeftovers {
            try transaction { () throws(QueueError) in }
            return true
        }
        let free = try connection.number("PRAGMA freelist_count")
        if free > Self.sparePages {
            try connection.run("PRAGMA incremental_vacuum(256)")
            return true
        }
        try checkpoint(truncating: true)
        return false
    }

    func tidyForClosing() throws(QueueError) {
        try transaction { () throws(QueueError) in try markServiceTime(force: true) }
        try checkpoint(truncating: true)
    }

    /// Writes and reads back a number of its own.
    func probe() throws(QueueError) {
        try connection.run("UPDATE mark SET value = value + 1 WHERE name = 'probe'")
    }

    func duePlans() throws(QueueError) -> [String] {
        var plans: [String] = []
        for statement in [selectDueTies, selectDue, selectDueTiesOf, selectDueOf] {
            let plan = try PreparedStatement(connection, "EXPLAIN QUERY PLAN \(statement.sql)")
            try plan.forEachRow { () throws(QueueError) in plans.append(plan.text(3)) }
        }
        return plans
    }
}
