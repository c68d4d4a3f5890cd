internal import MailModel
internal import MailQueue

/// Who is told of failures and delays, and when.
extension Dispatcher {
    /// What fails soon after the first failure is told with it.
    private static let togetherness: Duration = .seconds(5 * 60)
    /// Dead letters that one look at them takes up.
    private static let digestLimit = 1000

    /// Adds to the record what its results make due: the report on failures once nothing more is soon to come, the warning that it is late.
    func addReports(to record: inout DeliveryRecord, of message: QueuedMessage, _ verdicts: [Verdict]) {
        guard let reports else { return }
        let now = time.wall()
        let results = Dictionary(verdicts.map { ($0.result.index, $0) }, uniquingKeysWith: { first, _ in first })
        let failed = message.recipients.compactMap { recipient in
            results[recipient.index].map { $0.failure(of: recipient) } ?? recipient.untoldFailure(at: now)
        }
        let waiting = message.recipients.filter { recipient in
            results[recipient.index].map { !$0.isFinal } ?? (recipient.state == .waiting)
        }
        let soon = steadyNow + Self.togetherness
        let isMoreToCome = waiting.contains { recipient in
            (results[recipient.index]?.result.verdict.nextAttempt ?? recipient.nextAttempt) <= soon
        }
        if !failed.isEmpty, !isMoreToCome { tell(failed, of: message, in: &record, isLast: waiting.isEmpty, reports, now) }
        if let delay = settings.delayWarning, !waiting.isEmpty, !message.isWarned, message.facts.kind == .message,
            store.serviceClock.now() - message.serviceTime >= delay
        {
            warn(waiting.compactMap { results[$0.index]?.delay(of: $0) }, of: message, in: &record, reports, now)
        }
    }

    private func tell(
        _ failed: [FailedRecipient], of message: QueuedMessage, in record: inout DeliveryRecord, isLast: Bool,
        _ reports: any ReportWriting, _ now: Timestamp
    ) {
        if message.facts.kind == .report { tally.bouncesOfReports += 1 }
        switch reports.failure(of: message, recipients: failed, at: now) {
        case .send(let report, let to):
            record.reports.append(readied(report))
            record.reported = failed.map(\.recipient.index)
            tally.reports += 1
            record.events.append(event(.reported, of: message, "report \(report.id) to \(to)", now))
        case .none: record.reported = failed.map(\.recipient.index)
        case .digest(let time):
            guard isLast else { return }
            record.ending = .dead(note: "its sender is told in a digest at \(time)", reportDue: time)
            digestIsDue(at: time)
        case .impossible(let why):
            guard isLast else { return }
            record.ending = .dead(note: why, reportDue: nil)
            record.events.append(event(.deadLettered, of: message, why, now))
        }
    }

    private func warn(
        _ late: [FailedRecipient], of message: QueuedMessage, in record: inout DeliveryRecord, _ reports: any ReportWriting,
        _ now: Timestamp
    ) {
        guard !late.isEmpty else { return }
        record.isWarning = true
        let left = settings.lifetime(of: message.account) - (store.serviceClock.now() - message.serviceTime)
        guard case .send(let report, let to) = reports.delay(of: message, recipients: late, until: now + max(.zero, left), at: now) else {
            return
        }
        record.reports.append(readied(report))
        record.events.append(event(.delayed, of: message, "warning \(report.id) to \(to)", now))
    }

    /// Due now, by the clocks of the queue.
    private func readied(_ report: QueuedMessage) -> QueuedMessage {
        var report = report
        report.serviceTime = store.serviceClock.now()
        for index in report.recipients.indices { report.recipients[index].nextAttempt = steadyNow }
        return report
    }

    // MARK: Digests

    private func digestIsDue(at time: Timestamp) {
        nextDigest = min(nextDigest ?? time, time)
        wake(forWall: time)
    }

    /// Sends the digests whose time has come.
    func sendDigests() {
        guard let reports, let due = nextDigest, due <= time.wall(), !isStopping, !isSendingDigests else { return }
        nextDigest = nil
        isSendingDigests = true
        Task {
            defer { isSendingDigests = false }
            do throws(QueueError) {
                let now = time.wall()
                let entries = try await store.deadLetters(dueBefore: now, limit: Self.digestLimit)
                var left = Set(entries.map(\.id))
                for digest in reports.digests(of: entries, at: now) {
                    let told = digest.covers.map { id in
                        var event = RelayEvent(.reported, at: now, queueID: id, account: digest.report.account)
                        event.reply = "digest \(digest.report.id) to \(digest.to)"
                        return event
                    }
                    let report = readied(digest.report)
                    try await store.settle(digest.covers, report: report, events: told)
                    for event in told { events.emit(event) }
                    tally.reports += 1
                    left.subtract(digest.covers)
                    take(report)
                }
                for id in left {
                    var record = DeliveryRecord(id, results: [], events: [])
                    record.ending = .dead(note: "nobody could be told that it failed", reportDue: nil)
                    try await store.record(record)
                }
                // The next ones, or those beyond this look.
                if let next = try await store.deadLetters(dueBefore: .never + .microseconds(-1), limit: 1).first {
                    digestIsDue(at: next.dueAt)
                }
            } catch {
                note(error: error.description)
                nextDigest = time.wall()
                wake(at: time.now() + Self.storageWait)
            }
            pump()
        }
    }

    private func event(_ name: RelayEvent.Name, of message: QueuedMessage, _ words: String, _ now: Timestamp) -> RelayEvent {
        var event = RelayEvent(name, at: now, queueID: message.id, account: message.account)
        event.reply = words
        return event
    }
}

extension QueuedRecipient {
    /// A failure of an earlier attempt of which nobody was told.
    fileprivate func untoldFailure(at now: Timestamp) -> FailedRecipient? {
        guard state == .failed || state == .expired, !isReported else { return nil }
        return FailedRecipient(
            recipient: self, action: state == .expired ? .expired : .failed, status: state == .expired ? "5.4.7" : "5.0.0",
            reply: lastReply, relay: nil, lastAttempt: now)
    }
}
