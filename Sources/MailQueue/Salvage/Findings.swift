internal import MailModel

/// The rows that a scan found, by message.
struct Findings {
    private struct Entry {
        let account: AccountName?
        let acceptedAt: Timestamp
        let state: QueueEntry.State
        let fileSize: Int?
        let reversePath: [UInt8]
        let note: String
        let isWarned: Bool
    }

    private struct Content {
        let checksum: UInt64
        let is8Bit: Bool
        let facts: [UInt8]
        let fileChecksum: UInt64?
        let header: [UInt8]
        let body: [UInt8]?
        let original: [UInt8]?

        init?(_ values: [StoredRecord.Value]) {
            // The eighth is the original; rows from before have none.
            guard values.count == 7 || values.count == 8, values[0].isNull, let checksum = values[1].integer,
                let is8Bit = values[2].integer,
                let facts = values[3].octets, let header = values[5].octets
            else { return nil }
            self.checksum = UInt64(bitPattern: checksum)
            self.is8Bit = is8Bit != 0
            self.facts = facts
            fileChecksum = values[4].integer.map { UInt64(bitPattern: $0) }
            self.header = header
            body = values[6].octets
            original = values.count > 7 ? values[7].octets : nil
        }
    }

    private var entries: [QueueID: Entry] = [:]
    /// Where the contents are: there may be more of them than memory.
    private var contents: [QueueID: PageScan.Place] = [:]
    private let scan: PageScan
    private var recipients: [QueueID: [Int: (mailbox: [UInt8], recipient: QueuedRecipient)]] = [:]
    /// All that any message has: for one whose own row is lost.
    private var reversePaths: Set<[UInt8]> = [[]]
    let knowsFreePages: Bool

    init(_ scan: PageScan) {
        let (free, isWhole) = scan.file.freePages()
        knowsFreePages = isWhole
        self.scan = scan
        scan.forEachRow(skipping: free) { row in
            switch row {
            case .table(let id, let record, let place): if let id = QueueID(id) { take(id, record.values, at: place) }
            case .index(let record): takeRecipient(record.values)
            }
        }
    }

    /// In the order of acceptance.
    var ids: [QueueID] { Set(entries.keys).union(contents.keys).sorted() }

    private mutating func take(_ id: QueueID, _ values: [StoredRecord.Value], at place: PageScan.Place) {
        guard values.first?.isNull == true else { return }
        if Content(values) != nil {
            contents[id] = place
        } else if values.count >= 11, let account = values[1].octets, let accepted = values[2].integer, let state = values[4].integer,
            let reversePath = values[9].octets
        {
            reversePaths.insert(reversePath)
            entries[id] = Entry(
                account: AccountName(account), acceptedAt: Timestamp(microseconds: accepted),
                state: QueueEntry.State(rawValue: Int(clamping: state)) ?? .quarantined,
                fileSize: values[8].integer.map { Int(clamping: $0) },
                reversePath: reversePath, note: values[10].octets.map { String(decoding: $0, as: UTF8.self) } ?? "",
                isWarned: values.count > 12 && values[12].integer ?? 0 != 0)
        }
    }

    private mutating func takeRecipient(_ values: [StoredRecord.Value]) {
        guard values.count >= 8, let message = values[0].integer.flatMap({ QueueID($0) }), let position = values[1].integer,
            (0..<1_000_000).contains(position), let octets = values[2].octets, let mailbox = try? Mailbox(parsing: octets),
            let state = values[3].integer, let attempts = values[4].integer, let doubts = values[5].integer, let next = values[6].integer
        else { return }
        let recipient = QueuedRecipient(
            index: Int(position), mailbox: mailbox, nextAttempt: Timestamp(microseconds: next),
            state: QueuedRecipient.State(rawValue: Int(clamping: state)) ?? .waiting, attempts: Int(clamping: max(0, attempts)),
            doubts: Int(clamping: max(0, doubts)), lastReply: values[7].octets.map { String(decoding: $0, as: UTF8.self) } ?? "",
            sesID: values.count > 8 ? values[8].octets.map { String(decoding: $0, as: UTF8.self) } : nil,
            isReported: values.count > 9 && values[9].integer ?? 0 != 0)
        recipients[message, default: [:]][Int(position)] = (octets, recipient)
    }

    /// The message, if all of it was found and is what was accepted.
    func message(_ id: QueueID) -> (QueuedMessage, QueueEntry.State, note: String)? {
        guard let place = contents[id], let record = scan.record(at: place), let content = Content(record.values),
            let found = recipients[id], found.keys.sorted() == Array(0..<found.count)
        else { return nil }
        let ordered = (0..<found.count).compactMap { found[$0] }
        let entry = entries[id]
        // Without its own row a message tries every reverse-path there is: the checksum knows the right one.
        for reversePath in entry.map({ [$0.reversePath] }) ?? Array(reversePaths) {
            var file: SpoolFile?
            if let checksum = content.fileChecksum {
                // Its size is in the lost row, and in no other place.
                guard let size = entry?.fileSize else { return nil }
                file = SpoolFile(id: id, size: size, checksum: checksum)
            }
            let checksum = QueueDatabase.checksum(
                id: id, reversePath: reversePath, facts: content.facts, mailboxes: ordered.map(\.mailbox), header: content.header,
                body: content.body, file: file, is8Bit: content.is8Bit)
            guard checksum == content.checksum, let path = ReversePath(stored: reversePath), let account = entry?.account ?? Self.nobody,
                let body = file.map({ StoredBody.file($0) }) ?? content.body.map({ .inline($0) })
            else { continue }
            var message = QueuedMessage(
                id: id, account: account, acceptedAt: entry?.acceptedAt ?? id.time, reversePath: path,
                recipients: ordered.map(\.recipient), header: content.header, body: body, is8Bit: content.is8Bit,
                facts: content.facts.withUnsafeBytes { MessageFacts(decoding: $0) })
            message.isWarned = entry?.isWarned ?? false
            // One that is damaged stays behind: the message can be sent without it.
            message.original = content.original.map(EncodedOriginal.init(octets:)).flatMap { $0.decoded(of: id) == nil ? nil : $0 }
            // Of what is lost the safe half is assumed: who held it may release it again.
            let hold = message.facts.hold
            return (message, entry?.state ?? (hold == nil ? .waiting : .held), entry?.note ?? hold ?? "")
        }
        return nil
    }

    /// For a message whose row is lost.
    private static let nobody = AccountName("salvaged")
}
