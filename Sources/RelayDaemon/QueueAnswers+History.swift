internal import ControlProtocol
internal import MailModel
internal import MailQueue

/// What happened: `tail`, `trace` and `report`.
extension QueueAnswers {
    private static let mostPast = 10_000

    /// The past of `tail`: the last few events, or all since a time.
    func past(_ request: ControlRequest, _ send: ControlLineSender) async throws(QueueError) {
        let filter = try EventFilter(request.events)
        if request.count != nil || filter.since == nil {
            for event in try await history.recent(min(max(0, request.count ?? 10), Self.mostPast), matching: filter) {
                guard await send(try encoded(EventRecord(event))) else { return }
            }
            return
        }
        var cursor: Int64?
        repeat {
            let found = try await history.events(after: cursor, matching: filter)
            for event in found.events { guard await send(try encoded(EventRecord(event))) else { return } }
            cursor = found.next
        } while cursor != nil
    }

    func trace(_ word: String, headers: Bool) async throws(QueueError) -> TraceReport {
        var order: [QueueID] = []
        var events: [QueueID: [RelayEvent]] = [:]
        var others: [RelayEvent] = []
        for event in try await history.trace(word, limit: 100) {
            guard let id = event.queueID else {
                others.append(event)
                continue
            }
            if events[id] == nil { order.append(id) }
            events[id, default: []].append(event)
        }
        var report = TraceReport(messages: [])
        for id in order { report.messages.append(await story(of: id, events[id] ?? [], headers: headers)) }
        if !others.isEmpty { report.events = others.map(EventRecord.init) }
        return report
    }

    private func story(of id: QueueID, _ events: [RelayEvent], headers: Bool) async -> TraceReport.Message {
        var message = TraceReport.Message(
            queueID: id.description, messageID: events.lazy.compactMap(\.messageID).first, events: events.map(EventRecord.init))
        if let entry = try? await store.entry(id) { message.queued = ControlProtocol.QueueEntry(entry, onlyOpen: true, now: clock()) }
        if let original = try? await store.original(of: id) {
            message.generation = original.generation
            if headers { message.originalHeader = String(decoding: original.header, as: UTF8.self) }
        }
        if headers, let queued = try? await store.stored(id) { message.header = String(decoding: queued.header, as: UTF8.self) }
        return message
    }

    func usage(_ text: String) async throws(QueueError) -> MonthReport {
        guard let month = CalendarMonth(text) else {
            throw .rejected("\(PrintableText.sanitized(text.utf8, limit: 40)) is no month; write one such as 2026-03")
        }
        let usage = try await history.usage(in: month)
        var report = MonthReport(month: month.description, accounts: usage.accounts.map(MonthReport.Account.init))
        if CalendarMonth(of: usage.countedSince) >= month { report.countedSince = usage.countedSince.description }
        return report
    }
}

extension MonthReport.Account {
    init(_ usage: MonthlyUsage) {
        self.init(account: usage.account.description)
        (messages, recipients, bytes) = (usage.counts.messages, usage.counts.recipients, usage.counts.octets)
        (relayed, relayedBytes) = (usage.counts.relayed, usage.counts.relayedOctets)
        (failures, expired) = (usage.counts.failed + usage.counts.expired, usage.counts.expired)
    }
}

extension EventFilter {
    /// - Throws: if there can be no such account.
    init(_ question: EventQuestion?) throws(QueueError) {
        self.init()
        guard let question else { return }
        if let text = question.account {
            guard let account = AccountName(text) else {
                throw .rejected("\(PrintableText.sanitized(text.utf8, limit: 80)) is no account name")
            }
            self.account = account
        }
        recipient = question.recipient.map { Array($0.utf8) }
        isOnlyFailed = question.failed == true
        // Bounded, since a number that no timestamp can hold would end the daemon.
        since = question.since.map { Timestamp(microseconds: Int64(min(max(0, $0), 1e11) * 1e6)) }
    }
}
