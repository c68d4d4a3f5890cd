public import MailModel
public import MailQueue
internal import Synchronization

/// Counts what is asked of the store, and can fail or stall.
public final class WatchedStore: QueueStore {
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
    private let spool: WatchedSpool?
    private let state = Mutex(State())

    /// - Parameter spool: sees the bodies that are too large for memory.
    public init(_ inner: MemoryQueueStore, spool: WatchedSpool? = nil) {
        self.inner = inner
        self.spool = spool
    }

    public var calls: Int { state.withLock(\.calls) }
    public var underWay: Int { state.withLock(\.underWay) }
    public var dueCalls: Int { state.withLock(\.dueCalls) }
    public var loads: Int { state.withLock(\.loads) }
    /// Outcomes that were taken.
    public var records: Int { state.withLock(\.records) }

    public func failLoads(with error: QueueError?) { state.withLock { $0.loadError = error } }

    /// Commits, records and statistics wait until `goOn`.
    public func stall() { state.withLock { $0.stalled = [] } }
    public func goOn() {
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

    public func record(_ record: DeliveryRecord, completion: @escaping QueueCompletion) {
        begin()
        orLater { [self] in
            inner.record(record) { result in
                self.end()
                if case .success = result { self.state.withLock { $0.records += 1 } }
                completion(result)
            }
        }
    }

    public func due(
        before time: Timestamp, after cursor: DueCursor?, limit: Int, account: AccountName?
    ) async throws(QueueError) -> [DueMessage] {
        begin()
        defer { end() }
        state.withLock { $0.dueCalls += 1 }
        return try await inner.due(before: time, after: cursor, limit: limit, account: account)
    }

    public func load(_ id: QueueID) async throws(QueueError) -> QueuedMessage {
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

    public func commit(_ messages: [QueuedMessage], events: [RelayEvent], completion: @escaping QueueCompletion) {
        begin()
        orLater { [self] in
            inner.commit(messages, events: events) { result in
                self.end()
                completion(result)
            }
        }
    }

    private func orLater(_ work: @escaping @Sendable () -> Void) {
        let isStalled = state.withLock { state in
            guard state.stalled != nil else { return false }
            state.stalled?.append(work)
            return true
        }
        if !isStalled { work() }
    }
    public func stored(_ id: QueueID) async throws(QueueError) -> QueuedMessage { try await inner.stored(id) }
    public func original(of id: QueueID) async throws(QueueError) -> KeptOriginal? { try await inner.original(of: id) }
    public func replace(_ replacements: [HeaderReplacement]) async throws(QueueError) -> Set<QueueID> {
        try await inner.replace(replacements)
    }
    public func verify(pages: Bool) async throws(QueueError) -> VerificationReport { try await inner.verify(pages: pages) }
    public func entry(_ id: QueueID) async throws(QueueError) -> QueueEntry { try await inner.entry(id) }
    public func list(_ filter: QueueFilter, after id: QueueID?, limit: Int) async throws(QueueError) -> QueuePage {
        try await inner.list(filter, after: id, limit: limit)
    }
    public func statistics() async throws(QueueError) -> QueueStatistics {
        await withCheckedContinuation { continuation in orLater { continuation.resume() } }
        return try await inner.statistics()
    }
    public func makeDue(_ filter: QueueFilter, at time: Timestamp) async throws(QueueError) -> Int {
        try await inner.makeDue(filter, at: time)
    }
    public func hold(_ filter: QueueFilter, note: String) async throws(QueueError) -> Int { try await inner.hold(filter, note: note) }
    public func release(_ filter: QueueFilter) async throws(QueueError) -> Int { try await inner.release(filter) }
    public func remove(_ filter: QueueFilter, recording: @escaping @Sendable (QueueEntry) -> [RelayEvent]) async throws(QueueError) -> Int {
        try await inner.remove(filter, recording: recording)
    }
    public func quarantine(_ id: QueueID, reason: String) async throws(QueueError) { try await inner.quarantine(id, reason: reason) }
    public func highestID() async throws(QueueError) -> QueueID? { try await inner.highestID() }
    public func probe() async throws(QueueError) { try await inner.probe() }
    public func close() async { await inner.close() }
    public var health: StorageHealth { inner.health }
    public func hasRoom(for octets: Int) -> Bool { inner.hasRoom(for: octets) }
    public func attemptBegins(_ id: QueueID, alone: Bool) { inner.attemptBegins(id, alone: alone) }
    public func attemptEnded(_ id: QueueID) { inner.attemptEnded(id) }
    public var serviceClock: ServiceClock { inner.serviceClock }
    public var ledger: SendingLedger { inner.ledger }
    public func suppression(of mailbox: Mailbox) -> Suppression? { inner.suppression(of: mailbox) }
    public func suppressions(after mailbox: Mailbox?, limit: Int) -> [Suppression] { inner.suppressions(after: mailbox, limit: limit) }
    public func suppress(_ suppression: Suppression) async throws(QueueError) { try await inner.suppress(suppression) }
    public func unsuppress(_ mailbox: Mailbox) async throws(QueueError) -> Bool { try await inner.unsuppress(mailbox) }
    public func deadLetters(dueBefore time: Timestamp, limit: Int) async throws(QueueError) -> [QueueEntry] {
        try await inner.deadLetters(dueBefore: time, limit: limit)
    }
    public func settle(_ ids: [QueueID], report: QueuedMessage, events: [RelayEvent]) async throws(QueueError) {
        try await inner.settle(ids, report: report, events: events)
    }
    public var space: StorageSpace { inner.space }
    public func makeSpoolWriter() -> any SpoolWriter {
        spool.map { WatchedSpoolWriter($0, inner.makeSpoolWriter()) } ?? inner.makeSpoolWriter()
    }
    public func discard(_ file: SpoolFile) { inner.discard(file) }
    public func openBody(_ file: SpoolFile) async throws(QueueError) -> any SpoolReader { try await inner.openBody(file) }
}
