internal import MailModel

/// The mutable part of a message as its row holds it.
struct EntryRow {
    static let columns =
        "id, account, accepted_at, due_at, state, attempts, open, size, file_size, reverse_path, note, service_at, warned, crashes"

    let id: QueueID
    let account: AccountName
    let acceptedAt: Timestamp
    var dueAt: Timestamp
    var state: QueueEntry.State
    var attempts: Int
    var open: Int
    let size: Int
    let fileSize: Int?
    let reversePath: [UInt8]
    var note: String
    let serviceTime: Duration
    var isWarned: Bool
    let crashes: Int

    /// Reads the current row. What is no account or state any more (a damaged page) reads as a quarantined message of `unknown`.
    init?(_ row: PreparedStatement) {
        guard let id = QueueID(row.int64(0)), let unknown = AccountName("unknown") else { return nil }
        let account = row.withBlob(1) { AccountName($0) }
        self.id = id
        self.account = account ?? unknown
        acceptedAt = Timestamp(microseconds: row.int64(2))
        dueAt = Timestamp(microseconds: row.int64(3))
        state = account == nil ? .quarantined : QueueEntry.State(rawValue: row.int(4)) ?? .quarantined
        attempts = row.count(5)
        open = row.count(6)
        size = row.count(7)
        fileSize = row.optionalInt64(8).map { Int(clamping: $0) }
        reversePath = row.blob(9)
        note = row.text(10)
        serviceTime = .microseconds(row.int64(11))
        isWarned = row.int(12) != 0
        crashes = row.count(13)
    }

    var share: QueueCounters.Share { QueueCounters.Share(account: account, state: state, attempts: attempts, open: open, size: size) }
}

extension ReversePath {
    /// - Returns: `nil` for octets that are no path.
    init?(stored octets: [UInt8]) {
        if octets.isEmpty {
            self = .null
        } else if let mailbox = try? Mailbox(parsingSender: octets) {
            self = .mailbox(mailbox)
        } else {
            return nil
        }
    }
}
