internal import MailModel

extension QueueDatabase {
    func entryRow(_ id: QueueID) throws(QueueError) -> EntryRow? {
        selectEntry.bind(1, id.value)
        return try selectEntry.first { () throws(QueueError) in EntryRow(selectEntry) } ?? nil
    }

    /// Calls `body` with the place, the octets and the value of each recipient; the value is `nil` if the octets are no mailbox.
    func forEachRecipientRow(_ id: QueueID, _ body: (Int, [UInt8], QueuedRecipient?) -> Void) throws(QueueError) {
        let row = selectRecipients
        row.bind(1, id.value)
        try row.forEachRow { () throws(QueueError) in
            let position = row.int(0)
            let octets = row.blob(1)
            let recipient = (try? Mailbox(parsing: octets)).map { mailbox in
                QueuedRecipient(
                    index: position, mailbox: mailbox, nextAttempt: Timestamp(microseconds: row.int64(5)),
                    state: QueuedRecipient.State(rawValue: row.int(2)) ?? .waiting, attempts: row.count(3), doubts: row.count(4),
                    lastReply: row.text(6), sesID: row.optionalText(7), isReported: row.int(8) != 0)
            }
            body(position, octets, recipient)
        }
    }

    /// Calls `body` with the place of each recipient that is not final, and what an attempt may change of it.
    func forEachWaiting(_ id: QueueID, _ body: (Int, RecipientProgress) -> Void) throws(QueueError) {
        let row = selectRecipients
        row.bind(1, id.value)
        try row.forEachRow { () throws(QueueError) in
            // A state that is none (a damaged page) counts as waiting: such a message must not vanish.
            let state = QueuedRecipient.State(rawValue: row.int(2)) ?? .waiting
            guard !state.isFinal else { return }
            body(
                row.int(0),
                RecipientProgress(
                    state: state, attempts: row.count(3), doubts: row.count(4), nextAttempt: Timestamp(microseconds: row.int64(5)),
                    lastReply: "", isReported: row.int(8) != 0))
        }
    }

    /// A whole message, its checksum verified.
    func load(_ row: EntryRow) throws(QueueError) -> Result<QueuedMessage, QueueError> {
        var recipients: [QueuedRecipient] = []
        var mailboxes: [[UInt8]] = []
        try forEachRecipientRow(row.id) { _, octets, recipient in
            mailboxes.append(octets)
            if let recipient { recipients.append(recipient) }
        }
        guard let reversePath = ReversePath(stored: row.reversePath), recipients.count == mailboxes.count else {
            return .failure(.damaged(row.id, "an address is unreadable"))
        }
        guard zip(recipients, 0...).allSatisfy({ $0.index == $1 }) else {
            return .failure(.damaged(row.id, "its recipients are not numbered as they were stored"))
        }
        let content = selectContent
        content.bind(1, row.id.value)
        let message = try content.first { () throws(QueueError) -> QueuedMessage? in
            let facts = content.blob(2)
            let header = content.blob(4)
            let inline = content.isNull(5) ? nil : content.blob(5)
            let file: SpoolFile? =
                if let size = row.fileSize, let checksum = content.optionalInt64(3) {
                    SpoolFile(id: row.id, size: size, checksum: UInt64(bitPattern: checksum))
                } else { nil }
            let is8Bit = content.int64(1) != 0
            let checksum = Self.checksum(
                id: row.id, reversePath: row.reversePath, facts: facts, mailboxes: mailboxes, header: header, body: inline, file: file,
                is8Bit: is8Bit)
            guard checksum == UInt64(bitPattern: content.int64(0)) else { return nil }
            let body: StoredBody? = file.map { .file($0) } ?? inline.map { .inline($0) }
            guard let body else { return nil }
            var message = QueuedMessage(
                id: row.id, account: row.account, acceptedAt: row.acceptedAt, reversePath: reversePath, recipients: recipients,
                header: header, body: body, is8Bit: is8Bit, facts: facts.withUnsafeBytes { MessageFacts(decoding: $0) },
                serviceTime: row.serviceTime)
            message.isWarned = row.isWarned
            message.crashes = row.crashes
            return message
        }
        switch message {
        case .none: return .failure(.damaged(row.id, "its content is missing"))
        case .some(.none): return .failure(.damaged(row.id, "checksum mismatch: the stored octets are not those that were accepted"))
        case .some(.some(let message)): return .success(message)
        }
    }

    func describe(_ row: EntryRow) throws(QueueError) -> QueueEntry {
        var recipients: [QueuedRecipient] = []
        try forEachRecipientRow(row.id) { _, _, recipient in if let recipient { recipients.append(recipient) } }
        selectFacts.bind(1, row.id.value)
        let facts = try selectFacts.first { () throws(QueueError) in selectFacts.withBlob(0) { MessageFacts(decoding: $0) } }
        return QueueEntry(
            id: row.id, account: row.account, acceptedAt: row.acceptedAt, state: row.state, dueAt: row.dueAt, attempts: row.attempts,
            size: row.size, reversePath: ReversePath(stored: row.reversePath), recipients: recipients, facts: facts ?? MessageFacts(),
            note: row.note)
    }

    func due(before time: Timestamp, after cursor: DueCursor?, limit: Int, account: AccountName?) throws(QueueError) -> [DueMessage] {
        var found: [DueMessage] = []
        let (ties, rest) = account == nil ? (selectDueTies, selectDue) : (selectDueTiesOf, selectDueOf)
        if let cursor, cursor.dueAt <= time {
            ties.bind(1, cursor.dueAt.microseconds)
            ties.bind(2, cursor.id.value)
            ties.bind(3, limit)
            if let account { ties.bind(4, blob: account.octets) }
            try ties.forEachRow { () throws(QueueError) in if let message = DueMessage(ties) { found.append(message) } }
        }
        guard found.count < limit else { return found }
        rest.bind(1, cursor?.dueAt.microseconds ?? .min)
        rest.bind(2, time.microseconds)
        rest.bind(3, limit - found.count)
        if let account { rest.bind(4, blob: account.octets) }
        try rest.forEachRow { () throws(QueueError) in if let message = DueMessage(rest) { found.append(message) } }
        return found
    }

    /// The next rows by id that fit, looking at no more than `window` rows.
    ///
    /// - Returns: `next` is where to go on, `nil` at the end.
    func scan(_ filter: QueueFilter, after id: QueueID?, limit: Int, window: Int) throws(QueueError) -> (rows: [EntryRow], next: QueueID?) {
        var looked: [EntryRow] = []
        if let ids = filter.ids {
            let wanted = Set(ids).sorted().drop { candidate in id.map { candidate <= $0 } ?? false }
            let part = wanted.prefix(window)
            for candidate in part { if let row = try entryRow(candidate) { looked.append(row) } }
            return try pick(looked, filter, limit, end: part.count == wanted.count ? nil : part.last)
        }
        selectEntriesAfter.bind(1, id?.value ?? -1)
        selectEntriesAfter.bind(2, window)
        var last: QueueID?
        try selectEntriesAfter.forEachRow { () throws(QueueError) in
            if let row = EntryRow(selectEntriesAfter) {
                looked.append(row)
                last = row.id
            }
        }
        return try pick(looked, filter, limit, end: looked.count < window ? nil : last)
    }

    private func pick(_ looked: [EntryRow], _ filter: QueueFilter, _ limit: Int, end: QueueID?) throws(QueueError)
        -> (rows: [EntryRow], next: QueueID?)
    {
        var rows: [EntryRow] = []
        for (offset, row) in looked.enumerated() {
            guard filter.matches(account: row.account, state: row.state, acceptedAt: row.acceptedAt), try hasRecipient(row.id, filter)
            else { continue }
            rows.append(row)
            if rows.count == limit { return (rows, offset == looked.count - 1 ? end : row.id) }
        }
        return (rows, end)
    }

    private func hasRecipient(_ id: QueueID, _ filter: QueueFilter) throws(QueueError) -> Bool {
        guard filter.recipient != nil else { return true }
        var found = false
        selectRecipients.bind(1, id.value)
        try selectRecipients.forEachRow { () throws(QueueError) in
            if !found { found = selectRecipients.withBlob(1) { filter.matches(recipient: $0) } }
        }
        return found
    }

    func deadLetters(dueBefore time: Timestamp, limit: Int) throws(QueueError) -> [QueueEntry] {
        selectDead.bind(1, time.microseconds)
        selectDead.bind(2, limit)
        var rows: [EntryRow] = []
        try selectDead.forEachRow { () throws(QueueError) in if let row = EntryRow(selectDead) { rows.append(row) } }
        var entries: [QueueEntry] = []
        for row in rows { entries.append(try describe(row)) }
        return entries
    }

    func statistics(_ health: StorageHealth) throws(QueueError) -> QueueStatistics {
        var statistics = QueueStatistics()
        statistics.total = counters.total
        statistics.accounts = counters.accounts
        statistics.oldest = try selectOldest.first { () throws(QueueError) in Timestamp(microseconds: selectOldest.int64(0)) }
        statistics.nextDue = try selectNextDue.first { () throws(QueueError) in Timestamp(microseconds: selectNextDue.int64(0)) }
        statistics.health = health
        return statistics
    }
}

extension DueMessage {
    static let columns = "id, account, due_at, size, open, crashes"

    /// Reads the current row.
    init?(_ row: PreparedStatement) {
        guard let id = QueueID(row.int64(0)), let account = row.withBlob(1, { AccountName($0) }) else { return nil }
        self.init(
            id: id, account: account, dueAt: Timestamp(microseconds: row.int64(2)), size: row.count(3), openRecipients: row.count(4),
            crashes: row.count(5))
    }
}
