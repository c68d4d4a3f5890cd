public import MailModel

/// Called once, on a queue of the store's: it should only hand on.
public typealias QueueCompletion = @Sendable (Result<Void, QueueError>) -> Void

/// The durable queue. Any method may be called from any queue; asynchronous ones resume where they were called.
///
/// Nothing here names a database: an implementation may serve several relay nodes.
public protocol QueueStore: Sendable {
    /// Makes messages durable, all or none, with the events that tell of it. Returns at once; `completion` runs after the sync.
    ///
    /// From this call on the store owns the spool files that the messages name, also if it fails.
    func commit(_ messages: [QueuedMessage], events: [RelayEvent], completion: @escaping QueueCompletion)

    /// Makes outcomes durable. A message whose recipients are all final leaves the queue, its spool file after it.
    ///
    /// Fails with `notFound` if the message is gone; the events are kept all the same. Works on a full disk.
    func record(_ record: DeliveryRecord, completion: @escaping QueueCompletion)

    /// Waiting messages due at or before a time, by due time, then id; without their octets.
    ///
    /// A message stays in the answer until a result, a hold or a removal is recorded: the caller knows which are under way.
    ///
    /// - Parameter account: only this account's, however many others have.
    nonisolated(nonsending) func due(
        before time: Timestamp, after cursor: DueCursor?, limit: Int, account: AccountName?
    ) async throws(QueueError) -> [DueMessage]

    /// A message as it will be sent, with all its recipients, final ones included.
    ///
    /// Throws `damaged` if its octets changed; it is quarantined then. `notSendable` if it is held or quarantined.
    nonisolated(nonsending) func load(_ id: QueueID) async throws(QueueError) -> QueuedMessage

    /// A message as it lies in the store, in whatever state; throws `damaged` if its octets changed, and does nothing about it.
    nonisolated(nonsending) func stored(_ id: QueueID) async throws(QueueError) -> QueuedMessage

    /// What a message was before the rules; `nil` where that was not kept. Throws `damaged` if it is not what was kept.
    nonisolated(nonsending) func original(of id: QueueID) async throws(QueueError) -> KeptOriginal?

    /// Puts new headers in the place of old ones, all in one transaction. Nothing may attempt the messages meanwhile.
    ///
    /// - Returns: those that were replaced; the others are gone, damaged, or not as expected any more.
    nonisolated(nonsending) func replace(_ replacements: [HeaderReplacement]) async throws(QueueError) -> Set<QueueID>

    /// Checks the whole store against itself: checksums, rows, bodies, sums.
    ///
    /// - Parameter pages: whether the database's pages are checked too, during which nothing else is done.
    nonisolated(nonsending) func verify(pages: Bool) async throws(QueueError) -> VerificationReport

    /// One message as operators see it, in whatever state.
    nonisolated(nonsending) func entry(_ id: QueueID) async throws(QueueError) -> QueueEntry

    /// A page of the messages that fit; ask on with `QueuePage.next`. A page may hold fewer than `limit` before the end.
    nonisolated(nonsending) func list(_ filter: QueueFilter, after id: QueueID?, limit: Int) async throws(QueueError) -> QueuePage

    nonisolated(nonsending) func statistics() async throws(QueueError) -> QueueStatistics

    /// Makes waiting and held messages due at `time` and lifts their hold. Quarantined ones stay; dead ones are tried once more for the
    /// recipients that failed, if the filter names them by id or asks for dead ones.
    ///
    /// This and the next three work in steps: other work goes on between them. They return how many messages changed.
    @discardableResult
    nonisolated(nonsending) func makeDue(_ filter: QueueFilter, at time: Timestamp) async throws(QueueError) -> Int

    @discardableResult
    nonisolated(nonsending) func hold(_ filter: QueueFilter, note: String) async throws(QueueError) -> Int

    /// Lets held and quarantined messages go again at the time they had.
    @discardableResult
    nonisolated(nonsending) func release(_ filter: QueueFilter) async throws(QueueError) -> Int

    /// Takes messages out unsent. The events that `recording` makes of each enter the history in the same step.
    @discardableResult
    nonisolated(nonsending) func remove(
        _ filter: QueueFilter, recording: @escaping @Sendable (QueueEntry) -> [RelayEvent]
    ) async throws(QueueError) -> Int

    /// Sets a message aside with the reason.
    nonisolated(nonsending) func quarantine(_ id: QueueID, reason: String) async throws(QueueError)

    /// Notes that the message is about to be attempted, and that the attempt is over: a start that finds an attempt noted knows which
    /// message was under way when the process ended, and sets it aside at the third time.
    ///
    /// - Parameter alone: nothing else is attempted meanwhile, so that a crash is this message's fault.
    func attemptBegins(_ id: QueueID, alone: Bool)
    func attemptEnded(_ id: QueueID)

    /// What the age of messages is measured by.
    var serviceClock: ServiceClock { get }

    /// Who was accepted for how much, and how much was relayed, in 24 hours.
    var ledger: SendingLedger { get }

    /// Whether an address gets no mail: a look into memory.
    func suppression(of mailbox: Mailbox) -> Suppression?

    /// Suppresses an address from now on; an entry that it has already is replaced.
    nonisolated(nonsending) func suppress(_ suppression: Suppression) async throws(QueueError)

    /// - Returns: whether it was suppressed.
    nonisolated(nonsending) func unsuppress(_ mailbox: Mailbox) async throws(QueueError) -> Bool

    /// A page of the suppressed addresses, in the order of their octets.
    func suppressions(after mailbox: Mailbox?, limit: Int) -> [Suppression]

    /// Dead messages for whose digest it is time, the oldest first.
    nonisolated(nonsending) func deadLetters(dueBefore time: Timestamp, limit: Int) async throws(QueueError) -> [QueueEntry]

    /// Queues a report and takes out the dead messages that it covers, as one step.
    nonisolated(nonsending) func settle(_ ids: [QueueID], report: QueuedMessage, events: [RelayEvent]) async throws(QueueError)

    /// Room on the queue's file system.
    var space: StorageSpace { get }

    /// The highest id ever stored, also of messages that left: the floor for new ids.
    nonisolated(nonsending) func highestID() async throws(QueueError) -> QueueID?

    /// Tries to write, sync and read back; storage that was unhealthy accepts again once this succeeds.
    nonisolated(nonsending) func probe() async throws(QueueError)

    /// Finishes what was asked before, hands the history its rest, and lets go of the files.
    nonisolated(nonsending) func close() async

    var health: StorageHealth { get }

    /// Whether a message of this size is likely to find room: a look at the file system, cheap enough for each MAIL command.
    func hasRoom(for octets: Int) -> Bool

    /// For the body of a message that outgrew `StoredBody.inlineLimit`.
    func makeSpoolWriter() -> any SpoolWriter

    /// Removes a finished body whose message was refused after all; one that a queued message needs stays.
    func discard(_ file: SpoolFile)

    /// For sending. Damage that shows while reading quarantines the message.
    nonisolated(nonsending) func openBody(_ file: SpoolFile) async throws(QueueError) -> any SpoolReader
}

extension QueueStore {
    nonisolated(nonsending) public func due(
        before time: Timestamp, after cursor: DueCursor?, limit: Int
    ) async throws(QueueError) -> [DueMessage] {
        try await due(before: time, after: cursor, limit: limit, account: nil)
    }

    /// Makes messages durable, all or none; returns after the sync.
    nonisolated(nonsending) public func commit(_ messages: [QueuedMessage], events: [RelayEvent] = []) async throws(QueueError) {
        try await withUnsafeContinuation { continuation in
            commit(messages, events: events) { continuation.resume(returning: $0) }
        }.get()
    }

    nonisolated(nonsending) public func commit(_ message: QueuedMessage, events: [RelayEvent] = []) async throws(QueueError) {
        try await commit([message], events: events)
    }

    nonisolated(nonsending) public func record(_ record: DeliveryRecord) async throws(QueueError) {
        try await withUnsafeContinuation { continuation in
            self.record(record) { continuation.resume(returning: $0) }
        }.get()
    }
}

/// What happened to messages, also after they left the queue.
public protocol EventHistory: Sendable {
    /// All events of the messages that a word names, in the order of time: a queue id, a Message-ID with or without brackets, an SES
    /// id or a recipient's address, in any case.
    ///
    /// - Parameter limit: at most so many messages, the newest.
    nonisolated(nonsending) func trace(_ word: String, limit: Int) async throws(QueueError) -> [RelayEvent]

    /// The last events that fit, oldest first.
    nonisolated(nonsending) func recent(_ limit: Int, matching filter: EventFilter) async throws(QueueError) -> [RelayEvent]

    /// The events that fit, oldest first, a stretch at a time, which may be empty.
    ///
    /// - Parameter cursor: what the stretch before returned as `next`, which is `nil` after the last one; `nil` to begin.
    nonisolated(nonsending) func events(
        after cursor: Int64?, matching filter: EventFilter
    ) async throws(QueueError) -> (events: [RelayEvent], next: Int64?)

    /// What each account sent in a month; kept for good.
    nonisolated(nonsending) func usage(in month: CalendarMonth) async throws(QueueError) -> UsageReport
}

extension EventHistory {
    /// The last events, oldest first.
    nonisolated(nonsending) public func recent(_ limit: Int) async throws(QueueError) -> [RelayEvent] {
        try await recent(limit, matching: .all)
    }
}
