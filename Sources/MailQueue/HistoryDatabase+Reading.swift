internal import MailModel

extension HistoryDatabase {
    func trace(_ text: String, limit: Int) throws(QueueError) -> [RelayEvent] {
        let word = SearchWord(Array(text.utf8))
        var ids: Set<QueueID> = []
        var found: [RelayEvent] = []
        if let id = QueueID(parsing: String(decoding: word.octets, as: UTF8.self)) {
            found = try events(of: id)
            if !found.isEmpty { ids.insert(id) }
        }
        var bucket = Int64.max
        var messages = ids.count
        while messages < limit {
            selectBucket.bind(1, bucket)
            guard let next = try selectBucket.first({ () throws(QueueError) in selectBucket.optionalInt64(0) }) ?? nil else { break }
            bucket = next
            for event in try eventsNamed(by: word, in: bucket, limit: 4 * limit) {
                guard messages < limit else { break }
                if let id = event.queueID {
                    guard ids.insert(id).inserted else { continue }
                    found += try events(of: id)
                } else {
                    found.append(event)
                }
                messages += 1
            }
        }
        // Sorting by time alone would shuffle what happened in the same microsecond.
        return found.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }

    /// Events that are looked at in one go: other work on the history's queue goes on between two.
    private static let stretch: Int64 = 10_000
    /// Events of one batch are in no strict order of time, and nearly are.
    private static let disorder: Duration = .seconds(60)

    /// A stretch of the history, newest first.
    ///
    /// - Parameter number: only what is before it.
    /// - Returns: where the next stretch begins; `nil` if there is none, or nothing older is wanted.
    func stretch(
        before number: Int64, matching filter: EventFilter, limit: Int
    ) throws(QueueError) -> (events: [RelayEvent], next: Int64?) {
        let (first, last) = try ends()
        let end = min(number, last &+ 1)
        let start = max(first, end - Self.stretch)
        guard start < end else { return ([], nil) }
        bind(selectBefore, end, start, filter)
        var events: [RelayEvent] = []
        try selectBefore.forEachRowWhile { () throws(QueueError) in
            if let event = try event(selectBefore, matching: filter) { events.append(event) }
            return events.count < limit
        }
        let isPast = if let since = filter.since, let time = try time(at: start) { time + Self.disorder < since } else { false }
        return (events, start == first || isPast ? nil : start)
    }

    /// A stretch of the history, oldest first.
    ///
    /// - Parameter cursor: only what is after it; `nil`: from `filter.since` on.
    /// - Returns: the cursor for the next stretch; `nil` if there is none.
    func stretch(after cursor: Int64?, matching filter: EventFilter) throws(QueueError) -> (events: [RelayEvent], next: Int64?) {
        let (first, last) = try ends()
        var start = cursor ?? first - 1
        if cursor == nil, let since = filter.since { start = try number(before: since + (.zero - Self.disorder), first, last) }
        guard start < last else { return ([], nil) }
        let end = min(last, start + Self.stretch)
        bind(selectAfter, start, end, filter)
        var events: [RelayEvent] = []
        try selectAfter.forEachRow { () throws(QueueError) in
            if let event = try event(selectAfter, matching: filter) { events.append(event) }
        }
        return (events, end == last ? nil : end)
    }

    func usage(in month: CalendarMonth) throws(QueueError) -> UsageReport {
        selectUsage.bind(1, month.number)
        var accounts: [MonthlyUsage] = []
        try selectUsage.forEachRow { () throws(QueueError) in
            guard let account = AccountName(selectUsage.text(1)) else { return }
            var usage = MonthlyUsage(account: account)
            usage.counts.messages = selectUsage.count(2)
            usage.counts.recipients = selectUsage.count(3)
            usage.counts.octets = Int(max(0, selectUsage.int64(4)))
            usage.counts.relayed = selectUsage.count(5)
            usage.counts.relayedOctets = Int(max(0, selectUsage.int64(6)))
            usage.counts.failed = selectUsage.count(7)
            usage.counts.expired = selectUsage.count(8)
            accounts.append(usage)
        }
        let start = try selectUsageStart.first { () throws(QueueError) in Timestamp(microseconds: selectUsageStart.int64(0)) }
        return UsageReport(accounts: accounts, countedSince: start ?? Timestamp(microseconds: 0))
    }

    private func ends() throws(QueueError) -> (first: Int64, last: Int64) {
        try selectEnds.first { () throws(QueueError) in (selectEnds.int64(0), selectEnds.int64(1)) } ?? (0, -1)
    }

    private func bind(_ statement: PreparedStatement, _ first: Int64, _ second: Int64, _ filter: EventFilter) {
        statement.bind(1, first)
        statement.bind(2, second)
        statement.bind(3, octets: filter.account?.octets)
    }

    private func time(at number: Int64) throws(QueueError) -> Timestamp? {
        selectByNumber.bind(1, number)
        return try selectByNumber.first { () throws(QueueError) in Timestamp(microseconds: selectByNumber.int64(1)) }
    }

    /// The last event before a time, found by halving: numbers have no gaps but those that damage made.
    private func number(before time: Timestamp, _ first: Int64, _ last: Int64) throws(QueueError) -> Int64 {
        var (low, high) = (first - 1, last)
        while low < high {
            let middle = low + (high - low + 1) / 2
            if let found = try self.time(at: middle), found >= time { high = middle - 1 } else { low = middle }
        }
        return low
    }

    /// The event in the current row, if it is wanted; its recipients are read only then.
    private func event(_ row: PreparedStatement, matching filter: EventFilter) throws(QueueError) -> RelayEvent? {
        if let since = filter.since, row.int64(1) < since.microseconds { return nil }
        if filter.isOnlyFailed, RelayEvent.Name(rawValue: row.text(2))?.isFailure != true { return nil }
        guard let event = try event(row), filter.matches(event) else { return nil }
        return event
    }

    private func events(of id: QueueID) throws(QueueError) -> [RelayEvent] {
        selectByQueueID.bind(1, text: id.description)
        var events: [RelayEvent] = []
        try selectByQueueID.forEachRow { () throws(QueueError) in if let event = try event(selectByQueueID) { events.append(event) } }
        return events
    }

    /// Newest first.
    private func eventsNamed(by word: SearchWord, in bucket: Int64, limit: Int) throws(QueueError) -> [RelayEvent] {
        selectWord.bind(1, bucket)
        selectWord.bind(2, word.hash)
        selectWord.bind(3, limit)
        var numbers: [Int64] = []
        try selectWord.forEachRow { () throws(QueueError) in numbers.append(selectWord.int64(0)) }
        var events: [RelayEvent] = []
        for number in numbers {
            selectByNumber.bind(1, number)
            let event = try selectByNumber.first { () throws(QueueError) -> RelayEvent? in try self.event(selectByNumber) } ?? nil
            if let event, word.names(event) { events.append(event) }
        }
        return events
    }

    /// The event in the current row; `nil` if a newer version wrote a name that is unknown here.
    private func event(_ row: PreparedStatement) throws(QueueError) -> RelayEvent? {
        guard let name = RelayEvent.Name(rawValue: row.text(2)) else { return nil }
        var event = RelayEvent(name, at: Timestamp(microseconds: row.int64(1)))
        event.queueID = row.optionalText(3).flatMap { QueueID(parsing: $0) }
        event.account = row.optionalText(4).flatMap { AccountName($0) }
        event.client = row.optionalText(5)
        event.sender = row.optionalText(6)
        event.fromBefore = row.optionalText(8)
        event.fromAfter = row.optionalText(9)
        event.messageID = row.optionalText(10)
        event.messageSize = row.optionalInt64(11).map { Int(clamping: $0) }
        event.relay = row.optionalText(12)
        event.delay = row.optionalInt64(13).map { .microseconds($0) }
        event.dsn = row.optionalText(14)
        event.reply = row.optionalText(15)
        event.sesID = row.optionalText(16)
        event.attempt = row.optionalInt64(17).map { Int(clamping: $0) }
        event.nextAttempt = row.optionalInt64(18).map { Timestamp(microseconds: $0) }
        event.alignment = row.optionalText(19)
        if !row.isNull(7) {
            row.withBlob(7) { if let mailbox = try? Mailbox(parsingSender: Array($0)) { event.recipients.append(mailbox) } }
            selectRecipients.bind(1, row.int64(0))
            try selectRecipients.forEachRow { () throws(QueueError) in
                selectRecipients.withBlob(0) {
                    if let mailbox = try? Mailbox(parsingSender: Array($0)) { event.recipients.append(mailbox) }
                }
            }
        }
        return event
    }
}
