internal import MailModel

extension QueueDatabase {
    func insert(_ message: QueuedMessage) throws(QueueError) {
        let id = message.id.value
        let open = message.recipients.count { !$0.state.isFinal }
        let due = message.recipients.lazy.filter { !$0.state.isFinal }.map(\.nextAttempt).min() ?? message.acceptedAt
        guard open > 0 else { throw .rejected("\(message.id) has no recipient to send to") }
        let attempts = message.recipients.lazy.map(\.attempts).max() ?? 0
        let reversePath = message.reversePath.wireOctets
        let facts = message.facts.encoded
        let mailboxes = message.recipients.map(\.mailbox.wireOctets)
        var inline: [UInt8]?
        var file: SpoolFile?
        switch message.body {
        case .inline(let octets): inline = octets
        case .file(let spoolFile):
            guard spoolFile.id == message.id else { throw .rejected("\(message.id) names the spool file of \(spoolFile.id)") }
            file = spoolFile
        }

        insertEntry.bind(1, id)
        insertEntry.bind(2, blob: message.account.octets)
        insertEntry.bind(3, message.acceptedAt.microseconds)
        insertEntry.bind(4, due.microseconds)
        let state: QueueEntry.State = message.hold == nil ? .waiting : .held
        insertEntry.bind(5, state.rawValue)
        insertEntry.bind(6, attempts)
        insertEntry.bind(7, open)
        insertEntry.bind(8, message.size)
        insertEntry.bind(9, file.map { Int64($0.size) })
        insertEntry.bind(10, blob: reversePath)
        insertEntry.bind(11, text: message.hold)
        insertEntry.bind(12, message.serviceTime.wholeMicroseconds)
        insertEntry.bind(13, message.isWarned ? 1 : 0)
        insertEntry.bind(14, message.crashes)
        try insertEntry.run()

        let checksum = Self.checksum(
            id: message.id, reversePath: reversePath, facts: facts, mailboxes: mailboxes, header: message.header, body: inline, file: file,
            is8Bit: message.is8Bit)
        insertContent.bind(1, id)
        insertContent.bind(2, Int64(bitPattern: checksum))
        insertContent.bind(3, message.is8Bit ? 1 : 0)
        insertContent.bind(4, blob: facts)
        insertContent.bind(5, file.map { Int64(bitPattern: $0.checksum) })
        insertContent.bind(6, blob: message.header)
        insertContent.bind(7, blob: inline)
        insertContent.bind(8, blob: message.original?.octets)
        try insertContent.run()

        insertRecipient.bind(1, id)
        for (recipient, mailbox) in zip(message.recipients, mailboxes) {
            insertRecipient.bind(2, recipient.index)
            insertRecipient.bind(3, blob: mailbox)
            insertRecipient.bind(4, recipient.state.rawValue)
            insertRecipient.bind(5, recipient.attempts)
            insertRecipient.bind(6, recipient.doubts)
            insertRecipient.bind(7, recipient.nextAttempt.microseconds)
            insertRecipient.bind(8, text: recipient.lastReply)
            insertRecipient.bind(9, text: recipient.sesID)
            insertRecipient.bind(10, recipient.isReported ? 1 : 0)
            try insertRecipient.run()
        }
        highestID = max(highestID, id)
        sums.accepted(open, of: message, at: clock())
        counters.add(
            QueueCounters.Share(account: message.account, state: state, attempts: attempts, open: open, size: message.size))
    }

    /// - Returns: false if the message is gone; its events are kept all the same.
    func apply(_ record: DeliveryRecord) throws(QueueError) -> Bool {
        note(record.events)
        for report in record.reports { try insert(report) }
        for strike in record.strikes { try count(strike) }
        guard var row = try entryRow(record.id) else { return false }
        let before = row.share
        var waiting: [Int: RecipientProgress] = [:]
        try forEachWaiting(record.id) { waiting[$0] = $1 }
        var changed: [(Int, RecipientProgress)] = []
        for result in record.results {
            guard var recipient = waiting[result.index] else { continue }
            recipient.apply(result)
            recipient.isReported = recipient.isReported || record.reported.contains(result.index)
            sums.settled(result.verdict, of: row.account, at: clock())
            waiting[result.index] = recipient.state.isFinal ? nil : recipient
            changed.append((result.index, recipient))
            row.attempts = max(row.attempts, recipient.attempts)
        }
        let isWarned = row.isWarned || record.isWarning
        guard !changed.isEmpty || isWarned != row.isWarned || !record.reported.isEmpty || row.state == .dead else { return true }
        if waiting.isEmpty, row.state != .dead, case .leaves = record.ending {
            try delete(row, isSettled: true)
            return true
        }
        for (index, recipient) in changed {
            updateRecipient.bind(1, record.id.value)
            updateRecipient.bind(2, index)
            updateRecipient.bind(3, recipient.state.rawValue)
            updateRecipient.bind(4, recipient.attempts)
            updateRecipient.bind(5, recipient.doubts)
            updateRecipient.bind(6, recipient.nextAttempt.microseconds)
            updateRecipient.bind(7, text: recipient.lastReply)
            updateRecipient.bind(8, text: recipient.sesID)
            try updateRecipient.run()
        }
        for index in record.reported {
            markReported.bind(1, record.id.value)
            markReported.bind(2, index)
            try markReported.run()
        }
        row.isWarned = isWarned
        row.open = waiting.count
        row.dueAt = waiting.values.lazy.map(\.nextAttempt).min() ?? row.dueAt
        if waiting.isEmpty, case .dead(let note, let reportDue) = record.ending {
            row.state = .dead
            row.note = note
            row.dueAt = reportDue ?? .never
        } else if let note = record.hold, row.state == .waiting {
            row.state = .held
            row.note = note
        }
        try update(row, from: before)
        return true
    }

    func update(_ row: EntryRow, from before: QueueCounters.Share) throws(QueueError) {
        updateEntry.bind(1, row.id.value)
        updateEntry.bind(2, row.dueAt.microseconds)
        updateEntry.bind(3, row.state.rawValue)
        updateEntry.bind(4, row.attempts)
        updateEntry.bind(5, row.open)
        updateEntry.bind(6, text: row.note.isEmpty ? nil : row.note)
        updateEntry.bind(7, row.isWarned ? 1 : 0)
        try updateEntry.run()
        counters.subtract(before)
        counters.add(row.share)
    }

    /// The rows go now; the spool file once this transaction is durable.
    ///
    /// - Parameter isSettled: its recipients are counted as relayed or failed already.
    func delete(_ row: EntryRow, isSettled: Bool = false) throws(QueueError) {
        if !isSettled { sums.removed(row.open) }
        for statement in [deleteRecipients, deleteContent, deleteEntry] {
            statement.bind(1, row.id.value)
            try statement.run()
        }
        if row.fileSize != nil { filesToRemove.append(row.id) }
        counters.subtract(row.share)
    }

    /// Tries the failed recipients of a dead message once more.
    func revive(_ row: EntryRow, at time: Timestamp) throws(QueueError) {
        reviveRecipients.bind(1, row.id.value)
        reviveRecipients.bind(2, time.microseconds)
        try reviveRecipients.run()
        var open = 0
        try forEachWaiting(row.id) { _, _ in open += 1 }
        guard open > 0 else { return }
        sums.revived(open)
        var changed = row
        changed.open = open
        changed.attempts = 0
        changed.dueAt = time
        changed.state = .waiting
        changed.note = ""
        try update(changed, from: row.share)
    }

    func makeDue(_ row: EntryRow, at time: Timestamp) throws(QueueError) {
        var changed = row
        changed.dueAt = time
        changed.state = .waiting
        changed.note = ""
        updateDueRecipients.bind(1, row.id.value)
        updateDueRecipients.bind(2, time.microseconds)
        try updateDueRecipients.run()
        try update(changed, from: row.share)
    }

    func setState(_ row: EntryRow, _ state: QueueEntry.State, note: String) throws(QueueError) {
        var changed = row
        changed.state = state
        changed.note = note
        try update(changed, from: row.share)
    }

    func quarantine(_ id: QueueID, _ reason: String) throws(QueueError) -> Result<Void, QueueError> {
        guard let row = try entryRow(id) else { return .failure(.notFound(id)) }
        if row.state != .quarantined { try setState(row, .quarantined, note: reason) }
        return .success(())
    }

    /// Covers everything that is sent, so that no damaged page can send mail with another's envelope.
    static func checksum(
        id: QueueID, reversePath: [UInt8], facts: [UInt8], mailboxes: [[UInt8]], header: [UInt8], body: [UInt8]?, file: SpoolFile?,
        is8Bit: Bool
    ) -> UInt64 {
        var checksum = Checksum()
        checksum.update(UInt64(bitPattern: id.value))
        checksum.update(is8Bit ? 1 : 0)
        for part in [reversePath, facts, header] {
            checksum.update(UInt64(part.count))
            checksum.update(part)
        }
        checksum.update(UInt64(mailboxes.count))
        for mailbox in mailboxes {
            checksum.update(UInt64(mailbox.count))
            checksum.update(mailbox)
        }
        if let body { checksum.update(body) }
        if let file {
            checksum.update(UInt64(file.size))
            checksum.update(file.checksum)
        }
        return checksum.value
    }
}
