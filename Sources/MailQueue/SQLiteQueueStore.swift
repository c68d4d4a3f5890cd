internal import Dispatch
internal import GRDB
public import MailModel
internal import SafeIO
internal import Synchronization

/// The embedded queue: one folder with `queue.db`, `history.db`, `spool/`, `reserve` and `lock`.
public final class SQLiteQueueStore: QueueStore {
    public struct Options: Sendable {
        /// How long events are kept.
        public var history: Duration = .seconds(30 * 86_400)
        /// Octets that `history.db` may take; the oldest events go first.
        public var historySize: Int64 = 2 << 30
        /// Room that is kept for outcomes on a full disk.
        public var reserveSize = 8 << 20
        public var clock: WallClock
        /// How often a given-up reserve is tried to be made again, at most.
        var reserveInterval = Duration.seconds(1)

        public init(clock: @escaping WallClock) { self.clock = clock }
    }

    /// How many rows one step of a listing or an order looks at: bounds how long commits wait for it.
    static let window = 1000

    public let history: HistoryStore
    /// What the start found.
    public let recovery: RecoveryReport
    private let directory: Directory
    private let lock: QueueLock
    private let spool: FileSpool
    private let reserve: Reserve
    let queue: CommitQueue
    private let options: Options
    private let marks: AttemptMarks
    public let serviceClock: ServiceClock
    public let ledger: SendingLedger
    private let suppressions: SuppressionList

    /// Opens the queue in a folder, making what is missing, and brings rows and files together. Blocks.
    ///
    /// - Throws: `inUse` if another process has it; `unusable` with what to do.
    public init(path: String, options: Options) throws(QueueError) {
        self.options = options
        do throws(SystemCallError) {
            directory = try Directory.create(path: path, mode: 0o700)
        } catch {
            throw .unusable("cannot open the queue's folder: \(error)")
        }
        lock = try QueueLock(directory: directory)
        let isNew: Bool
        let spoolDirectory: Directory
        do throws(SystemCallError) {
            isNew = try directory.status(of: "queue.db").map { $0.size == 0 } ?? true
            // Made before SQLite would, for its mode and its entry in the folder.
            try directory.openOrCreate("queue.db").close(subject: "queue.db")
            spoolDirectory = try Directory.create(path: "\(path)/spool", mode: 0o700)
            marks = try AttemptMarks(directory: directory)
            try directory.sync()
        } catch {
            throw .unusable("cannot open the queue's folder: \(error)")
        }
        reserve = Reserve(directory: directory, size: options.reserveSize, retryInterval: options.reserveInterval)
        history = try HistoryStore(
            directory: directory, age: options.history, sizeLimit: options.historySize, clock: options.clock)
        let databaseQueue = try QueueSchema.open("\(path)/queue.db")
        let sequence = history.sequence
        let historyFindings = history.findings
        do {
            let (database, report) = try databaseQueue.writeWithoutTransaction { [marks] connection in
                let database = try QueueDatabase(connection, historySequence: sequence, clock: options.clock)
                let recovery = QueueRecovery(
                    database: database, spool: spoolDirectory, isNewDatabase: isNew, interrupted: marks.found(), now: options.clock())
                var report = try recovery.run()
                report.findings += historyFindings
                return (database, report)
            }
            recovery = report
            serviceClock = database.serviceClock
            ledger = database.ledger
            suppressions = database.suppressions
            marks.clear()
            let alarm = Alarm()
            spool = FileSpool(directory: spoolDirectory) { alarm.raise($0) }
            queue = CommitQueue(databaseQueue, database, reserve: reserve, spool: spool) { [history] in history.wake() }
            alarm.connect(queue)
        } catch {
            let failure = QueueError.from(error)
            guard failure.isCorruption else { throw failure }
            throw .unusable("\(path)/queue.db is damaged (\(failure)): \(QueueSchema.salvageAdvice)")
        }
        history.start(from: queue)
    }

    // MARK: Committing

    public func commit(_ messages: [QueuedMessage], events: [RelayEvent], completion: @escaping QueueCompletion) {
        let octets = messages.reduce(0) { sum, message in
            let header = message.header.count + (message.original?.octets.count ?? 0)
            return if case .inline(let body) = message.body { sum + header + body.count } else { sum + header }
        }
        queue.perform(
            .admission(octets: octets),
            { database throws(QueueError) in
                for message in messages { try database.insert(message) }
                database.note(events)
                return .success(())
            }
        ) { result in
            if case .failure(let error) = result { self.dropBodies(of: messages, after: error) }
            completion(result)
        }
    }

    public func record(_ record: DeliveryRecord, completion: @escaping QueueCompletion) {
        queue.perform(
            .bookkeeping,
            { database throws(QueueError) in
                try database.apply(record) ? .success(()) : .failure(.notFound(record.id))
            }, completion: completion)
    }

    /// Removes the bodies of messages that were not stored. After a storage failure nobody knows, so the next start decides.
    private func dropBodies(of messages: [QueuedMessage], after error: QueueError) {
        if case .storageUnhealthy = error { return }
        for case .file(let file) in messages.map(\.body) { discard(file) }
    }

    // MARK: Reading

    public func due(
        before time: Timestamp, after cursor: DueCursor?, limit: Int, account: AccountName?
    ) async throws(QueueError) -> [DueMessage] {
        try await queue.perform(.reading) { database throws(QueueError) in
            .success(try database.due(before: time, after: cursor, limit: limit, account: account))
        }
    }

    public func load(_ id: QueueID) async throws(QueueError) -> QueuedMessage {
        do throws(QueueError) {
            return try await queue.perform(.reading) { database throws(QueueError) in
                guard let row = try database.entryRow(id) else { return .failure(.notFound(id)) }
                guard row.state == .waiting, row.open > 0 else { return .failure(.notSendable(id)) }
                return try database.load(row)
            }
        } catch {
            if case .damaged(_, let reason) = error { try? await quarantine(id, reason: reason) }
            throw error
        }
    }

    public func entry(_ id: QueueID) async throws(QueueError) -> QueueEntry {
        try await queue.perform(.reading) { database throws(QueueError) in
            guard let row = try database.entryRow(id) else { return .failure(.notFound(id)) }
            return .success(try database.describe(row))
        }
    }

    public func list(_ filter: QueueFilter, after id: QueueID?, limit: Int) async throws(QueueError) -> QueuePage {
        var entries: [QueueEntry] = []
        var last = id
        repeat {
            let (missing, place) = (limit - entries.count, last)
            let page = try await queue.perform(.reading) { database throws(QueueError) in
                let (rows, next) = try database.scan(filter, after: place, limit: missing, window: Self.window)
                var found: [QueueEntry] = []
                for row in rows { found.append(try database.describe(row)) }
                return .success(QueuePage(entries: found, next: next))
            }
            entries += page.entries
            last = page.next
        } while entries.count < limit && last != nil
        return QueuePage(entries: entries, next: last)
    }

    public func statistics() async throws(QueueError) -> QueueStatistics {
        let health = health
        return try await queue.perform(.reading) { database throws(QueueError) in .success(try database.statistics(health)) }
    }

    public func highestID() async throws(QueueError) -> QueueID? {
        try await queue.perform(.reading) { database throws(QueueError) in .success(QueueID(database.highestID)) }
    }

    // MARK: Originals

    public func original(of id: QueueID) async throws(QueueError) -> KeptOriginal? {
        try await queue.perform(.reading) { database throws(QueueError) in try database.original(of: id) }
    }

    public func replace(_ replacements: [HeaderReplacement]) async throws(QueueError) -> Set<QueueID> {
        // A row is written with its body, and the old one stays in the log until it is emptied: this needs the room of new mail.
        let octets = replacements.reduce(0) { $0 + $1.header.count + $1.original.octets.count + StoredBody.inlineLimit / 4 }
        return try await queue.perform(.admission(octets: octets)) { database throws(QueueError) in
            var replaced: Set<QueueID> = []
            for replacement in replacements where try database.replace(replacement) { replaced.insert(replacement.id) }
            return .success(replaced)
        }
    }

    // MARK: Attempts, suppression, dead letters

    public func attemptBegins(_ id: QueueID, alone: Bool) { marks.begin(id, alone: alone) }

    public func attemptEnded(_ id: QueueID) { marks.end(id) }

    public func suppression(of mailbox: Mailbox) -> Suppression? { suppressions[mailbox] }

    public func suppressions(after mailbox: Mailbox?, limit: Int) -> [Suppression] { suppressions.page(after: mailbox, limit: limit) }

    public func suppress(_ suppression: Suppression) async throws(QueueError) {
        try await queue.perform(.settlement) { database throws(QueueError) in .success(try database.suppress(suppression)) }
    }

    public func unsuppress(_ mailbox: Mailbox) async throws(QueueError) -> Bool {
        guard suppressions[mailbox] != nil else { return false }
        try await queue.perform(.settlement) { database throws(QueueError) in .success(try database.unsuppress(mailbox)) }
        suppressions.remove(mailbox)
        return true
    }

    public func deadLetters(dueBefore time: Timestamp, limit: Int) async throws(QueueError) -> [QueueEntry] {
        try await queue.perform(.reading) { database throws(QueueError) in
            .success(try database.deadLetters(dueBefore: time, limit: limit))
        }
    }

    public func settle(_ ids: [QueueID], report: QueuedMessage, events: [RelayEvent]) async throws(QueueError) {
        try await queue.perform(.settlement) { database throws(QueueError) in
            try database.insert(report)
            for id in ids { if let row = try database.entryRow(id), row.state == .dead { try database.delete(row, isSettled: true) } }
            database.note(events)
            return .success(())
        }
    }

    // MARK: Storage

    public var health: StorageHealth { queue.health }

    public func hasRoom(for octets: Int) -> Bool {
        switch health {
        case .unhealthy: return false
        case .outOfSpace:
            // A settlement, even an empty one, makes the reserve again once there is room.
            queue.perform(.settlement, { _ in .success(()) }) { (_: Result<Void, QueueError>) in }
            return false
        case .healthy:
            // Body file or rows, then the WAL; and some for the mail that arrives at the same time.
            guard let free = try? directory.freeSpace() else { return false }
            return free.octets / 2 > max(0, octets) + options.reserveSize && free.inodes.map { $0 >= 64 } ?? true
        }
    }

    public var space: StorageSpace {
        guard let free = try? directory.freeSpace() else { return StorageSpace(level: .full, freeOctets: 0, freeInodes: nil) }
        let level: StorageSpace.Level =
            if !hasRoom(for: 0) {
                .full
            } else if free.octets < StorageSpace.lowOctets || free.inodes.map({ $0 < StorageSpace.lowInodes }) ?? false {
                .low
            } else {
                .ok
            }
        return StorageSpace(level: level, freeOctets: free.octets, freeInodes: free.inodes)
    }

    public func probe() async throws(QueueError) {
        do throws(SystemCallError) {
            let name = "probe"
            let pattern = Array("fairlead probes its storage\n".utf8)
            try directory.remove(name)
            let file = try directory.createExclusively(name)
            try writeAll(pattern, to: file, subject: name)
            try file.syncData(subject: name)
            let found = try file.read(at: 0, count: pattern.count, subject: name)
            try file.close(subject: name)
            try directory.remove(name)
            try directory.sync()
            guard found == pattern else { throw SystemCallError("read", code: 5, subject: name) }
        } catch {
            throw .from(error)
        }
        // On the same connection: opening the database anew would take up a transaction whose sync failed, and whose sender heard 451.
        // A new transaction writes over it.
        try await queue.perform(.settlement) { database throws(QueueError) in .success(try database.probe()) }
        queue.markHealthy()
    }

    public func makeSpoolWriter() -> any SpoolWriter { FileSpoolWriter(spool) }

    public func discard(_ file: SpoolFile) {
        queue.perform(
            .reading,
            { [spool] database throws(QueueError) in
                // A message committed twice by mistake has a row that needs its body.
                if try database.entryRow(file.id) == nil { spool.remove([file.id]) }
                return .success(())
            }
        ) { (_: Result<Void, QueueError>) in }
    }

    public func openBody(_ file: SpoolFile) async throws(QueueError) -> any SpoolReader {
        let quarantine: @Sendable (String) -> Void = { [queue] reason in
            queue.perform(.settlement, { database throws(QueueError) in try database.quarantine(file.id, reason) }) { _ in }
        }
        return try await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<FileSpoolReader, QueueError>, Never>) in
            spool.lane(spool.nextNumber()).async { [spool] in
                do throws(QueueError) {
                    continuation.resume(returning: .success(try FileSpoolReader(spool, file, damageFound: quarantine)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }.get()
    }

    public func close() async {
        await history.close()
        await queue.close()
        spool.drain()
        marks.close()
        lock.release()
    }

    /// Joins the spool's failures to the queue's health; the two are made one after the other.
    private final class Alarm: Sendable {
        private let queue = Mutex<CommitQueue?>(nil)

        func connect(_ queue: CommitQueue) { self.queue.withLock { $0 = queue } }

        func raise(_ error: QueueError) { queue.withLock { $0 }?.markUnhealthy(error) }
    }
}
