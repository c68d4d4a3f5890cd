import Foundation
import MailModel
import MailQueue
import Reports
import Testing

/// Reports in the queue that they are made for: one step with what they tell of (Q05), and known for what they are after a restart.
@Suite struct QueueTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("reports-\(UUID().uuidString)").path
    private let due = Timestamp(seconds: arrival.seconds + 3600)

    private func open() throws -> SQLiteQueueStore {
        try SQLiteQueueStore(path: path, options: SQLiteQueueStore.Options(clock: { arrival }))
    }

    private func failure(of message: QueuedMessage) -> DeliveryRecord {
        DeliveryRecord(message.id, results: [RecipientResult(index: 0, verdict: .failed, attempts: 1, reply: "550 unknown")], events: [])
    }

    @Test func aReportSurvivesARestartAndIsStillAReport() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = makeWriter(try reportSettings())
        let message = try message()
        let report = try #require(writer.failure(of: message, recipients: message.failed(), at: arrival).report)
        var store = try open()
        try await store.commit(message)
        var record = failure(of: message)
        (record.reports, record.reported) = ([report], [0])
        try await store.record(record)
        await store.close()

        store = try open()
        let kept = try await store.load(report.id)
        #expect(kept.header == report.header && kept.body == report.body && kept.facts == report.facts)
        #expect(try await store.list(.all, after: nil, limit: 10).entries.map(\.id) == [report.id])
        // It fails in its turn, and that is the end.
        let decision = writer.failure(of: kept, recipients: kept.failed(), at: arrival)
        guard case .impossible(let why) = decision else { Issue.record("\(decision.summary)"); return }
        record = failure(of: kept)
        record.ending = .dead(note: why, reportDue: nil)
        try await store.record(record)
        #expect(try await store.entry(report.id).state == .dead)
        #expect(try await store.deadLetters(dueBefore: due, limit: 10).isEmpty)
        await store.close()
    }

    @Test func fromDeadLettersToOneDigest() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = makeWriter(try reportSettings())
        let store = try open()
        let messages = try (1...30).map { try message(to: ["user\($0)@c.example"], id: Int64($0)) }
        for message in messages {
            try await store.commit(message)
            var record = failure(of: message)
            switch writer.failure(of: message, recipients: message.failed(), at: arrival) {
            case .send(let report, _): (record.reports, record.reported) = ([report], [0])
            case .digest(let time): record.ending = .dead(note: "waits for a digest", reportDue: time)
            case .none, .impossible: Issue.record("nobody is told")
            }
            try await store.record(record)
        }
        #expect(try await store.deadLetters(dueBefore: arrival, limit: 100).isEmpty)
        let entries = try await store.deadLetters(dueBefore: due, limit: 100)
        #expect(entries.map(\.id) == messages.suffix(10).map(\.id))
        let digest = try #require(writer.digests(of: entries, at: due).first)
        #expect(digest.covers == entries.map(\.id) && digest.to == "anna@corp.example")
        try await store.settle(digest.covers, report: digest.report, events: [])
        #expect(try await store.deadLetters(dueBefore: due, limit: 100).isEmpty)
        #expect(try await store.list(.all, after: nil, limit: 100).entries.count == 21)
        #expect(try await store.load(digest.report.id).facts.kind == .report)
        await store.close()
    }
}
