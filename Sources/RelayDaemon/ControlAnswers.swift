internal import ControlProtocol
internal import Dispatcher
internal import MailModel
internal import MailQueue

/// Answers the commands from the daemon's live parts.
struct ControlAnswers: ControlAnswering {
    let store: any QueueStore
    let history: any EventHistory
    let dispatcher: Dispatcher
    let hub: EventHub
    let clock: WallClock
    let status: @Sendable () async -> StatusReport
    /// Puts the configuration in force anew; the warnings of a good one, the problems of a bad one.
    let reload: @Sendable () async throws(ControlFailure) -> [String]

    func answer(_ request: ControlRequest, send: @escaping ControlLineSender) async throws(ControlFailure) -> Int? {
        if request.command == .reload {
            for warning in try await reload() { _ = await send(Array(warning.utf8)) }
            return nil
        }
        do throws(QueueError) {
            switch request.command {
            case .status: _ = await send(try encoded(await status()))
            case .health: _ = await send(try encoded(HealthReport(await status())))
            case .queueList: try await list(request, send)
            case .queueShow: try await show(request, send)
            case .queueRetry, .queueHold, .queueRelease, .queueRemove: return try await change(request)
            case .tail:
                for event in try await history.recent(min(max(0, request.count ?? 10), 10_000)) {
                    guard await send(try encoded(EventRecord(event))) else { break }
                }
            case .trace: _ = await send(try encoded(try await trace(request.word ?? "")))
            case .reload: break
            case .suppressAdd: return try await suppress(request)
            case .suppressRemove: return try await unsuppress(request)
            case .suppressList: try await listSuppressions(send)
            }
        } catch {
            throw ControlFailure(text: error.description, code: error.isNotFound ? 65 : 75)
        }
        return nil
    }

    func follow(_ send: @escaping @Sendable (RelayEvent) -> Void) -> @Sendable () -> Void {
        let number = hub.subscribe(send)
        return { hub.unsubscribe(number) }
    }

    func encoded(_ value: some Encodable) throws(QueueError) -> [UInt8] {
        do { return try ControlCoding.encode(value) } catch { throw .rejected("\(error)") }
    }

    // MARK: Queue

    /// Three hundred years.
    private static let longestAge = 1e10

    private func list(_ request: ControlRequest, _ send: ControlLineSender) async throws(QueueError) {
        let filter = try filter(request.filter)
        var left = request.count ?? .max
        var after = request.after.flatMap { QueueID(parsing: $0) }
        while left > 0 {
            let page = try await store.list(filter, after: after, limit: min(left, 500))
            for entry in page.entries {
                guard await send(try encoded(ControlProtocol.QueueEntry(entry, onlyOpen: true, now: clock()))) else { return }
            }
            left -= page.entries.count
            guard let next = page.next else { return }
            after = next
        }
    }

    private func show(_ request: ControlRequest, _ send: ControlLineSender) async throws(QueueError) {
        guard let text = request.filter?.ids?.first, let id = QueueID(parsing: text) else {
            throw .rejected("a queue id has 13 letters and digits, such as 0d9x2kq7m3f5z")
        }
        var shown = ControlProtocol.QueueEntry(try await store.entry(id), onlyOpen: false, now: clock())
        if let message = try? await store.load(id) { shown.header = String(decoding: message.header, as: UTF8.self) }
        _ = await send(try encoded(shown))
    }

    private func change(_ request: ControlRequest) async throws(QueueError) -> Int {
        guard let wanted = request.filter, !wanted.isEmpty else { throw .rejected("name messages, or say --all") }
        let filter = try filter(wanted)
        let count = try await order(request.command, filter)
        // What the dispatcher holds in memory is from before the order.
        await dispatcher.forgetCopies()
        if request.command == .queueRetry || request.command == .queueRelease { await dispatcher.lookAgain() }
        return count
    }

    private func order(_ command: ControlRequest.Command, _ filter: MailQueue.QueueFilter) async throws(QueueError) -> Int {
        await dispatcher.forgetCopies()
        switch command {
        case .queueRetry: return try await store.makeDue(filter, at: clock())
        case .queueHold: return try await store.hold(filter, note: "held by an operator")
        case .queueRelease: return try await store.release(filter)
        default:
            let now = clock()
            return try await store.remove(filter) { entry in
                entry.recipients.filter { !$0.state.isFinal }.map { recipient in
                    var event = RelayEvent(.removed, at: now, queueID: entry.id, account: entry.account, recipients: [recipient.mailbox])
                    event.delay = now - entry.acceptedAt
                    event.reply = "removed by an operator"
                    return event
                }
            }
        }
    }

    private func filter(_ wanted: ControlProtocol.QueueFilter?) throws(QueueError) -> MailQueue.QueueFilter {
        var filter = MailQueue.QueueFilter()
        guard let wanted else { return filter }
        if let texts = wanted.ids {
            var ids: [QueueID] = []
            for text in texts {
                guard let id = QueueID(parsing: text) else {
                    throw .rejected("\(text) is no queue id: they have 13 letters and digits, such as 0d9x2kq7m3f5z")
                }
                ids.append(id)
            }
            filter.ids = ids
        }
        if let text = wanted.account {
            guard let account = AccountName(text) else { throw .rejected("\(text) is no account name") }
            filter.account = account
        }
        if let word = wanted.state {
            guard let state = MailQueue.QueueEntry.State(word: word) else {
                throw .rejected("\(word) is no state; there are waiting, hold, quarantine and dead")
            }
            filter.state = state
        }
        filter.recipient = wanted.recipient.map { Array($0.utf8) }
        // Bounded, since a number that no duration can hold would end the daemon.
        if let age = wanted.olderThan { filter.acceptedBefore = clock() + .seconds(-min(max(0, age), Self.longestAge)) }
        return filter
    }

    // MARK: History

    private func trace(_ word: String) async throws(QueueError) -> TraceReport {
        var order: [QueueID] = []
        var events: [QueueID: [RelayEvent]] = [:]
        for event in try await history.trace(word, limit: 100) {
            guard let id = event.queueID else { continue }
            if events[id] == nil { order.append(id) }
            events[id, default: []].append(event)
        }
        return TraceReport(
            messages: order.map { id in
                let story = events[id] ?? []
                return TraceReport.Message(
                    queueID: id.description, messageID: story.lazy.compactMap(\.messageID).first, events: story.map(EventRecord.init))
            })
    }
}

extension QueueError {
    fileprivate var isNotFound: Bool {
        switch self {
        case .notFound, .rejected: true
        default: false
        }
    }
}

extension ControlProtocol.QueueEntry {
    /// - Parameter onlyOpen: without the recipients that are done with, as in Postfix's listing.
    init(_ entry: MailQueue.QueueEntry, onlyOpen: Bool, now: Timestamp) {
        let name =
            switch entry.state {
            case .held: "hold"
            case .quarantined: "quarantine"
            case .dead: "dead"
            case .waiting: entry.attempts > 0 || entry.dueAt > now ? "deferred" : "active"
            }
        self.init(
            queueID: entry.id.description, queueName: name, arrivalTime: entry.acceptedAt.seconds, messageSize: entry.size,
            account: entry.account.description, sender: entry.facts.sender ?? entry.reversePath?.description ?? "",
            messageID: entry.facts.messageID, fromBefore: entry.facts.fromBefore, fromAfter: entry.facts.fromAfter,
            recipients: entry.recipients.filter { !onlyOpen || entry.state == .dead || !$0.state.isFinal }.map { recipient in
                Recipient(
                    address: recipient.mailbox.description, state: recipient.state.word, attempts: recipient.attempts,
                    delayReason: recipient.lastReply.isEmpty ? (entry.note.isEmpty ? nil : entry.note) : recipient.lastReply,
                    nextAttempt: recipient.state == .waiting ? recipient.nextAttempt.description : nil)
            })
    }
}

extension MailQueue.QueueEntry.State {
    /// As `queue list` names it; `active` and `deferred` are both `waiting`.
    fileprivate init?(word: String) {
        switch word {
        case "waiting", "active", "deferred": self = .waiting
        case "hold", "held": self = .held
        case "quarantine": self = .quarantined
        case "dead": self = .dead
        default: return nil
        }
    }
}

extension QueuedRecipient.State {
    var word: String {
        switch self {
        case .waiting: "waiting"
        case .relayed: "relayed"
        case .failed: "failed"
        case .expired: "expired"
        }
    }
}
