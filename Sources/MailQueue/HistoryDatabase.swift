internal import GRDB
internal import MailModel

/// The statements on `history.db`.
///
/// `@unchecked Sendable`: made and used only on the serial queue of its GRDB `DatabaseQueue`; `HistoryStore` keeps to that.
final class HistoryDatabase: @unchecked Sendable {
    /// Entries in a bucket of words: its pages fit the cache, and a year of mail is still a few hundred buckets.
    private static let bucketSize = 16_384

    let connection: Database
    private let begin, commit, rollback, setMark: PreparedStatement
    private let insertEvent, insertRecipient, insertWord, addUsage: PreparedStatement
    let selectByQueueID, selectBefore, selectAfter, selectEnds, selectByNumber, selectRecipients, selectBucket,
        selectWord: PreparedStatement
    let selectUsage, selectUsageStart: PreparedStatement
    private let selectOldest, deleteEvents, deleteRecipients, selectFirstBuckets, deleteBucket: PreparedStatement
    /// The highest block of the outbox that is in the history.
    private(set) var sequence: Int64
    /// Whether a statement found the file itself broken.
    private(set) var isDamaged = false
    private var nextNumber: Int64
    private var bucket: Int64
    private var bucketCount: Int

    init(_ connection: Database) throws(QueueError) {
        self.connection = connection
        func prepare(_ sql: String) throws(QueueError) -> PreparedStatement { try PreparedStatement(connection, sql) }
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        rollback = try prepare("ROLLBACK")
        setMark = try prepare("UPDATE mark SET value = ? WHERE name = 'outbox'")
        insertEvent = try prepare("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        insertRecipient = try prepare("INSERT INTO event_recipient VALUES (?,?,?)")
        insertWord = try prepare("INSERT OR IGNORE INTO word VALUES (?,?,?)")
        selectByQueueID = try prepare("SELECT * FROM event WHERE queue_id = ? ORDER BY number LIMIT 10000")
        selectBefore = try prepare(
            "SELECT * FROM event WHERE number < ?1 AND number >= ?2 AND (?3 IS NULL OR account = ?3) ORDER BY number DESC")
        selectAfter = try prepare("SELECT * FROM event WHERE number > ?1 AND number <= ?2 AND (?3 IS NULL OR account = ?3) ORDER BY number")
        selectEnds = try prepare("SELECT coalesce(min(number), 0), coalesce(max(number), -1) FROM event")
        selectByNumber = try prepare("SELECT * FROM event WHERE number = ?")
        selectRecipients = try prepare("SELECT mailbox FROM event_recipient WHERE event = ? ORDER BY position")
        selectBucket = try prepare("SELECT max(bucket) FROM word WHERE bucket < ?")
        selectWord = try prepare("SELECT event FROM word WHERE bucket = ? AND hash = ? ORDER BY event DESC LIMIT ?")
        selectOldest = try prepare("SELECT number, time FROM event ORDER BY number LIMIT ?")
        deleteEvents = try prepare("DELETE FROM event WHERE number <= ?")
        deleteRecipients = try prepare("DELETE FROM event_recipient WHERE event <= ?")
        selectFirstBuckets = try prepare("SELECT min(bucket), (SELECT min(bucket) FROM word WHERE bucket > ?1) FROM word")
        deleteBucket = try prepare("DELETE FROM word WHERE bucket <= ?")
        addUsage = try prepare(
            """
            INSERT INTO usage VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET messages = messages + excluded.messages,
              recipients = recipients + excluded.recipients, octets = octets + excluded.octets, relayed = relayed + excluded.relayed,
              relayed_octets = relayed_octets + excluded.relayed_octets, failed = failed + excluded.failed,
              expired = expired + excluded.expired
            """)
        selectUsage = try prepare("SELECT * FROM usage WHERE month = ? ORDER BY account")
        selectUsageStart = try prepare("SELECT value FROM mark WHERE name = 'usage'")
        sequence = try connection.number("SELECT value FROM mark WHERE name = 'outbox'")
        nextNumber = try connection.number("SELECT coalesce(max(number), 0) + 1 FROM event")
        bucket = try connection.number("SELECT coalesce(max(bucket), 0) FROM word")
        bucketCount = Int(try connection.number("SELECT count(*) FROM word WHERE bucket = \(bucket)"))
    }

    /// Adds blocks that are new, and events that have no block, in one durable step.
    func add(_ blocks: [OutboxBlock], _ loose: [RelayEvent]) throws(QueueError) {
        let fresh = blocks.filter { $0.sequence > sequence }
        guard !fresh.isEmpty || !loose.isEmpty else { return }
        let before = (nextNumber, bucket, bucketCount)
        do throws(QueueError) {
            try transaction { () throws(QueueError) in
                var usage = UsageSums()
                for block in fresh {
                    for event in block.events {
                        try insert(event)
                        usage.count(event)
                    }
                }
                for event in loose { try insert(StoredEvent(event)) }
                try add(usage)
                if let last = fresh.last {
                    setMark.bind(1, last.sequence)
                    try setMark.run()
                }
            }
        } catch {
            (nextNumber, bucket, bucketCount) = before
            throw error
        }
        if let last = fresh.last { sequence = last.sequence }
    }

    private func add(_ usage: UsageSums) throws(QueueError) {
        for (key, counts) in usage.sums {
            addUsage.bind(1, key.month.number)
            addUsage.bind(2, octets: key.account.octets)
            for (index, value) in [
                counts.messages, counts.recipients, counts.octets, counts.relayed, counts.relayedOctets, counts.failed, counts.expired,
            ].enumerated() { addUsage.bind(Int32(index) + 3, value) }
            try addUsage.run()
        }
    }

    /// Deletes a few of the oldest events that are too old, or too many for the size limit.
    ///
    /// - Returns: whether there is more to delete.
    func prune(before time: Timestamp, sizeLimit: Int64) throws(QueueError) -> Bool {
        guard let oldest = try oldestTime() else { return false }
        let step = 1000
        let pageSize = try connection.number("PRAGMA page_size")
        let used = (try connection.number("PRAGMA page_count") - connection.number("PRAGMA freelist_count")) * pageSize
        guard used > sizeLimit || oldest < time else { return false }
        var last: Int64?
        var count = 0
        selectOldest.bind(1, step)
        try selectOldest.forEachRow { () throws(QueueError) in
            guard count >= 0 else { return }
            if used > sizeLimit || selectOldest.int64(1) < time.microseconds {
                last = selectOldest.int64(0)
                count += 1
            } else {
                count = -1
            }
        }
        guard let last else { return false }
        try transaction { () throws(QueueError) in
            deleteEvents.bind(1, last)
            try deleteEvents.run()
            deleteRecipients.bind(1, last)
            try deleteRecipients.run()
            // A bucket goes once the one after it begins within what is deleted.
            if let (first, second) = try firstBuckets(), second <= last + 1 {
                deleteBucket.bind(1, first)
                try deleteBucket.run()
            }
        }
        return count == step
    }

    private func oldestTime() throws(QueueError) -> Timestamp? {
        selectOldest.bind(1, 1)
        return try selectOldest.first { () throws(QueueError) in Timestamp(microseconds: selectOldest.int64(1)) }
    }

    private func firstBuckets() throws(QueueError) -> (Int64, Int64)? {
        let first = try connection.number("SELECT coalesce(min(bucket), -1) FROM word")
        guard first >= 0 else { return nil }
        selectFirstBuckets.bind(1, first)
        let second = try selectFirstBuckets.first { () throws(QueueError) in selectFirstBuckets.optionalInt64(1) } ?? nil
        return second.map { (first, $0) }
    }

    private func transaction(_ body: () throws(QueueError) -> Void) throws(QueueError) {
        do throws(QueueError) {
            if connection.isInsideTransaction { try rollback.run() }
            try begin.run()
            try body()
            try commit.run()
        } catch {
            noteDamage()
            if connection.isInsideTransaction { try? rollback.run() }
            throw error
        }
    }

    /// To be called after a failure: remembers whether the file itself is broken.
    func noteDamage() {
        isDamaged = isDamaged || connection.lastErrorCode == .SQLITE_CORRUPT || connection.lastErrorCode == .SQLITE_NOTADB
    }

    private func insert(_ stored: StoredEvent) throws(QueueError) {
        let number = nextNumber
        nextNumber += 1
        let event = stored.event
        let mailboxes = stored.mailboxes
        let row = insertEvent
        row.bind(1, number)
        row.bind(2, event.time.microseconds)
        row.bind(3, text: event.name.rawValue)
        row.bind(4, text: event.queueID?.description)
        row.bind(5, octets: event.account?.octets)
        row.bind(6, text: event.client)
        row.bind(7, text: event.sender)
        row.bind(8, octets: mailboxes.first)
        row.bind(9, text: event.fromBefore)
        row.bind(10, text: event.fromAfter)
        row.bind(11, text: event.messageID)
        row.bind(12, event.messageSize.map { Int64($0) })
        row.bind(13, text: event.relay)
        row.bind(14, event.delay?.wholeMicroseconds)
        row.bind(15, text: event.dsn)
        row.bind(16, text: event.reply)
        row.bind(17, text: event.sesID)
        row.bind(18, event.attempt.map { Int64($0) })
        row.bind(19, event.nextAttempt?.microseconds)
        row.bind(20, text: event.alignment)
        try row.run()
        // The first recipient stands in the event itself.
        for (position, mailbox) in mailboxes.enumerated().dropFirst() {
            insertRecipient.bind(1, number)
            insertRecipient.bind(2, position)
            insertRecipient.bind(3, octets: mailbox)
            try insertRecipient.run()
        }
        try index(event, mailboxes, number)
    }

    /// What names a message is entered once: with its acceptance, the SES id with the event that brings it. Later events are found
    /// through the queue id.
    private func index(_ event: RelayEvent, _ mailboxes: [[UInt8]], _ number: Int64) throws(QueueError) {
        if event.name == .accepted || event.queueID == nil {
            for mailbox in mailboxes { try insertWord(mailbox, number) }
            if let messageID = event.messageID { try insertWord(Array(messageID.utf8), number) }
        }
        if let sesID = event.sesID { try insertWord(Array(sesID.utf8), number) }
    }

    private func insertWord(_ word: [UInt8], _ number: Int64) throws(QueueError) {
        if bucketCount >= Self.bucketSize || bucket == 0 {
            bucket = number
            bucketCount = 0
        }
        insertWord.bind(1, bucket)
        insertWord.bind(2, SearchWord(word).hash)
        insertWord.bind(3, number)
        try insertWord.run()
        bucketCount += 1
    }
}

/// A word that people search for, in the one form that is indexed.
struct SearchWord {
    /// Without the angle brackets around it, A–Z folded.
    let octets: [UInt8]

    init(_ text: [UInt8]) {
        var trimmed = text[...]
        if trimmed.first == ASCII.less { trimmed.removeFirst() }
        if trimmed.last == ASCII.greater { trimmed.removeLast() }
        octets = trimmed.map { ASCII.lowercased($0) }
    }

    var hash: Int64 { Int64(bitPattern: Checksum.of(octets)) }

    /// Whether the event is named by it: two words may share a hash.
    func names(_ event: RelayEvent) -> Bool {
        if let messageID = event.messageID, SearchWord(Array(messageID.utf8)).octets == octets { return true }
        if let sesID = event.sesID, SearchWord(Array(sesID.utf8)).octets == octets { return true }
        return event.recipients.contains { SearchWord($0.wireOctets).octets == octets }
    }
}
