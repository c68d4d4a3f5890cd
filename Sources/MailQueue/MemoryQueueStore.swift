internal import Dispatch
public import MailModel
internal import Synchronization

/// A queue that lasts as long as the process: for tests of what stands on `QueueStore`, and for tools that keep nothing.
public final class MemoryQueueStore: QueueStore, EventHistory {
    private struct Item {
        var message: QueuedMessage
        var state = QueueEntry.State.waiting
        var note = ""
        /// When a digest tells of it, once it is dead.
        var reportDue = Timestamp.never

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
        var strikes: [Mailbox: Int] = [:]
    }

    private let state = Mutex(State())
    public let serviceClock: ServiceClock
    public let ledger = SendingLedger()
    private let list = SuppressionList()
    private let attempted = Mutex<[QueueID]>([])
    private let clock: WallClock
    private let queue = DispatchQueue(label: "fairlead.queue.memory")

    /// - Parameters:
    ///   - clock: what the ledger counts by.
    ///   - instant: what the service clock runs by.
    public init(
        clock: @escaping WallClock = { Timestamp(microseconds: 0) },
        instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.clock = clock
        serviceClock = ServiceClock(wall: clock(), instant: instant)
    }

    /// Attempts that have begun and not ended, in their order.
    public var underWay: [QueueID] { attempted.withLock(\.self) }

    public func attemptBegins(_ id: QueueID, alone: Bool) { attempted.withLock { $0.append(id) } }

    public func attemptEnded(_ id: QueueID) { attempted.withLock { $0.removeAll { $0 == id } } }

    /// As if the process had ended so often while the message was being attempted.
    public func setCrashes(_ count: Int, of id: QueueID) { state.withLock { $0.items[id]?.message.crashes = count } }

    public func suppression(of mailbox: Mailbox) -> Suppression? { list[mailbox] }

    public func suppress(_ suppression: Suppression) async throws(QueueError) { list.set(suppression) }

    public func unsuppress(_ mailbox: Mailbox) async throws(QueueError) -> Bool {
        guard list[mailbox] != nil else { return false }
        list.remove(mailbox)
        state.withLock { $0.strikes[mailbox] = nil }
        return true
    }

    public func suppressions(after mailbox: Mailbox?, limit: Int) -> [Suppression] { list.page(after: mailbox, limit: limit) }

    public func deadLetters(dueBefore time: Timestamp, limit: Int) async throws(QueueError) -> [QueueEntry] {
        state.withLock { state in
            Array(
                state.items.values.filter { $0.state == .dead && $0.reportDue <= time }
                    .sorted { ($0.reportDue, $0.message.id) < ($1.reportDue, $1.message.id) }.prefix(limit).map(\.entry))
        }
    }

    public func settle(_ ids: [QueueID], report: QueuedMessage, events: [RelayEvent]) async throws(QueueError) {
        try change { state throws(QueueError) in
            try self.insert([report], &state)
            for id in ids where state.items[id]?.state == .dead { state.items[id] = nil }
            state.events += events
        }.get()
    }

    public var space: StorageSpace { StorageSpace(level: health == .healthy ? .ok : .full, freeOctets: 1 << 40, freeInodes: nil) }

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
            var sums = TransactionSums()
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
                    sums.settled(result.verdict, of: item.message.account, at: self.clock())
                }
                for index in record.reported where item.message.recipients.indices.contains(index) {
                    item.message.recipients[index].isReported = true
                }
                if record.isWarning { item.message.isWarned = true }
                for strike in record.strikes { self.count(strike, &state) }
                self.ledger.add(sums.ledger)
                switch (item.open.isEmpty, record.ending) {
                case (false, _):
                    if let note = record.hold, item.state == .waiting { (item.state, item.note) = (.held, note) }
                    state.items[record.id] = item
                case (true, .leaves):
                    state.items[record.id] = nil
                    state.bodies[record.id] = nil
                case (true, .dead(let note, let reportDue)):
                    (item.state, item.note, item.reportDue) = (.dead, note, reportDue ?? .never)
                    state.items[record.id] = item
                }
            }
            completion(isKnown ? result : .failure(.notFound(record.id)))
        }
    }

    private func count(_ strike: Strike, _ state: inout State) {
        state.strikes[strike.mailbox, default: 0] += 1
        guard state.strikes[strike.mailbox, default: 0] >= strike.limit, list[strike.mailbox] == nil else { return }
        list.set(Suppression(mailbox: strike.mailbox, since: clock(), reason: strike.reply, origin: .bounce))
        state.events.append(RelayEvent(.suppressed, at: clock(), recipients: [strike.mailbox]))
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
            var item = Item(message: message)
            if let note = message.hold { (item.state, item.note) = (.held, note) }
            state.items[message.id] = item
            state.highest = max(state.highest ?? message.id, message.id)
            var sums = TransactionSums()
            sums.accepted(message.recipients.count { !$0.state.isFinal }, of: message, at: clock())
            ledger.add(sums.ledger)
        }
    }

    public func due(
        before time: Timestamp, after cursor: DueCursor?, limit: Int, account: AccountName?
    ) async throws(QueueError) -> [DueMessage] {
        state.withLock { state in
            let due = state.items.values.filter {
                $0.state == .waiting && $0.dueAt <= time && (account == nil || $0.message.account == account)
            }.map { item in
                DueMessage(
                    id: item.message.id, account: item.message.account, dueAt: item.dueAt, size: item.message.size,
                    openRecipients: item.open.count, crashes: item.message.crashes)
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

    public func stored(_ id: QueueID) async throws(QueueError) -> QueuedMessage {
        guard let item = state.withLock({ $0.items[id] }) else { throw .notFound(id) }
        return item.message
    }

    public func verify(pages: Bool) async throws(QueueError) -> VerificationReport {
        state.withLock { state in
            var report = VerificationReport()
            report.messages = state.items.count
            report.recipients = state.items.values.reduce(0) { $0 + $1.message.recipients.count }
            return report
        }
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

    public func original(of id: QueueID) async throws(QueueError) -> KeptOriginal? {
        guard let item = state.withLock({ $0.items[id] }) else { throw .notFound(id) }
        guard let encoded = item.message.original else { return nil }
        guard let original = encoded.decoded(of: id) else { throw .damaged(id, "its original header is damaged") }
        return original
    }

    public func replace(_ replacements: [HeaderReplacement]) async throws(QueueError) -> Set<QueueID> {
        var replaced: Set<QueueID> = []
        try change { state throws(QueueError) in
            for replacement in replacements {
                guard let item = state.items[replacement.id], item.message.header == replacement.before else { continue }
                state.items[replacement.id]?.message = item.message.replaced(by: replacement)
                state.events += replacement.events
                replaced.insert(replacement.id)
            }
        }.get()
        return replaced
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
            statistics.oldest = state.items.values.filter { $0.state == .waiting || $0.state == .held }.map(\.message.acceptedAt).min()
            statistics.nextDue = state.items.values.filter { $0.state == .waiting }.map(\.dueAt).min()
            return statistics
        }
    }

    public func makeDue(_ filter: QueueFilter, at time: Timestamp) async throws(QueueError) -> Int {
        edit(filter) { item in
            guard item.state != .quarantined, item.state != .dead || filter.ids != nil || filter.state == .dead else { return false }
            if item.state == .held, filter.ids == nil, item.note.hasPrefix(QueuedMessage.stagingHold) { return false }
            if item.state == .dead {
                for place in item.message.recipients.indices where !item.message.recipients[place].isReported {
                    let state = item.message.recipients[place].state
                    if state == .failed || state == .expired { item.message.recipients[place].state = .waiting }
                }
            }
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
            guard item.state == .held || item.state == .quarantined else { return false }
            // Test systems' mail leaves only for who names it, or its account.
            if filter.ids == nil, filter.account == nil, item.note.hasPrefix(QueuedMessage.stagingHold) { return false }
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

    public func recent(_ limit: Int, matching filter: EventFilter) async throws(QueueError) -> [RelayEvent] {
        events.filter(filter.matches).suffix(max(0, limit))
    }

    public func events(
        after cursor: Int64?, matching filter: EventFilter
    ) async throws(QueueError) -> (events: [RelayEvent], next: Int64?) { (events.filter(filter.matches), nil) }

    public func usage(in month: CalendarMonth) async throws(QueueError) -> UsageReport {
        let events = events
        var sums = UsageSums()
        for event in events { sums.count(StoredEvent(event)) }
        let accounts = sums.sums.filter { $0.key.month == month }.map { MonthlyUsage(account: $0.key.account, counts: $0.value) }
        return UsageReport(
            accounts: accounts.sorted { $0.account < $1.account }, countedSince: events.first?.time ?? Timestamp(microseconds: 0))
    }
}
