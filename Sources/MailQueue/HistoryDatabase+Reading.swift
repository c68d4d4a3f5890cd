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

    func recent(_ limit: Int) throws(QueueError) -> [RelayEvent] {
        selectRecent.bind(1, limit)
        var events: [RelayEvent] = []
        try selectRecent.forEachRow { () throws(QueueError) in if let event = try event(selectRecent) { events.append(event) } }
        return events.reversed()
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
