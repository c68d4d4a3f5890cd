internal import GRDB
internal import MailModel

/// The statements on `queue.db` and what goes with its transactions.
///
/// `@unchecked Sendable`: made and used only inside `CommitQueue`'s accesses to the database, which GRDB runs on one serial queue.
final class QueueDatabase: @unchecked Sendable {
    let connection: Database
    var counters = QueueCounters()
    /// What this transaction adds to the ledger and to the sums of all time.
    var sums = TransactionSums()
    let ledger = SendingLedger()
    let suppressions = SuppressionList()
    let serviceClock: ServiceClock
    let clock: WallClock
    /// Suppressions of this transaction; in force once it is durable.
    var pendingSuppressions: [Suppression] = []
    private var lastServiceMark = ContinuousClock.Instant?.none
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
    let selectDueTies, selectDue, selectDueTiesOf, selectDueOf, selectOldest, selectNextDue, selectFiles, selectDead: PreparedStatement
    let markReported, reviveRecipients, setCrashes: PreparedStatement
    let selectOriginal, replaceContent, replaceEntry: PreparedStatement
    let addStrike, selectStrike, insertSuppression, deleteSuppression, deleteStrike: PreparedStatement
    private let addToLedger, forgetLedger, addToMark, setMark: PreparedStatement

    /// - Parameter historySequence: the highest number of an outbox block that the history has seen.
    init(_ connection: Database, historySequence: Int64, clock: @escaping WallClock) throws(QueueError) {
        self.connection = connection
        self.clock = clock
        serviceClock = ServiceClock(
            stored: .microseconds(try connection.number("SELECT value FROM mark WHERE name = 'service_clock'")),
            at: Timestamp(microseconds: try connection.number("SELECT value FROM mark WHERE name = 'service_wall'")), now: clock())
        func prepare(_ sql: String) throws(QueueError) -> PreparedStatement { try PreparedStatement(connection, sql) }
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        rollback = try prepare("ROLLBACK")
        storeHighestID = try prepare("UPDATE mark SET value = ?1 WHERE name = 'highest_id'")
        insertEntry = try prepare("INSERT INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        insertContent = try prepare("INSERT INTO content VALUES (?,?,?,?,?,?,?,?)")
        insertRecipient = try prepare("INSERT INTO recipient VALUES (?,?,?,?,?,?,?,?,?,?)")
        selectEntry = try prepare("SELECT \(EntryRow.columns) FROM entry WHERE id = ?")
        selectEntriesAfter = try prepare("SELECT \(EntryRow.columns) FROM entry WHERE id > ? ORDER BY id LIMIT ?")
        updateEntry = try prepare(
            "UPDATE entry SET due_at = ?2, state = ?3, attempts = ?4, open = ?5, note = ?6, warned = ?7 WHERE id = ?1")
        deleteEntry = try prepare("DELETE FROM entry WHERE id = ?")
        selectContent = try prepare("SELECT checksum, eight_bit, facts, file_checksum, header, body FROM content WHERE id = ?")
        selectFacts = try prepare("SELECT facts FROM content WHERE id = ?")
        deleteContent = try prepare("DELETE FROM content WHERE id = ?")
        selectRecipients = try prepare(
            """
            SELECT position, mailbox, state, attempts, doubts, next_attempt, reply, ses_id, reported FROM recipient
            WHERE message = ? ORDER BY position
            """)
        updateRecipient = try prepare(
            """
            UPDATE recipient SET state = ?3, attempts = ?4, doubts = ?5, next_attempt = ?6, reply = ?7, ses_id = ?8
            WHERE message = ?1 AND position = ?2
            """)
        updateDueRecipients = try prepare("UPDATE recipient SET next_attempt = ?2 WHERE message = ?1 AND state = 0")
        deleteRecipients = try prepare("DELETE FROM recipient WHERE message = ?")
        // Two statements, because SQLite would begin a page at (time, id) by reading over all rows of that time: after
        // "retry --all" that is the whole queue.
        selectDueTies = try prepare(
            """
            SELECT \(DueMessage.columns) FROM entry INDEXED BY entry_due
            WHERE state = 0 AND due_at = ?1 AND id > ?2 ORDER BY id LIMIT ?3
            """)
        selectDueTiesOf = try prepare(
            """
            SELECT \(DueMessage.columns) FROM entry INDEXED BY entry_due_by_account
            WHERE state = 0 AND account = ?4 AND due_at = ?1 AND id > ?2 ORDER BY id LIMIT ?3
            """)
        selectDueOf = try prepare(
            """
            SELECT \(DueMessage.columns) FROM entry INDEXED BY entry_due_by_account
            WHERE state = 0 AND account = ?4 AND due_at > ?1 AND due_at <= ?2 ORDER BY due_at, id LIMIT ?3
            """)
        selectDue = try prepare(
            """
            SELECT \(DueMessage.columns) FROM entry INDEXED BY entry_due
            WHERE state = 0 AND due_at > ?1 AND due_at <= ?2 ORDER BY due_at, id LIMIT ?3
            """)
        selectOldest = try prepare("SELECT accepted_at FROM entry WHERE state < 2 ORDER BY id LIMIT 1")
        selectNextDue = try prepare("SELECT due_at FROM entry INDEXED BY entry_due WHERE state = 0 ORDER BY due_at LIMIT 1")
        selectFiles = try prepare(
            "SELECT id, file_size FROM entry INDEXED BY entry_file WHERE file_size IS NOT NULL AND id > ? ORDER BY id LIMIT ?")
        selectDead = try prepare(
            "SELECT \(EntryRow.columns) FROM entry INDEXED BY entry_dead WHERE state = 3 AND due_at <= ? ORDER BY due_at, id LIMIT ?")
        markReported = try prepare("UPDATE recipient SET reported = 1 WHERE message = ? AND position = ?")
        reviveRecipients = try prepare(
            """
            UPDATE recipient SET state = 0, attempts = 0, next_attempt = ?2
            WHERE message = ?1 AND state IN (2, 3) AND reported = 0
            """)
        setCrashes = try prepare("UPDATE entry SET crashes = ?2 WHERE id = ?1")
        selectOriginal = try prepare("SELECT original FROM content WHERE id = ?")
        replaceContent = try prepare("UPDATE content SET checksum = ?2, facts = ?3, header = ?4, original = ?5 WHERE id = ?1")
        replaceEntry = try prepare("UPDATE entry SET reverse_path = ?2, size = ?3 WHERE id = ?1")
        addStrike = try prepare("INSERT INTO strike VALUES (?, 1) ON CONFLICT(mailbox) DO UPDATE SET count = count + 1")
        selectStrike = try prepare("SELECT count FROM strike WHERE mailbox = ?")
        insertSuppression = try prepare("INSERT OR REPLACE INTO suppression VALUES (?,?,?,?)")
        deleteSuppression = try prepare("DELETE FROM suppression WHERE mailbox = ?")
        deleteStrike = try prepare("DELETE FROM strike WHERE mailbox = ?")
        addToLedger = try prepare(
            """
            INSERT INTO ledger VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT(slot, account) DO UPDATE SET accepted = accepted + ?3, relayed = relayed + ?4
            """)
        forgetLedger = try prepare("DELETE FROM ledger WHERE slot < ?")
        addToMark = try prepare("UPDATE mark SET value = value + ?2 WHERE name = ?1")
        setMark = try prepare("UPDATE mark SET value = ?2 WHERE name = ?1")
        highestID = try connection.number("SELECT value FROM mark WHERE name = 'highest_id'")
        storedHighestID = highestID
        outbox = try OutboxWriter(connection, after: historySequence)
        frames = .allocate(capacity: 1)
        frames.initialize(to: 0)
        watchFrames()
        try readLedger()
        try readSuppressions()
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
            try storeSums()
            try markServiceTime()
            try outbox.flush()
            try commit.run()
            storedHighestID = highestID
            counters.settle()
            outbox.settle()
            ledger.add(sums.ledger)
            sums.clear()
            for suppression in pendingSuppressions { suppressions.set(suppression) }
            pendingSuppressions.removeAll()
        } catch {
            // Some errors have ended the transaction already.
            if connection.isInsideTransaction { try? rollback.run() }
            highestID = storedHighestID
            counters.forget()
            sums.clear()
            pendingSuppressions.removeAll()
            lastServiceMark = nil
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

    // MARK: Sums

    private func readLedger() throws(QueueError) {
        let row = try PreparedStatement(connection, "SELECT slot, account, accepted, relayed FROM ledger")
        var counts: [SendingLedger.Key: SendingLedger.Counts] = [:]
        try row.forEachRow { () throws(QueueError) in
            guard let account = row.withBlob(1, { AccountName($0) }) else { return }
            counts[SendingLedger.Key(slot: row.int64(0), account: account)] = SendingLedger.Counts(
                accepted: row.int(2), relayed: row.int(3))
        }
        ledger.add(counts)
    }

    private func readSuppressions() throws(QueueError) {
        let row = try PreparedStatement(connection, "SELECT mailbox, since, origin, reason FROM suppression")
        try row.forEachRow { () throws(QueueError) in
            guard let mailbox = try? Mailbox(parsing: row.blob(0)) else { return }
            suppressions.set(
                Suppression(
                    mailbox: mailbox, since: Timestamp(microseconds: row.int64(1)), reason: row.text(3),
                    origin: Suppression.Origin(rawValue: row.text(2)) ?? .operator))
        }
    }

    private func storeSums() throws(QueueError) {
        guard !sums.isEmpty else { return }
        for (key, counts) in sums.ledger {
            addToLedger.bind(1, key.slot)
            addToLedger.bind(2, blob: key.account.octets)
            addToLedger.bind(3, counts.accepted)
            addToLedger.bind(4, counts.relayed)
            try addToLedger.run()
        }
        for (name, value) in sums.totals {
            addToMark.bind(1, text: name)
            addToMark.bind(2, value)
            try addToMark.run()
        }
    }

    /// The service clock goes with what is written anyway, a few times a minute.
    func markServiceTime(force: Bool = false) throws(QueueError) {
        let now = ContinuousClock.now
        if !force, let last = lastServiceMark, last.duration(to: now) < .seconds(10) { return }
        lastServiceMark = now
        let wall = clock()
        for (name, value) in [("service_clock", serviceClock.now().wholeMicroseconds), ("service_wall", wall.microseconds)] {
            setMark.bind(1, text: name)
            setMark.bind(2, value)
            try setMark.run()
        }
        let oldest = SendingLedger.slot(of: wall) - SendingLedger.slots + 1
        forgetLedger.bind(1, oldest)
        try forgetLedger.run()
        ledger.forget(before: oldest)
    }

    // MARK: Suppression

    func count(_ strike: Strike) throws(QueueError) {
        let mailbox = strike.mailbox.wireOctets
        addStrike.bind(1, blob: mailbox)
        try addStrike.run()
        selectStrike.bind(1, blob: mailbox)
        let count = try selectStrike.first { () throws(QueueError) in selectStrike.int(0) } ?? 0
        guard count >= strike.limit, suppressions[strike.mailbox] == nil else { return }
        let suppression = Suppression(mailbox: strike.mailbox, since: clock(), reason: strike.reply, origin: .bounce)
        try suppress(suppression)
        var event = RelayEvent(.suppressed, at: suppression.since, recipients: [strike.mailbox])
        event.reply = strike.reply
        note([event])
    }

    func suppress(_ suppression: Suppression) throws(QueueError) {
        insertSuppression.bind(1, blob: suppression.mailbox.wireOctets)
        insertSuppression.bind(2, suppression.since.microseconds)
        insertSuppression.bind(3, text: suppression.origin.rawValue)
        insertSuppression.bind(4, text: suppression.reason)
        try insertSuppression.run()
        pendingSuppressions.append(suppression)
    }

    func unsuppress(_ mailbox: Mailbox) throws(QueueError) {
        for statement in [deleteSuppression, deleteStrike] {
            statement.bind(1, blob: mailbox.wireOctets)
            try statement.run()
        }
    }
}
