internal import Dispatch
public import MailModel
internal import Synchronization

/// A queue that lasts as long as the process: for tests of what stands on `QueueStore`, and for tools that keep nothing.
public final class MemoryQueueStore: QueueStore, EventHistory {
    private struct Item {
        var message: QueuedMessage
        var state = QueueEntry.State.waiting
        var note = ""

        var open: [QueuedRecipient] { message.recipients.filter { !$0.state.isFinal } }
        var dueAt: Timestamp { open.map(\.nextAttempt).min() ?? message.acceptedAt }
        var attempts: Int { message.recipients.map(\.attempts).max() ?? 0 }

        var entry: QueueEntry {
            QueueEntry(
                id: message.id, account: message.account, acceptedAt: message.acceptedAt, state: state, dueAt: dueAt, attempts: attempts,
                size: message.size, reversePath: message.reversePath, recipients: message.recipients, facts: message.facts, note: note)
        }

        func matches(_ filter: QueueFilter) -> Bool {
            (filter.ids.map { $0.contains(message.id) } ?? true)
                && filter.matches(account: message.account, state: state, acceptedAt: message.acceptedAt)
                && (filter.recipient == nil || message.recipients.contains { filter.matches(recipient: $0.mailbox.wireOctets) })
        }
    }

    private struct State {
        var items: [QueueID: Item] = [:]
        var bodies: [QueueID: [UInt8]] = [:]
        var events: [RelayEvent] = []
        var highest: QueueID?
        var failure: QueueError?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "fairlead.queue.memory")

    public init() {}

    /// From now on commits and records fail with this; `nil` ends it.
    public func fail(with error: QueueError?) { state.withLock { $0.failure = error } }

    /// All events so far, in the order in which they came.
    public var events: [RelayEvent] { state.withLock(\.events) }

    /// Messages in the queue, by id.
    public var messages: [QueuedMessage] { state.withLock { $0.items.values.map(\.message).sorted { $0.id < $1.id } } }

    public func commit(_ messages: [QueuedMessage], events: [RelayEvent], completion: @escaping QueueCompletion) {
        queue.async {
            completion(
                self.change { state throws(QueueError) in
                    try self.insert(messages, &state)
                    state.events += events
                })
        }
    }

    public func record(_ record: DeliveryRecord, completion: @escaping QueueCompletion) {
        queue.async {
            var isKnown = true
            let result = self.change { state throws(QueueError) in
                try self.insert(record.reports, &state)
                state.events += record.events
                guard var item = state.items[record.id] else {
                    isKnown = false
                    return
                }
                for result in record.results {
                    guard let place = item.message.recipients.firstIndex(where: { $0.index == result.index && !$0.state.isFinal })
                    else { continue }
                    item.message.recipients[place].apply(result)
                }
                state.items[record.id] = item.open.isEmpty ? nil : item
                if item.open.isEmpty { state.bodies[record.id] = nil }
            }
            completion(isKnown ? result : .failure(.notFound(record.id)))
        }
    }

    /// - Parameter body: throws before it changes anything.
    private func change(_ body: (inout State) throws(QueueError) -> Void) -> Result<Void, QueueError> {
        state.withLock { state in
            if state.isClosed { return .failure(.closed) }
            if let failure = state.failure { return .failure(failure) }
            do throws(QueueError) { try body(&state) } catch { return .failure(error) }
            return .success(())
        }
    }

    /// All or none.
    private func insert(_ messages: [QueuedMessage], _ state: inout State) throws(QueueError) {
        var fresh: Set<QueueID> = []
        for message in messages {
            guard state.items[message.id] == nil, fresh.insert(message.id).inserted else {
                throw .rejected("\(message.id) is queued already")
            }
            guard message.recipients.contains(where: { !$0.state.isFinal }) else { throw .rejected("\(message.id) has no recipient") }
        }
        for message in messages {
            state.items[message.id] = Item(message: message)
            state.highest = max(state.highest ?? message.id, message.id)
        }
    }

    public func due(before time: Timestamp, after cursor: DueCursor?, limit: Int) async throws(QueueError) -> [DueMessage] {
        state.withLock { state in
            let due = state.items.values.filter { $0.state == .waiting && $0.dueAt <= time }.map { item in
                DueMessage(
                    id: item.message.id, account: item.message.account, dueAt: item.dueAt, size: item.message.size,
                    openRecipients: item.open.count)
            }
            return Array(
                due.filter { message in cursor.map { $0 < message.cursor } ?? true }.sorted { $0.cursor < $1.cursor }.prefix(limit))
        }
    }

    public func load(_ id: QueueID) async throws(QueueError) -> QueuedMessage {
        guard let item = state.withLock({ $0.items[id] }) else { throw .notFound(id) }
        guard item.state == .waiting else { throw .notSendable(id) }
        return item.message
    }

    public func entry(_ id: QueueID) async throws(QueueError) -> QueueEntry {
        guard let item = state.withLock({ $0.items[id] }) else { throw .notFound(id) }
        return item.entry
    }

    public func list(_ filter: QueueFilter, after id: QueueID?, limit: Int) async throws(QueueError) -> QueuePage {
        let all = state.withLock { state in
            state.items.values.filter { item in item.matches(filter) && (id.map { $0 < item.message.id } ?? true) }.map(\.entry)
        }.sorted { $0.id < $1.id }
        return QueuePage(entries: Array(all.prefix(limit)), next: all.count > limit ? all[limit - 1].id : nil)
    }

    public func statistics() async throws(QueueError) -> QueueStatistics {
        state.withLock { state in
            var counters = QueueCounters()
            for item in state.items.values {
                counters.add(
                    QueueCounters.Share(
                        account: item.message.account, state: item.state, attempts: item.attempts, open: item.open.count,
                        size: item.message.size))
            }
            counters.settle()
            var statistics = QueueStatistics()
            statistics.total = counters.total
            statistics.accounts = counters.accounts
            statistics.oldest = state.items.values.filter { $0.state != .quarantined }.map(\.message.acceptedAt).min()
            statistics.nextDue = state.items.values.filter { $0.state == .waiting }.map(\.dueAt).min()
            return statistics
        }
    }

    public func makeDue(_ filter: QueueFilter, at time: Timestamp) async throws(QueueError) -> Int {
        edit(filter) { item in
            guard item.state != .quarantined else { return false }
            (item.state, item.note) = (.waiting, "")
            for place in item.message.recipients.indices where !item.message.recipients[place].state.isFinal {
                item.message.recipients[place].nextAttempt = time
            }
            return true
        }
    }

    public func hold(_ filter: QueueFilter, note: String) async throws(QueueError) -> Int {
        edit(filter) { item in
            guard item.state == .waiting else { return false }
            (item.state, item.note) = (.held, note)
            return true
        }
    }

    public func release(_ filter: QueueFilter) async throws(QueueError) -> Int {
        edit(filter) { item in
            guard item.state != .waiting else { return false }
            (item.state, item.note) = (.waiting, "")
            return true
        }
    }

    public func remove(
        _ filter: QueueFilter, recording: @escaping @Sendable (QueueEntry) -> [RelayEvent]
    ) async throws(QueueError) -> Int {
        state.withLock { state in
            let gone = state.items.values.filter { $0.matches(filter) }.sorted { $0.message.id < $1.message.id }
            for item in gone {
                state.items[item.message.id] = nil
                state.bodies[item.message.id] = nil
                state.events += recording(item.entry)
            }
            return gone.count
        }
    }

    public func quarantine(_ id: QueueID, reason: String) async throws(QueueError) {
        let count = edit(QueueFilter(ids: [id])) { item in
            (item.state, item.note) = (.quarantined, reason)
            return true
        }
        if count == 0 { throw .notFound(id) }
    }

    private func edit(_ filter: QueueFilter, _ body: (inout Item) -> Bool) -> Int {
        state.withLock { state in
            var count = 0
            for id in state.items.values.filter({ $0.matches(filter) }).map(\.message.id) {
                if var item = state.items[id], body(&item) {
                    state.items[id] = item
                    count += 1
                }
            }
            return count
        }
    }

    public func highestID() async throws(QueueError) -> QueueID? { state.withLock(\.highest) }

    public func probe() async throws(QueueError) {}

    public func close() async { state.withLock { $0.isClosed = true } }

    public var health: StorageHealth {
        switch state.withLock(\.failure) {
        case .none: .healthy
        case .outOfSpace: .outOfSpace
        case .some(let error): .unhealthy(error.description)
        }
    }

    public func hasRoom(for octets: Int) -> Bool { health == .healthy }

    // MARK: Bodies

    public func makeSpoolWriter() -> any SpoolWriter {
        Writer { id, octets in self.state.withLock { $0.bodies[id] = octets } }
    }

    public func discard(_ file: SpoolFile) { state.withLock { if $0.items[file.id] == nil { $0.bodies[file.id] = nil } } }

    public func openBody(_ file: SpoolFile) async throws(QueueError) -> any SpoolReader {
        guard let octets = state.withLock({ $0.bodies[file.id] }), octets.count == file.size, Checksum.of(octets) == file.checksum else {
            throw .damaged(file.id, "its body is missing or not what was accepted")
        }
        return Reader(octets)
    }

    private final class Writer: SpoolWriter {
        private let octets = Mutex<[UInt8]?>([])
        private let keep: @Sendable (QueueID, [UInt8]) -> Void

        init(keep: @escaping @Sendable (QueueID, [UInt8]) -> Void) { self.keep = keep }

        func append(_ octets: UnsafeRawBufferPointer) -> Int {
            self.octets.withLock { $0?.append(contentsOf: octets) }
            return 0
        }

        func whenWaiting(atMost limit: Int, _ action: @escaping @Sendable () -> Void) { action() }

        func finish(as id: QueueID, completion: @escaping @Sendable (Result<SpoolFile, QueueError>) -> Void) {
            guard let whole = octets.withLock({ $0.take() }) else { return completion(.failure(.closed)) }
            keep(id, whole)
            completion(.success(SpoolFile(id: id, size: whole.count, checksum: Checksum.of(whole))))
        }

        func discard() { octets.withLock { $0 = nil } }
    }

    private final class Reader: SpoolReader {
        let size: Int
        private let rest: Mutex<ArraySlice<UInt8>>

        init(_ octets: [UInt8]) {
            size = octets.count
            rest = Mutex(octets[...])
        }

        func next(_ completion: @escaping @Sendable (Result<[UInt8]?, QueueError>) -> Void) {
            let piece = rest.withLock { rest -> [UInt8]? in
                guard !rest.isEmpty else { return nil }
                let piece = Array(rest.prefix(256 << 10))
                rest = rest.dropFirst(piece.count)
                return piece
            }
            completion(.success(piece))
        }
    }

    // MARK: History

    public func trace(_ word: String, limit: Int) async throws(QueueError) -> [RelayEvent] {
        let wanted = SearchWord(Array(word.utf8))
        let byID = QueueID(parsing: word)
        let events = events
        let named = events.filter { wanted.names($0) || ($0.queueID != nil && $0.queueID == byID) }
        var newest: [QueueID] = []
        for id in named.reversed().compactMap(\.queueID) where !newest.contains(id) { newest.append(id) }
        let ids = Set(newest.prefix(limit))
        return events.filter { event in event.queueID.map { ids.contains($0) } ?? wanted.names(event) }
    }

    public func recent(_ limit: Int) async throws(QueueError) -> [RelayEvent] { events.suffix(limit) }
}
