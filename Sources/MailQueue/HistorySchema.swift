internal import GRDB

/// The tables of `history.db`: plain columns, so that the `sqlite3` tool can ask while the daemon runs.
enum HistorySchema {
    static let version: Int64 = 2

    static func open(_ path: String) throws(QueueError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "fairlead.history"
        configuration.foreignKeysEnabled = false
        configuration.allowsUnsafeTransactions = true  // a failed ROLLBACK is met by the next transaction, not by GRDB's trap
        // A reader with a query open makes us wait, but never long: what is not copied stays in the outbox.
        configuration.busyMode = .timeout(0.25)
        configuration.prepareDatabase { database in
            // A rollback journal: others may read, and WAL with more than one connection is what Debian 12's SQLite must not do.
            for pragma in ["journal_mode=TRUNCATE", "synchronous=FULL", "cache_size=-2048", "mmap_size=0", "temp_store=MEMORY"] {
                try database.execute(sql: "PRAGMA \(pragma)")
            }
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in try prepare(database, path) }
            return queue
        } catch let error as QueueError {
            throw error
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB {
            throw .from(error)
        } catch {
            throw .unusable("cannot open \(path): \(error)")
        }
    }

    private static func prepare(_ database: Database, _ path: String) throws(QueueError) {
        guard try database.number("PRAGMA synchronous") == 2 else { throw .unusable("\(path): SQLite does not sync each commit here") }
        let found = try database.number("PRAGMA user_version")
        if found == 0, try database.number("SELECT count(*) FROM sqlite_schema") == 0 {
            try database.run("BEGIN IMMEDIATE; \(tables); PRAGMA user_version=\(version); COMMIT")
        } else if found == 1 {
            try database.run("BEGIN IMMEDIATE; ALTER TABLE event ADD COLUMN alignment TEXT; PRAGMA user_version=\(version); COMMIT")
        } else if found != version {
            throw .unusable("\(path) has format \(found), this program knows \(version): start the version that wrote it")
        }
        if try database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'usage'") == 0 {
            try database.run("BEGIN IMMEDIATE; \(usage); COMMIT")
        }
    }

    /// What the events of a month add up to: kept when the events are forgotten. What
    /// is there when it is made is counted once. Months are numbered from January of the year 0, UTC.
    private static let usage = """
        CREATE TABLE usage (
          month INTEGER NOT NULL,
          account TEXT NOT NULL,
          messages INTEGER NOT NULL,
          recipients INTEGER NOT NULL,
          octets INTEGER NOT NULL,
          relayed INTEGER NOT NULL,
          relayed_octets INTEGER NOT NULL,
          failed INTEGER NOT NULL,
          expired INTEGER NOT NULL,
          PRIMARY KEY (month, account)
        ) WITHOUT ROWID;
        INSERT INTO usage
          SELECT strftime('%Y', time / 1000000, 'unixepoch') * 12 + strftime('%m', time / 1000000, 'unixepoch') - 1, account,
            sum(name = 'accepted'),
            sum(CASE name WHEN 'accepted' THEN
              (recipient IS NOT NULL) + (SELECT count(*) FROM event_recipient WHERE event = number) ELSE 0 END),
            sum(CASE name WHEN 'accepted' THEN coalesce(message_size, 0) ELSE 0 END),
            sum(name = 'relayed'),
            sum(CASE name WHEN 'relayed' THEN coalesce(message_size,
              (SELECT message_size FROM event AS first WHERE first.queue_id = event.queue_id AND first.name = 'accepted'), 0) ELSE 0 END),
            sum(name = 'failed'),
            sum(name = 'expired')
          FROM event WHERE account IS NOT NULL AND name IN ('accepted', 'relayed', 'failed', 'expired') GROUP BY 1, 2;
        INSERT INTO mark SELECT 'usage', coalesce(min(time), strftime('%s', 'now') * 1000000) FROM event
        """

    /// `word` finds events by what people know of them: an XXH64 of the word in lower case. Hashes are random, so an index over all of
    /// them would touch a page of its own for each entry; a bucket (named by its first event) keeps the entries of a stretch of time
    /// together, in writing and in pruning, and a search looks into one bucket after the other, newest first.
    private static let tables = """
        CREATE TABLE event (
          number INTEGER PRIMARY KEY,
          time INTEGER NOT NULL,
          name TEXT NOT NULL,
          queue_id TEXT,
          account TEXT,
          client TEXT,
          sender TEXT,
          recipient TEXT,
          from_before TEXT,
          from_after TEXT,
          message_id TEXT,
          message_size INTEGER,
          relay TEXT,
          delay INTEGER,
          dsn TEXT,
          reply TEXT,
          ses_id TEXT,
          attempt INTEGER,
          next_attempt INTEGER,
          alignment TEXT
        );
        CREATE INDEX event_queue_id ON event(queue_id) WHERE queue_id IS NOT NULL;
        CREATE TABLE event_recipient (
          event INTEGER NOT NULL,
          position INTEGER NOT NULL,
          mailbox TEXT NOT NULL,
          PRIMARY KEY (event, position)
        ) WITHOUT ROWID;
        CREATE TABLE word (
          bucket INTEGER NOT NULL,
          hash INTEGER NOT NULL,
          event INTEGER NOT NULL,
          PRIMARY KEY (bucket, hash, event)
        ) WITHOUT ROWID;
        CREATE TABLE mark (
          name TEXT PRIMARY KEY,
          value INTEGER NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO mark VALUES ('outbox', 0);
        CREATE VIEW story AS
          SELECT strftime('%Y-%m-%d %H:%M:%S', time / 1000000, 'unixepoch') AS utc, name, queue_id, account, sender, recipient, ses_id,
            dsn, reply
          FROM event ORDER BY number
        """
}
