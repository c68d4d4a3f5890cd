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
        var waiting: [@Sendable () -> Void] = []
        var loose: [RelayEvent] = []
        var dropped = 0
        var failure: QueueError?
        var database: HistoryDatabase?
        var source: CommitQueue?
        var nextPruning: UInt64 = 0
    }

    private static let looseLimit = 10_000
    private static let timer = DispatchQueue(label: "fairlead.history.timer")

    private let databaseQueue: DatabaseQueue
    private let age: Duration
    private let sizeLimit: Int64
    private let clock: WallClock
    private let state = Mutex(State())

    /// - Parameter path: an existing file, maybe empty.
    init(path: String, age: Duration, sizeLimit: Int64, clock: @escaping WallClock) throws(QueueError) {
        databaseQueue = try HistorySchema.open(path)
        self.age = age
        self.sizeLimit = sizeLimit
        self.clock = clock
        let database: HistoryDatabase
        do {
            database = try databaseQueue.writeWithoutTransaction { connection in try HistoryDatabase(connection) }
        } catch {
            throw .from(error)
        }
        state.withLock { $0.database = database }
    }

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

    nonisolated(nonsending) public func recent(_ limit: Int) async throws(QueueError) -> [RelayEvent] {
        await catchUp()
        return try await read { database throws(QueueError) in try database.recent(limit) }
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

    private func letGo() {
        databaseQueue.writeWithoutTransaction { _ in
            self.state.withLock { state in
                state.database = nil
                state.source = nil
            }
        }
        try? databaseQueue.close()
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
            guard let source = state.source, let database = state.database else { return nil }
            state.isRunning = true
            state.isBehind = false
            return (source, database.sequence)
        }
        guard let (source, sequence) = start else { return finishIfSourceless() }
        source.perform(.reading, { database throws(QueueError) in .success(try database.outbox.blocks(after: sequence)) }) { blocks in
            self.databaseQueue.asyncWriteWithoutTransaction { _ in self.take(blocks, from: source) }
        }
    }

    /// Runs on the history's queue.
    private func take(_ blocks: Result<[OutboxBlock], QueueError>, from source: CommitQueue) {
        let (database, loose) = state.withLock { state in
            defer { state.loose = [] }
            return (state.database, state.loose)
        }
        var isMore = false
        var failure: QueueError?
        do throws(QueueError) {
            let blocks = try blocks.get()
            if let database {
                try database.add(blocks, loose)
                if let last = blocks.last {
                    isMore = true
                    source.perform(.reading, { queue throws(QueueError) in .success(queue.takeOutbox(through: last.sequence)) }) { _ in }
                }
                if isPruningDue() { try prune(database) }
            }
        } catch {
            failure = error
        }
        finish(isMore: isMore, failure, loose)
    }

    private func finish(isMore: Bool, _ failure: QueueError?, _ loose: [RelayEvent]) {
        let (served, isBehind) = state.withLock { state in
            state.isRunning = false
            state.failure = failure
            if failure != nil { state.loose = Array((loose + state.loose).suffix(Self.looseLimit)) }
            // Whoever waits is served when nothing is left, or when waiting would not help.
            let isDone = !isMore || failure != nil
            defer { if isDone { state.waiting = [] } }
            return (isDone ? state.waiting : [], state.isBehind)
        }
        for action in served { action() }
        if failure != nil {
            replan(after: .seconds(1))
        } else if isMore {
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
            guard state.source == nil, !state.isRunning else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for action in served { action() }
    }

    nonisolated(nonsending) private func read<Value: Sendable>(
        _ body: @escaping @Sendable (HistoryDatabase) throws(QueueError) -> Value
    ) async throws(QueueError) -> Value {
        try await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Value, QueueError>, Never>) in
            databaseQueue.asyncWriteWithoutTransaction { _ in
                guard let database = self.state.withLock(\.database) else { return continuation.resume(returning: .failure(.closed)) }
                do throws(QueueError) {
                    continuation.resume(returning: .success(try body(database)))
                } catch {
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
        databaseQueue.asyncWriteWithoutTransaction { [weak self] _ in
            guard let self, let database = self.state.withLock(\.database) else { return }
            try? self.prune(database)
        }
    }

    /// A history to which nothing comes must forget as well.
    private func pruneHourly() {
        Self.timer.asyncAfter(deadline: .now() + 3600) { [weak self] in
            guard let self, !self.state.withLock(\.isClosed) else { return }
            self.databaseQueue.asyncWriteWithoutTransaction { _ in
                if let database = self.state.withLock(\.database) { try? self.prune(database) }
            }
            self.pruneHourly()
        }
    }
}
