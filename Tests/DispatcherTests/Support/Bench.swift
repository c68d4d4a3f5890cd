import Dispatcher
import MailModel
import MailQueue
import Synchronization
import Testing
import Upstream

/// A dispatcher between a store in memory and a scripted route, under a clock that the test turns.
final class Bench: Sendable {
    let time = ManualTime()
    let memory = MemoryQueueStore()
    let store: WatchedStore
    let route: ScriptedRoute
    let events = EventLog()
    let dispatcher: Dispatcher

    init(_ route: ScriptedRoute = ScriptedRoute(), lifetime: Duration = .seconds(4 * 86_400), memoryBudget: Int = 2 << 20) {
        self.route = route
        store = WatchedStore(memory)
        dispatcher = Dispatcher(
            store: store, route: route, settings: DispatcherSettings(lifetime: lifetime, memoryBudget: memoryBudget), events: events,
            time: time.keeper)
    }

    /// A message as submission makes it; ids count up.
    func message(
        _ number: Int, account: String = "app", recipients: Int = 1, size: Int = 100, identity: String = "mail.example.com", in wait: Duration = .zero
    ) throws -> QueuedMessage {
        var facts = MessageFacts()
        facts.identity = identity
        return QueuedMessage(
            id: try #require(QueueID(Int64(number))), account: try #require(AccountName(account)), acceptedAt: time.wall,
            reversePath: .null,
            recipients: try (0..<recipients).map {
                QueuedRecipient(index: $0, mailbox: try Mailbox(parsing: Array("r\($0)@example.net".utf8)), nextAttempt: time.wall + wait)
            },
            header: Array("Subject: \(number)\r\n\r\n".utf8), body: .inline([UInt8](repeating: 65, count: size)), is8Bit: false, facts: facts)
    }

    /// As submission does: announced, committed, handed over.
    func submit(_ message: QueuedMessage) async throws {
        dispatcher.expect(message.id)
        try await memory.commit(message)
        dispatcher.accepted(message)
    }

    /// In the store from an earlier run.
    func queue(_ messages: [QueuedMessage]) async throws { try await memory.commit(messages) }

    /// Waits until it holds; fails if it does not within some seconds of real time.
    nonisolated(nonsending) func until(
        _ what: String = "it", sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !holds() {
            try #require(.now < deadline, "\(what) did not come about", sourceLocation: sourceLocation)
            await Task.yield()
        }
    }

    /// Until nothing is being written or read, and only so many are being attempted.
    nonisolated(nonsending) func quiet(running: Int = 0) async throws {
        var calm = 0
        var last = -1
        try await until("quiet") {
            let status = await dispatcher.status()
            let work = store.calls
            calm = status.running == running && work == last && store.underWay == 0 ? calm + 1 : 0
            last = work
            return calm > 200
        }
    }
}

/// Counts what is asked of the store, and can fail or stall.
final class WatchedStore: QueueStore {
    private struct State {
        var calls = 0
        var underWay = 0
        var dueCalls = 0
        var loads = 0
        var records = 0
        var loadError: QueueError?
        var stalled: [@Sendable () -> Void]?
    }
    private let inner: MemoryQueueStore
    private let state = Mutex(State())

    init(_ inner: MemoryQueueStore) { self.inner = inner }

    var calls: Int { state.withLock(\.calls) }
    var underWay: Int { state.withLock(\.underWay) }
    var dueCalls: Int { state.withLock(\.dueCalls) }
    var loads: Int { state.withLock(\.loads) }
    /// Outcomes that were taken.
    var records: Int { state.withLock(\.records) }

    func failLoads(with error: QueueError?) { state.withLock { $0.loadError = error } }

    /// Records wait until `goOn`.
    func stall() { state.withLock { $0.stalled = [] } }
    func goOn() {
        let waiting = state.withLock { state in
            defer { state.stalled = nil }
            return state.stalled ?? []
        }
        for one in waiting { one() }
    }

    private func begin() {
        state.withLock {
            $0.calls += 1
            $0.underWay += 1
        }
    }
    private func end() { state.withLock { $0.underWay -= 1 } }

    func record(_ record: DeliveryRecord, completion: @escaping QueueCompletion) {
        begin()
        let work: @Sendable () -> Void = { [self] in
            inner.record(record) { result in
                self.end()
                if case .success = result { self.state.withLock { $0.records += 1 } }
                completion(result)
            }
        }
        let isStalled = state.withLock { state in
            guard state.stalled != nil else { return false }
            state.stalled?.append(work)
            return true
        }
        if !isStalled { work() }
    }

    func due(before time: Timestamp, after cursor: DueCursor?, limit: Int) async throws(QueueError) -> [DueMessage] {
        begin()
        defer { end() }
        state.withLock { $0.dueCalls += 1 }
        return try await inner.due(before: time, after: cursor, limit: limit)
    }

    func load(_ id: QueueID) async throws(QueueError) -> QueuedMessage {
        begin()
        defer { end() }
        if let error = state.withLock({ state in
            state.loads += 1
            return state.loadError
        }) {
            throw error
        }
        return try await inner.load(id)
    }

    func commit(_ messages: [QueuedMessage], events: [RelayEvent], completion: @escaping QueueCompletion) {
        inner.commit(messages, events: events, completion: completion)
    }
    func entry(_ id: QueueID) async throws(QueueError) -> QueueEntry { try await inner.entry(id) }
    func list(_ filter: QueueFilter, after id: QueueID?, limit: Int) async throws(QueueError) -> QueuePage {
        try await inner.list(filter, after: id, limit: limit)
    }
    func statistics() async throws(QueueError) -> QueueStatistics { try await inner.statistics() }
    func makeDue(_ filter: QueueFilter, at time: Timestamp) async throws(QueueError) -> Int { try await inner.makeDue(filter, at: time) }
    func hold(_ filter: QueueFilter, note: String) async throws(QueueError) -> Int { try await inner.hold(filter, note: note) }
    func release(_ filter: QueueFilter) async throws(QueueError) -> Int { try await inner.release(filter) }
    func remove(_ filter: QueueFilter, recording: @escaping @Sendable (QueueEntry) -> [RelayEvent]) async throws(QueueError) -> Int {
        try await inner.remove(filter, recording: recording)
    }
    func quarantine(_ id: QueueID, reason: String) async throws(QueueError) { try await inner.quarantine(id, reason: reason) }
    func highestID() async throws(QueueError) -> QueueID? { try await inner.highestID() }
    func probe() async throws(QueueError) { try await inner.probe() }
    func close() async { await inner.close() }
    var health: StorageHealth { inner.health }
    func hasRoom(for octets: Int) -> Bool { inner.hasRoom(for: octets) }
    func makeSpoolWriter() -> any SpoolWriter { inner.makeSpoolWriter() }
    func discard(_ file: SpoolFile) { inner.discard(file) }
    func openBody(_ file: SpoolFile) async throws(QueueError) -> any SpoolReader { try await inner.openBody(file) }
}
