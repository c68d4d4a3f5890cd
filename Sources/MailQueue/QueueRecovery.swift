internal import MailModel
internal import SafeIO

/// Brings rows and spool files together when the queue opens: in one pass over each, in constant memory, and again from the start
/// if it is killed. To be run under the lock, before anything else touches the folder.
struct QueueRecovery {
    let database: QueueDatabase
    let spool: Directory
    /// The database was made just now. Bodies without rows are then a finding: somebody may have moved `queue.db` away.
    let isNewDatabase: Bool
    /// Messages that were being attempted when the last process ended without a good-bye.
    let interrupted: [AttemptMarks.Mark]
    let now: Timestamp

    /// At so many crashes a message is taken for their cause. The last one must have been while it was attempted alone.
    static let crashLimit = 3
    /// No message waits longer than this for its next attempt; one that seems to was deferred by a clock that ran ahead.
    static let longestWait: Duration = .seconds(30 * 60)

    func run() throws(QueueError) -> RecoveryReport {
        var report = RecoveryReport()
        try count(&report)
        try sweepSpool(&report)
        try checkBodies(&report)
        try blameInterrupted(&report)
        try pullInFarDueTimes(&report)
        report.pendingEventBlocks = Int(try database.connection.number("SELECT count(*) FROM outbox"))
        return report
    }

    private func count(_ report: inout RecoveryReport) throws(QueueError) {
        let row = try PreparedStatement(database.connection, "SELECT account, state, attempts > 0, open, size FROM entry")
        // Neighbours mostly share an account: parse it once.
        var octets: [UInt8] = []
        var account: AccountName?
        let unknown = AccountName("unknown")
        var counted = 0
        try row.forEachRow { () throws(QueueError) in
            row.withBlob(0) { stored in
                if account == nil || !stored.elementsEqual(octets) {
                    octets = Array(stored)
                    account = AccountName(octets)
                }
            }
            guard let name = account ?? unknown else { return }
            let state = account == nil ? .quarantined : QueueEntry.State(rawValue: row.int(1)) ?? .quarantined
            database.counters.add(
                QueueCounters.Share(account: name, state: state, attempts: row.int(2), open: row.count(3), size: row.count(4)))
            counted += 1
            if counted % 4096 == 0 { database.counters.settle() }
        }
        database.counters.settle()
        report.messages = database.counters.total.messages
        report.quarantined = database.counters.total.quarantined
    }

    /// What was under way may have been sent, and may have been what ended the process.
    private func blameInterrupted(_ report: inout RecoveryReport) throws(QueueError) {
        guard !interrupted.isEmpty else { return }
        var found: [(entry: QueueEntry, crashes: Int)] = []
        for mark in interrupted {
            guard let row = try database.entryRow(mark.id), row.open > 0 else { continue }
            let crashes =
                mark.wasClosed ? row.crashes : mark.wasAlone ? row.crashes + 1 : min(row.crashes + 1, Self.crashLimit - 1)
            found.append((try database.describe(row), crashes))
        }
        report.interrupted = found.count
        try database.transaction { () throws(QueueError) in
            for (entry, crashes) in found {
                database.setCrashes.bind(1, entry.id.value)
                database.setCrashes.bind(2, crashes)
                try database.setCrashes.run()
                for recipient in entry.recipients where !recipient.state.isFinal {
                    var event = RelayEvent(.inDoubt, at: now, queueID: entry.id, account: entry.account, recipients: [recipient.mailbox])
                    event.reply = "the daemon ended while this message was on its way; the recipient may get it twice"
                    event.attempt = recipient.attempts
                    database.note([event])
                }
                guard let row = try database.entryRow(entry.id), row.crashes >= Self.crashLimit, row.state != .quarantined else { continue }
                let note = "the daemon ended \(row.crashes) times while it was sending this message"
                try database.setState(row, .quarantined, note: note)
                var event = RelayEvent(.quarantined, at: now, queueID: entry.id, account: entry.account)
                event.reply = note
                database.note([event])
                report.find("\(entry.id) is quarantined: \(note)")
            }
        }
        report.quarantined = database.counters.total.quarantined
    }

    private func pullInFarDueTimes(_ report: inout RecoveryReport) throws(QueueError) {
        let limit = (now + Self.longestWait).microseconds
        let far = try database.connection.number("SELECT count(*) FROM entry INDEXED BY entry_due WHERE state = 0 AND due_at > \(limit)")
        guard far > 0 else { return }
        // Spread over some minutes, so that they do not all come at once.
        let spread = "\(now.microseconds) + abs(random() % 300000000)"
        try database.transaction { () throws(QueueError) in
            try database.connection.run(
                """
                UPDATE recipient SET next_attempt = \(spread) WHERE state = 0 AND next_attempt > \(limit);
                UPDATE entry SET due_at = (SELECT min(next_attempt) FROM recipient WHERE message = entry.id AND state = 0)
                WHERE state = 0 AND due_at > \(limit)
                """)
        }
        report.find("\(far) messages were to wait for more than half an hour, as a clock that ran ahead leaves them; they are tried soon")
    }

    private func sweepSpool(_ report: inout RecoveryReport) throws(QueueError) {
        let failure = try spool.forEachName { name throws(QueueError) in try look(at: name, &report) }
        if let failure { throw .from(failure) }
    }

    private func isMentioned(_ id: QueueID) throws(QueueError) -> Bool {
        let content = "SELECT count(*) FROM content WHERE id = \(id.value)"
        let recipients = "SELECT count(*) FROM recipient WHERE message = \(id.value)"
        let count = try database.connection.number(content) + database.connection.number(recipients)
        return count > 0
    }

    private func look(at name: String, _ report: inout RecoveryReport) throws(QueueError) {
        do throws(SystemCallError) {
            guard let status = try spool.status(of: name) else { return }
            if name.hasPrefix(FileSpool.temporaryPrefix), status.kind == .file {
                try spool.remove(name)
                report.temporariesRemoved += 1
            } else if let id = QueueID(parsing: name), id.description == name, status.kind == .file {
                report.bodies += 1
                do throws(QueueError) {
                    let row = try database.entryRow(id)
                    if row?.fileSize != nil { return }
                    // A damaged index may hide the row: as long as anything is left of the message, its body is not rubbish.
                    if row == nil, try isMentioned(id) {
                        return report.find("spool/\(name): its message cannot be found; run fairlead queue salvage")
                    }
                } catch {
                    return report.find("\(name): \(error)")
                }
                if isNewDatabase {
                    report.find("spool/\(name) has no message: queue.db is new; was it moved?")
                } else {
                    try spool.remove(name)
                    report.orphansRemoved += 1
                }
            } else {
                report.foreignEntries += 1
                let kind = status.kind == .file ? "file" : "\(status.kind)"
                report.find("spool/\(PrintableText.sanitized(name.utf8, limit: 80)) is not a body (\(kind)); left alone")
            }
        } catch {
            report.find(error.description)
        }
    }

    private func checkBodies(_ report: inout RecoveryReport) throws(QueueError) {
        var last: Int64 = -1
        while true {
            var page: [(id: Int64, size: Int)] = []
            let row = database.selectFiles
            row.bind(1, last)
            row.bind(2, 1000)
            try row.forEachRow { () throws(QueueError) in page.append((row.int64(0), row.int(1))) }
            guard let end = page.last else { return }
            last = end.id
            let damaged = page.compactMap { entry -> QueueID? in
                guard let id = QueueID(entry.id) else { return nil }
                let status = try? spool.status(of: id.description)
                return status?.kind == .file && status?.size == entry.size ? nil : id
            }
            guard !damaged.isEmpty else { continue }
            try database.transaction { () throws(QueueError) in
                for id in damaged {
                    guard let entry = try database.entryRow(id), entry.state != .quarantined else { continue }
                    try database.setState(entry, .quarantined, note: "its body file is missing or has another size")
                    report.damagedBodies += 1
                    report.find("\(id) is quarantined: spool/\(id) is missing or has another size")
                }
            }
            report.quarantined = database.counters.total.quarantined
        }
    }
}
