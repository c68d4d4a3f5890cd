internal import Dispatch
internal import GRDB
public import MailModel
internal import SafeIO
internal import Synchronization

/// `history.db`: what happened, kept after the messages left, and its supply from the queue's outbox.
///
/// Events reach it within a quarter of a second, in batches, on a queue of its own: accepting mail never waits for it. If it fails or
/// is locked by a reader, events stay in the outbox and are tried again; each enters once, whatever happens in between.
public final class HistoryStore: EventHistory {
    private struct State {
        var isPlanned = false
        var isRunning = false
        /// Something came while it ran.
        var isBehind = false
        var isClosed = false
        /// A new file takes the place of a damaged one: who waits waits for it.
        var isReplacing = false
        /// Who waits for the next round, and for the one that runs.
        var waiting: [@Sendable () -> Void] = []
        var serving: [@Sendable () -> Void] = []
        var loose: [RelayEvent] = []
        var dropped = 0
        var failure: QueueError?
        var findings: [String] = []
        var source: CommitQueue?
        var nextPruning: UInt64 = 0
        /// Replaced together, when the file is found damaged.
        var databaseQueue: DatabaseQueue
        var database: HistoryDatabase?
    }

    private static let fileName = "history.db"
    private static let looseLimit = 10_000
    private static let timer = DispatchQueue(label: "fairlead.history.timer")
    /// When no new file could be made in the place of a damaged one.
    private static let replaceAgain = DispatchTimeInterval.seconds(10)

    private let directory: Directory
    private let age: Duration
    private let sizeLimit: Int64
    private let clock: WallClock
    private let state: Mutex<State>

    init(directory: Directory, age: Duration, sizeLimit: Int64, clock: @escaping WallClock) throws(QueueError) {
        self.directory = directory
        self.age = age
        self.sizeLimit = sizeLimit
        self.clock = clock
        var findings: [String] = []
        let opened: (DatabaseQueue, HistoryDatabase)
        do throws(QueueError) {
            opened = try Self.open(directory)
        } catch .storageUnhealthy(let reason) {
            // A history that cannot be read must not keep mail from flowing.
            findings.append(try Self.setAside(directory, clock(), reason))
            opened = try Self.open(directory)
        }
        var first = State(databaseQueue: opened.0)
        first.database = opened.1
        first.findings = findings
        state = Mutex(first)
    }

    private static func open(_ directory: Directory) throws(QueueError) -> (DatabaseQueue, HistoryDatabase) {
        // Made before SQLite would, for its mode and its entry in the folder.
        do throws(SystemCallError) {
            try directory.openOrCreate(fileName).close(subject: fileName)
            try directory.sync()
        } catch { throw .unusable("cannot open \(fileName): \(error)") }
        let queue = try HistorySchema.open("\(directory.path)/\(fileName)")
        do {
            return (queue, try queue.writeWithoutTransaction { connection in try HistoryDatabase(connection) })
        } catch { throw .from(error) }
    }

    /// - Returns: the finding that tells of it.
    private static func setAside(_ directory: Directory, _ now: Timestamp, _ reason: String) throws(QueueError) -> String {
        let kept = "\(fileName).damaged-\(now.seconds)"
        do throws(SystemCallError) {
            try directory.rename(fileName, to: kept)
            try directory.remove("\(fileName)-journal")
            try directory.sync()
        } catch { throw .unusable("cannot set the damaged \(fileName) aside: \(error)") }
        return "\(fileName) was unreadable (\(reason)); it is kept as \(kept) and a new one begins"
    }

    /// What an operator should know: one line for each damaged file that was set aside.
    public var findings: [String] { state.withLock(\.findings) }

    /// The highest block of the outbox that is safe here. To be asked before `start`.
    var sequence: Int64 { state.withLock { $0.database?.sequence ?? 0 } }

    /// Why the last attempt to take events over failed; `nil` if it did not.
    public var failure: QueueError? { state.withLock(\.failure) }

    /// How many events of `note` were lost because the history could not take them.
    public var dropped: Int { state.withLock(\.dropped) }

    func start(from source: CommitQueue) {
        state.withLock { $0.source = source }
        wake()
        pruneHourly()
    }

    /// Adds an event that changes no message (a refusal, a login, the route). Not durable before the next batch; the oldest are dropped
    /// when they pile up.
    public func note(_ event: RelayEvent) {
        state.withLock { state in
            guard !state.isClosed else { return }
            if state.loose.count >= Self.looseLimit {
                state.loose.removeFirst(Self.looseLimit / 10)
                state.dropped += Self.looseLimit / 10
            }
            state.loose.append(event)
        }
        wake()
    }

    nonisolated(nonsending) public func trace(_ word: String, limit: Int) async throws(QueueError) -> [RelayEvent] {
        await catchUp()
        return try await read { database throws(QueueError) in try database.trace(word, limit: limit) }
    }

    nonisolated(nonsending) public func recent(_ limit: Int, matching filter: EventFilter) async throws(QueueError) -> [RelayEvent] {
        guard limit > 0 else { return [] }
        await catchUp()
        var events: [RelayEvent] = []
        var before: Int64? = .max
        while let number = before, events.count < limit {
            let left = limit - events.count
            let found = try await read { database throws(QueueError) in
                try database.stretch(before: number, matching: filter, limit: left)
            }
            events += found.events
            before = found.next
        }
        return events.reversed()
    }

    nonisolated(nonsending) public func events(
        after cursor: Int64?, matching filter: EventFilter
    ) async throws(QueueError) -> (events: [RelayEvent], next: Int64?) {
        if cursor == nil { await catchUp() }
        return try await read { database throws(QueueError) in try database.stretch(after: cursor, matching: filter) }
    }

    nonisolated(nonsending) public func usage(in month: CalendarMonth) async throws(QueueError) -> UsageReport {
        await catchUp()
        return try await read { database throws(QueueError) in try database.usage(in: month) }
    }

    /// Takes over what the outbox holds now, if that is possible.
    nonisolated(nonsending) func catchUp() async {
        await withUnsafeContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.waiting.append { continuation.resume() } }
                return state.isClosed
            }
            if isClosed { continuation.resume() } else { run() }
        }
    }

    /// Plans to take over what is new.
    func wake() {
        let isNeeded = state.withLock { state in
            if state.isRunning { state.isBehind = true }
            guard !state.isRunning, !state.isPlanned, !state.isClosed else { return false }
            state.isPlanned = true
            return true
        }
        if isNeeded { plan(after: .milliseconds(200)) }
    }

    nonisolated(nonsending) func close() async {
        await catchUp()
        state.withLock { $0.isClosed = true }
        letGo()
    }

    /// Statements end before their connection does, on its queue.
    private func letGo() {
        let queue = state.withLock(\.databaseQueue)
        queue.writeWithoutTransaction { _ in
            self.state.withLock { state in
                state.database = nil
                state.source = nil
            }
        }
        try? queue.close()
    }

    /// Runs `body` on the history's queue; with `nil` once the database that was there is closed or replaced: a database is only used on
    /// its own queue.
    private func enqueue(_ body: @escaping @Sendable (HistoryDatabase?) -> Void) {
        let (queue, database) = state.withLock { ($0.databaseQueue, $0.database) }
        queue.asyncWriteWithoutTransaction { _ in body(self.state.withLock { $0.database === database ? database : nil }) }
    }

    private func plan(after delay: DispatchTimeInterval) {
        Self.timer.asyncAfter(deadline: .now() + delay) { [weak self] in
            self?.state.withLock { $0.isPlanned = false }
            self?.run()
        }
    }

    private func run() {
        let start = state.withLock { state -> (CommitQueue, Int64)? in
            if state.isRunning {
                state.isBehind = true
                return nil
            }
            guard !state.isReplacing, let source = state.source, let database = state.database else { return nil }
            state.isRunning = true
            state.isBehind = false
            state.serving += state.waiting
            state.waiting = []
            return (source, database.sequence)
        }
        guard let (source, sequence) = start else { return finishIfSourceless() }
        source.perform(.reading, { database throws(QueueError) in .success(try database.outbox.blocks(after: sequence)) }) { batch in
            self.enqueue { self.take(batch, into: $0, from: source) }
        }
    }

    /// Runs on the history's queue.
    private func take(_ batch: Result<OutboxBatch, QueueError>, into database: HistoryDatabase?, from source: CommitQueue) {
        let loose = state.withLock { state in
            defer { state.loose = [] }
            return state.loose
        }
        var isMore = false
        var failure: QueueError?
        do throws(QueueError) {
            guard let database else { throw .closed }
            let batch = try batch.get()
            try database.add(batch.blocks, loose)
            if let last = batch.blocks.last {
                source.perform(.reading, { queue throws(QueueError) in .success(queue.takeOutbox(through: last.sequence)) }) { _ in }
            }
            isMore = !batch.isLast
            if isPruningDue() { try prune(database) }
        } catch {
            failure = error
        }
        let isDamaged = database?.isDamaged ?? false
        if isDamaged { state.withLock { $0.isReplacing = true } }
        finish(isMore: isMore, failure, loose)
        if isDamaged { replace() }
    }

    /// A damaged file goes aside; what is in the outbox goes into a new one.
    private func replace() {
        let reason = state.withLock(\.failure)?.description ?? "damaged"
        Self.timer.async {
            let (source, isOpen) = self.state.withLock { ($0.isClosed ? nil : $0.source, $0.database != nil) }
            if let source {
                if isOpen { self.letGo() }
                do throws(QueueError) {
                    let finding = try Self.setAside(self.directory, self.clock(), reason)
                    let (queue, database) = try Self.open(self.directory)
                    self.state.withLock { state in
                        state.databaseQueue = queue
                        state.database = database
                        state.source = source
                        state.findings.append(finding)
                    }
                } catch {
                    // No room, or a disk that is read-only for now: the outbox keeps what there is to tell.
                    self.state.withLock { state in
                        state.failure = error
                        state.source = source
                    }
                    Self.timer.asyncAfter(deadline: .now() + Self.replaceAgain) { [weak self] in self?.replaceIfMissing() }
                }
            }
            self.state.withLock { $0.isReplacing = false }
            self.run()
        }
    }

    private func replaceIfMissing() {
        let isMissing = state.withLock { state in
            guard !state.isClosed, !state.isReplacing, state.database == nil else { return false }
            state.isReplacing = true
            return true
        }
        if isMissing { replace() }
    }

    private func finish(isMore: Bool, _ failure: QueueError?, _ loose: [RelayEvent]) {
        let (served, isBehind, isAwaited) = state.withLock { state in
            state.isRunning = false
            state.failure = failure
            if failure != nil { state.loose = Array((loose + state.loose).suffix(Self.looseLimit)) }
            // Whoever waits is served when nothing is left, or when waiting would not help.
            let isDone = (!isMore || failure != nil) && !state.isReplacing
            defer { if isDone { state.serving = [] } }
            return (isDone ? state.serving : [], state.isBehind, !state.waiting.isEmpty)
        }
        for action in served { action() }
        if state.withLock(\.isReplacing) {
            return
        } else if failure != nil {
            replan(after: .seconds(1))
        } else if isMore || isAwaited {
            run()
        } else if isBehind {
            wake()
        }
    }

    private func replan(after delay: DispatchTimeInterval) {
        let isNeeded = state.withLock { state in
            guard !state.isPlanned, !state.isClosed else { return false }
            state.isPlanned = true
            return true
        }
        if isNeeded { plan(after: delay) }
    }

    /// Without a source there is nothing to wait for.
    private func finishIfSourceless() {
        let served = state.withLock { state -> [@Sendable () -> Void] in
            guard state.source == nil || state.database == nil, !state.isRunning, !state.isReplacing else { return [] }
            defer { (state.waiting, state.serving) = ([], []) }
            return state.waiting + state.serving
        }
        for action in served { action() }
    }

    nonisolated(nonsending) private func read<Value: Sendable>(
        _ body: @escaping @Sendable (HistoryDatabase) throws(QueueError) -> Value
    ) async throws(QueueError) -> Value {
        try await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Value, QueueError>, Never>) in
            enqueue { database in
                guard let database else { return continuation.resume(returning: .failure(.closed)) }
                do throws(QueueError) {
                    continuation.resume(returning: .success(try body(database)))
                } catch {
                    database.noteDamage()
                    continuation.resume(returning: .failure(error))
                }
            }
        }.get()
    }

    // MARK: Pruning

    private func isPruningDue() -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        return state.withLock { state in
            guard now >= state.nextPruning else { return false }
            state.nextPruning = now &+ 10_000_000_000
            return true
        }
    }

    /// One step; the next one follows at the end of the queue, so that taking over goes on between them.
    private func prune(_ database: HistoryDatabase) throws(QueueError) {
        guard try database.prune(before: clock() + (.zero - age), sizeLimit: sizeLimit) else { return }
        enqueue { database in if let database { try? self.prune(database) } }
    }

    func pruneNow() { enqueue { database in if let database { try? self.prune(database) } } }

    /// A history to which nothing comes must forget as well.
    private func pruneHourly() {
        Self.timer.asyncAfter(deadline: .now() + 3600) { [weak self] in
            guard let self, !self.state.withLock(\.isClosed) else { return }
            self.pruneNow()
            self.pruneHourly()
        }
    }
}
