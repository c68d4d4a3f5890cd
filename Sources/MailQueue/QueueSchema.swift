internal import GRDB
internal import SafeIO

/// The tables of `queue.db`, and how the one connection to it is opened.
enum QueueSchema {
    /// What this code writes. A higher one on the disk is refused, not guessed at.
    static let version: Int64 = 3
    /// "FLqu", in the file's header, so that `file` and people can tell.
    static let applicationID: Int64 = 0x464C_7175

    /// Opens the database, making it if it is new, and proves that a commit will sync.
    ///
    /// - Parameter path: an existing file, maybe empty, so that its mode and its directory entry are ours.
    static func open(_ path: String) throws(QueueError) -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "fairlead.queue"
        configuration.foreignKeysEnabled = false
        configuration.allowsUnsafeTransactions = true  // a failed ROLLBACK is met by the next transaction, not by GRDB's trap
        // One connection ever, locked before WAL begins: then SQLite keeps the WAL index in memory and nobody else can enter, which
        // is what keeps the WAL-reset bug of SQLite before 3.51.3 away. The order matters; journalMode stays at its default because
        // GRDB's `.wal` would set synchronous=NORMAL after this.
        configuration.prepareDatabase { database in
            for pragma in [
                "locking_mode=EXCLUSIVE", "auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0",
                "journal_size_limit=33554432", "cache_size=-4096", "mmap_size=0", "temp_store=MEMORY",
                // Debian's SQLite does so by itself: what left the queue leaves the file, too, and no salvage finds it again.
                "secure_delete=ON",
            ] { try database.execute(sql: "PRAGMA \(pragma)") }
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in try prepare(database, path) }
            return queue
        } catch let error as QueueError {
            throw error
        } catch {
            throw .unusable(
                "cannot open \(path): \(error); if it is damaged, run fairlead queue salvage --to NEWFOLDER, then let queue.path name the "
                    + "new folder")
        }
    }

    static let salvageAdvice = "run fairlead queue salvage --to NEWFOLDER, then let queue.path name the new folder"

    private static func prepare(_ database: Database, _ path: String) throws(QueueError) {
        guard try database.number("PRAGMA synchronous") == 2, try database.word("PRAGMA journal_mode") == "wal",
            try database.word("PRAGMA locking_mode") == "exclusive"
        else { throw .unusable("\(path): SQLite does not sync each commit here; the queue needs a local file system") }
        let found = try database.number("PRAGMA user_version")
        if found == 0, try database.number("SELECT count(*) FROM sqlite_schema") == 0 {
            try database.run(
                "BEGIN IMMEDIATE; \(tables); \(stepToVersion2); \(stepToVersion3); PRAGMA user_version=\(version); PRAGMA application_id=\(applicationID); COMMIT"
            )
        } else if found == 1 || found == 2 {
            let steps = found == 1 ? "\(stepToVersion2); \(stepToVersion3)" : stepToVersion3
            try database.run("BEGIN IMMEDIATE; \(steps); PRAGMA user_version=\(version); COMMIT")
        } else if found != version {
            throw .unusable("\(path) has format \(found), this program knows \(version): start the version that wrote it")
        }
        guard try database.number("PRAGMA auto_vacuum") == 2 else { throw .unusable("\(path) was not made by fairlead (auto_vacuum)") }
        // A million messages must start within seconds, so only a small file is read whole. Each message has a checksum besides.
        if try database.number("PRAGMA page_count") < 16_384 {
            let verdict = try database.word("PRAGMA quick_check(1)")
            guard verdict == "ok" else {
                throw .unusable(
                    "\(path) is damaged (\(verdict)): \(salvageAdvice)")
            }
        }
    }

    /// `entry` and `recipient` are what changes and are small; `content` is written once: an UPDATE would write a body again.
    private static let tables = """
        CREATE TABLE entry (
          id INTEGER PRIMARY KEY,
          account BLOB NOT NULL,
          accepted_at INTEGER NOT NULL,
          due_at INTEGER NOT NULL,
          state INTEGER NOT NULL,
          attempts INTEGER NOT NULL,
          open INTEGER NOT NULL,
          size INTEGER NOT NULL,
          file_size INTEGER,
          reverse_path BLOB NOT NULL,
          note TEXT
        );
        CREATE INDEX entry_due ON entry(due_at) WHERE state = 0;
        CREATE INDEX entry_file ON entry(id) WHERE file_size IS NOT NULL;
        CREATE TABLE recipient (
          message INTEGER NOT NULL,
          position INTEGER NOT NULL,
          mailbox BLOB NOT NULL,
          state INTEGER NOT NULL,
          attempts INTEGER NOT NULL,
          doubts INTEGER NOT NULL,
          next_attempt INTEGER NOT NULL,
          reply TEXT NOT NULL,
          PRIMARY KEY (message, position)
        ) WITHOUT ROWID;
        CREATE TABLE content (
          id INTEGER PRIMARY KEY,
          checksum INTEGER NOT NULL,
          eight_bit INTEGER NOT NULL,
          facts BLOB NOT NULL,
          file_checksum INTEGER,
          header BLOB NOT NULL,
          body BLOB
        );
        CREATE TABLE outbox (
          sequence INTEGER PRIMARY KEY,
          events BLOB NOT NULL
        );
        CREATE TABLE mark (
          name TEXT PRIMARY KEY,
          value INTEGER NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO mark VALUES ('highest_id', -1), ('probe', 0)
        """

    /// What version 1 did not have; a new database goes through it as well, so that both are the same.
    private static let stepToVersion2 = """
        ALTER TABLE entry ADD COLUMN service_at INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE entry ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE entry ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE recipient ADD COLUMN ses_id TEXT;
        ALTER TABLE recipient ADD COLUMN reported INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX entry_due_by_account ON entry(account, due_at) WHERE state = 0;
        CREATE INDEX entry_dead ON entry(due_at) WHERE state = 3;
        CREATE INDEX entry_crashed ON entry(id) WHERE crashes > 0;
        CREATE TABLE suppression (
          mailbox BLOB PRIMARY KEY,
          since INTEGER NOT NULL,
          origin TEXT NOT NULL,
          reason TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE strike (
          mailbox BLOB PRIMARY KEY,
          count INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE ledger (
          slot INTEGER NOT NULL,
          account BLOB NOT NULL,
          accepted INTEGER NOT NULL,
          relayed INTEGER NOT NULL,
          PRIMARY KEY (slot, account)
        ) WITHOUT ROWID;
        INSERT OR IGNORE INTO mark VALUES
          ('service_clock', 0), ('service_wall', 0),
          ('accepted', (SELECT coalesce(sum(open), 0) FROM entry)), ('relayed', 0), ('failed', 0), ('removed', 0)
        """

    /// The original of each message (`EncodedOriginal`), null in rows from before. The last column: what reads header and body stops before
    /// it, and no row is written anew for it.
    private static let stepToVersion3 = "ALTER TABLE content ADD COLUMN original BLOB"
}
