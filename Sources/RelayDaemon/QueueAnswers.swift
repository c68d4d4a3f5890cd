internal import ControlProtocol
internal import MailModel
internal import MailQueue

/// Answers what is asked of queue and history: by the daemon, and by a command on its own while the daemon is down.
struct QueueAnswers {
    let store: any QueueStore
    let history: any EventHistory
    let clock: WallClock
    /// Nothing else uses the store, so that its pages can be checked in peace.
    var isAlone = false

    /// - Returns: whether the request was one of these.
    func answer(_ request: ControlRequest, _ send: @escaping ControlLineSender) async throws(QueueError) -> Bool {
        switch request.command {
        case .queueList: try await list(request, send)
        case .queueShow: try await show(request, send)
        case .queueVerify: _ = await send(try encoded(VerifyReport(try await store.verify(pages: isAlone))))
        case .queueExport: try await export(request, send)
        case .tail: try await past(request, send)
        case .trace: _ = await send(try encoded(try await trace(request.word ?? "", headers: request.headers == true)))
        case .usage: _ = await send(try encoded(try await usage(request.word ?? "")))
        default: return false
        }
        return true
    }

    func encoded(_ value: some Encodable) throws(QueueError) -> [UInt8] {
        do { return try ControlCoding.encode(value) } catch { throw .rejected("\(error)") }
    }

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
        if let message = try? await store.stored(id) { shown.header = String(decoding: message.header, as: UTF8.self) }
        if let original = try? await store.original(of: id) {
            shown.originalHeader = String(decoding: original.header, as: UTF8.self)
            shown.generation = original.generation
        }
        _ = await send(try encoded(shown))
    }

    // MARK: Export

    /// Octets in a line of the answer.
    private static let piece = 48 << 10

    private func export(_ request: ControlRequest, _ send: ControlLineSender) async throws(QueueError) {
        let filter = try filter(request.filter)
        var after: QueueID?
        repeat {
            let page = try await store.list(filter, after: after, limit: 100)
            for entry in page.entries { guard try await export(entry, send) else { return } }
            after = page.next
        } while after != nil
    }

    /// - Returns: whether the other side still listens.
    private func export(_ entry: MailQueue.QueueEntry, _ send: ControlLineSender) async throws(QueueError) -> Bool {
        let message: QueuedMessage
        do throws(QueueError) {
            message = try await store.stored(entry.id)
        } catch {
            if case .notFound = error { return true }
            throw error
        }
        let shown = ControlProtocol.QueueEntry(entry, onlyOpen: false, now: clock())
        var isHeard = await send(
            try encoded(
                ExportedPiece(
                    queueID: entry.id.description, envelope: shown, reversePath: message.reversePath.description, octets: message.header)))
        switch message.body {
        case .inline(let body):
            if isHeard { isHeard = await send(try encoded(ExportedPiece(queueID: entry.id.description, octets: body))) }
        case .file(let file):
            let reader = try await store.openBody(file)
            while isHeard, let octets = try await reader.next() {
                for start in stride(from: 0, to: octets.count, by: Self.piece) where isHeard {
                    let part = Array(octets[start..<min(octets.count, start + Self.piece)])
                    isHeard = await send(try encoded(ExportedPiece(queueID: entry.id.description, octets: part)))
                }
            }
        }
        return isHeard
    }

    // MARK: Filters

    func filter(_ wanted: ControlProtocol.QueueFilter?) throws(QueueError) -> MailQueue.QueueFilter {
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
}

extension VerifyReport {
    init(_ report: VerificationReport) {
        self.init(
            messages: report.messages, recipients: report.recipients, octets: report.octets, accepted: report.accepted,
            relayed: report.relayed, failed: report.failed, removed: report.removed, open: report.open, checkedPages: report.checkedPages,
            problems: report.problems)
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
        identity = entry.facts.identity
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
