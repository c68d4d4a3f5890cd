internal import GRDB
internal import MailModel

/// The statements on `queue.db` and what goes with its transactions.
///
/// `@unchecked Sendable`: made and used only inside `CommitQueue`'s accesses to the database, which GRDB runs on one serial queue.
final class QueueDatabase: @unchecked Sendable {
    let connection: Database
    var counters = QueueCounters()
    /// Spool files whose rows this transaction deletes; to be removed once it is durable.
    var filesToRemove: [QueueID] = []
    var highestID: Int64
    private var storedHighestID: Int64
    private(set) var outbox: OutboxWriter

    /// Written by SQLite after each commit.
    let frames: UnsafeMutablePointer<Int32>

    private let begin, commit, rollback, storeHighestID: PreparedStatement
    let insertEntry, insertContent, insertRecipient: PreparedStatement
    let selectEntry, selectEntriesAfter, updateEntry, deleteEntry: PreparedStatement
    let selectContent, selectFacts, deleteContent: PreparedStatement
    let selectRecipients, updateRecipient, updateDueRecipients, deleteRecipients: PreparedStatement
    let selectDueTies, selectDue, selectOldest, selectNextDue, selectFiles: PreparedStatement

    /// - Parameter historySequence: the highest number of an outbox block that the history has seen.
    init(_ connection: Database, historySequence: Int64) throws(QueueError) {
        self.connection = connection
        func prepare(_ sql: String) throws(QueueError) -> PreparedStatement { try PreparedStatement(connection, sql) }
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        rollback = try prepare("ROLLBACK")
        storeHighestID = try prepare("UPDATE mark SET value = ?1 WHERE name = 'highest_id'")
        insertEntry = try prepare("INSERT INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        insertContent = try prepare("INSERT INTO content VALUES (?,?,?,?,?,?,?)")
        insertRecipient = try prepare("INSERT INTO recipient VALUES (?,?,?,?,?,?,?,?)")
        selectEntry = try prepare("SELECT \(EntryRow.columns) FROM entry WHERE id = ?")
        selectEntriesAfter = try prepare("SELECT \(EntryRow.columns) FROM entry WHERE id > ? ORDER BY id LIMIT ?")
        updateEntry = try prepare("UPDATE entry SET due_at = ?2, state = ?3, attempts = ?4, open = ?5, note = ?6 WHERE id = ?1")
        deleteEntry = try prepare("DELETE FROM entry WHERE id = ?")
        selectContent = try prepare("SELECT checksum, eight_bit, facts, file_checksum, header, body FROM content WHERE id = ?")
        selectFacts = try prepare("SELECT facts FROM content WHERE id = ?")
        deleteContent = try prepare("DELETE FROM content WHERE id = ?")
        selectRecipients = try prepare(
            "SELECT position, mailbox, state, attempts, doubts, next_attempt, reply FROM recipient WHERE message = ? ORDER BY position")
        updateRecipient = try prepare(
            """
            UPDATE recipient SET state = ?3, attempts = ?4, doubts = ?5, next_attempt = ?6, reply = ?7
            WHERE message = ?1 AND position = ?2
            """)
        updateDueRecipients = try prepare("UPDATE recipient SET next_attempt = ?2 WHERE message = ?1 AND state = 0")
        deleteRecipients = try prepare("DELETE FROM recipient WHERE message = ?")
        // Two statements, because SQLite would begin a page at (time, id) by reading over all rows of that time: after
        // "retry --all" that is the whole queue.
        selectDueTies = try prepare(
            """
            SELECT \(DueMessage.columns) FROM entry INDEXED BY entry_due
            WHERE state = 0 AND due_at = ? AND id > ? ORDER BY id LIMIT ?
            """)
        selectDue = try prepare(
            """
            SELECT \(DueMessage.columns) FROM entry INDEXED BY entry_due
            WHERE state = 0 AND due_at > ? AND due_at <= ? ORDER BY due_at, id LIMIT ?
            """)
        selectOldest = try prepare("SELECT accepted_at FROM entry WHERE state < 2 ORDER BY id LIMIT 1")
        selectNextDue = try prepare("SELECT due_at FROM entry INDEXED BY entry_due WHERE state = 0 ORDER BY due_at LIMIT 1")
        selectFiles = try prepare(
            "SELECT id, file_size FROM entry INDEXED BY entry_file WHERE file_size IS NOT NULL AND id > ? ORDER BY id LIMIT ?")
        highestID = try connection.number("SELECT value FROM mark WHERE name = 'highest_id'")
        storedHighestID = highestID
        outbox = try OutboxWriter(connection, after: historySequence)
        frames = .allocate(capacity: 1)
        frames.initialize(to: 0)
        watchFrames()
    }

    deinit {
        stopWatchingFrames()
        frames.deallocate()
    }

    /// Runs `body` in a transaction: durable when this returns, without a trace when it throws.
    func transaction(_ body: () throws(QueueError) -> Void) throws(QueueError) {
        do throws(QueueError) {
            if connection.isInsideTransaction { try rollback.run() }
            try begin.run()
            try body()
            if highestID > storedHighestID {
                storeHighestID.bind(1, highestID)
                try storeHighestID.run()
            }
            try outbox.flush()
            try commit.run()
            storedHighestID = highestID
            counters.settle()
            outbox.settle()
        } catch {
            // Some errors have ended the transaction already.
            if connection.isInsideTransaction { try? rollback.run() }
            highestID = storedHighestID
            counters.forget()
            outbox.forget()
            filesToRemove.removeAll()
            throw error
        }
    }

    /// Adds events that become durable with this transaction.
    func note(_ events: [RelayEvent]) {
        for event in events { outbox.append(event) }
    }

    /// The history has these blocks, durably.
    func takeOutbox(through sequence: Int64) { outbox.take(through: sequence) }
}
