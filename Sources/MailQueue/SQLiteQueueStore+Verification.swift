public import MailModel
internal import GRDB

/// The store checked against itself, page by page, so that other work goes on in between.
extension SQLiteQueueStore {
    private static let page = 100

    public func stored(_ id: QueueID) async throws(QueueError) -> QueuedMessage {
        try await queue.perform(.reading) { database throws(QueueError) in
            guard let row = try database.entryRow(id) else { return .failure(.notFound(id)) }
            return try database.load(row)
        }
    }

    public func verify(pages: Bool) async throws(QueueError) -> VerificationReport {
        var report = VerificationReport()
        if pages { try await verifyPages(&report) }
        try await verifySums(&report, isAlone: pages)
        var last: QueueID?
        repeat {
            let place = last
            let found = try await queue.perform(.reading) { database throws(QueueError) in
                let (rows, next) = try database.scan(.all, after: place, limit: Self.page, window: Self.page)
                var part = VerificationReport()
                var bodies: [SpoolFile] = []
                for row in rows { if let body = try database.verify(row, &part) { bodies.append(body) } }
                return .success((part, bodies, next))
            }
            report.messages += found.0.messages
            report.recipients += found.0.recipients
            report.octets += found.0.octets
            for problem in found.0.problems { report.find(problem) }
            for body in found.1 { await verify(body, &report) }
            last = found.2
        } while last != nil
        return report
    }

    private func verify(_ body: SpoolFile, _ report: inout VerificationReport) async {
        do throws(QueueError) {
            let reader = try await openBody(body)
            while let piece = try await reader.next() { report.octets += piece.count }
        } catch {
            // Relayed and removed while we looked: nothing is wrong with that.
            if (try? await entry(body.id)) != nil { report.find("\(error)") }
        }
    }

    private func verifyPages(_ report: inout VerificationReport) async throws(QueueError) {
        let words = try await queue.perform(.reading) { database throws(QueueError) in
            let check = try PreparedStatement(database.connection, "PRAGMA integrity_check(20)")
            var words: [String] = []
            try check.forEachRow { () throws(QueueError) in words.append(check.text(0)) }
            return .success(words)
        }
        report.checkedPages = true
        for word in words where word != "ok" { report.find("queue.db: \(word)") }
    }

    /// What has to read whole tables is left out while others need the queue.
    private func verifySums(_ report: inout VerificationReport, isAlone: Bool) async throws(QueueError) {
        let numbers = try await queue.perform(.reading) { database throws(QueueError) in
            var numbers: [Int] = []
            for sql in [
                "SELECT value FROM mark WHERE name = 'accepted'", "SELECT value FROM mark WHERE name = 'relayed'",
                "SELECT value FROM mark WHERE name = 'failed'", "SELECT value FROM mark WHERE name = 'removed'",
            ] { numbers.append(Int(try database.connection.number(sql))) }
            guard isAlone else { return .success(numbers + [database.counters.total.openRecipients, 0, 0]) }
            for sql in [
                "SELECT coalesce(sum(open), 0) FROM entry", "SELECT count(*) FROM content WHERE id NOT IN (SELECT id FROM entry)",
                "SELECT count(DISTINCT message) FROM recipient WHERE message NOT IN (SELECT id FROM entry)",
            ] { numbers.append(Int(try database.connection.number(sql))) }
            return .success(numbers)
        }
        (report.accepted, report.relayed, report.failed, report.removed) = (numbers[0], numbers[1], numbers[2], numbers[3])
        report.open = numbers[4]
        let accounted = report.relayed + report.failed + report.removed + report.open
        if report.accepted != accounted {
            report.find("\(report.accepted) recipients were accepted and \(accounted) are accounted for")
        }
        if numbers[5] > 0 { report.find("\(numbers[5]) contents belong to no message") }
        if numbers[6] > 0 { report.find("recipients of \(numbers[6]) messages belong to no message") }
    }
}

extension QueueDatabase {
    /// - Returns: the body that lies in a file, to be checked by the caller.
    fileprivate func verify(_ row: EntryRow, _ report: inout VerificationReport) throws(QueueError) -> SpoolFile? {
        report.messages += 1
        let message: QueuedMessage
        switch try load(row) {
        case .success(let loaded): message = loaded
        case .failure(let error):
            report.find("\(error)")
            return nil
        }
        if case .failure(let error) = try original(of: row.id) { report.find("\(error)") }
        report.recipients += message.recipients.count
        let waiting = message.recipients.filter { !$0.state.isFinal }
        if waiting.count != row.open { report.find("\(row.id): \(waiting.count) recipients wait, its row says \(row.open)") }
        if message.recipients.map(\.index) != Array(0..<message.recipients.count) { report.find("\(row.id): recipients are missing") }
        if waiting.isEmpty, row.state != .dead { report.find("\(row.id): nobody waits for it, and it is still queued") }
        if let first = waiting.map(\.nextAttempt).min(), first != row.dueAt {
            report.find("\(row.id): due at \(row.dueAt), its recipients at \(first)")
        }
        guard case .file(let file) = message.body else {
            report.octets += message.size
            return nil
        }
        report.octets += message.header.count
        return file
    }
}
