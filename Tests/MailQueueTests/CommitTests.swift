import MailModel
@testable import MailQueue
import SafeIO
import Testing

@Suite("Committing")
struct CommitTests {
    @Test("What was committed is there after a crash, whole")
    func crash() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let messages = (0..<50).map { Sample.message($0, to: ["a\($0)@corp.example", "b@corp.example"]) }
        for message in messages { try await store.commit(message, events: [Sample.accepted(message)]) }
        let copy = try folder.crashed()
        let again = try copy.store()
        #expect(again.recovery.messages == 50)
        for message in messages { #expect(try await again.load(message.id) == message) }
        #expect(try await again.statistics().total == store.statistics().total)
        #expect(try await again.trace("m7@mail.example.com").map(\.name) == [.accepted])
        await again.close()
        await store.close()
    }

    @Test("Twenty sessions share syncs")
    func groups() async throws {
        let store = try Folder().store()
        let before = store.commits
        await withTaskGroup(of: Void.self) { group in
            for session in 0..<20 {
                group.addTask {
                    for number in 0..<50 {
                        let message = Sample.message(session * 50 + number)
                        do { try await store.commit(message, events: [Sample.accepted(message)]) } catch { Issue.record(error) }
                    }
                }
            }
        }
        #expect(try await store.statistics().total.fresh == 1000)
        #expect(store.commits - before < 1000 / 5)
        await store.close()
    }

    @Test("Messages of one submission are stored all or none, and a bad one harms no other session")
    func atomicity() async throws {
        let store = try Folder().store()
        try await store.commit(Sample.message(1))
        async let good: Void = store.commit(Sample.message(5))
        await #expect(throws: QueueError.self) { try await store.commit([Sample.message(2), Sample.message(1)]) }
        try await good
        await #expect(throws: QueueError.notFound(Sample.id(2))) { try await store.load(Sample.id(2)) }
        await #expect(throws: QueueError.self) { try await store.commit(Sample.message(3, to: [])) }
        #expect(try await store.statistics().total.messages == 2)
        #expect(store.health == .healthy)
        await store.close()
    }

    @Test("Outcomes settle recipients one by one; the last one takes the message out")
    func outcomes() async throws {
        let store = try Folder().store()
        let message = Sample.message(1, to: ["a@x.example", "b@x.example", "c@x.example", "d@x.example"])
        try await store.commit(message)
        func result(_ index: Int, _ verdict: RecipientResult.Verdict, _ attempts: Int = 1) -> RecipientResult {
            RecipientResult(index: index, verdict: verdict, attempts: attempts, reply: "reply \(index)")
        }
        try await store.record(
            DeliveryRecord(
                message.id,
                results: [
                    result(0, .relayed), result(1, .deferred(until: Sample.later)), result(2, .failed),
                    result(3, .inDoubt(until: Sample.later + .seconds(5))),
                ], events: []))
        let entry = try await store.entry(message.id)
        #expect(entry.recipients.map(\.state) == [.relayed, .waiting, .failed, .waiting])
        #expect(entry.recipients.map(\.doubts) == [0, 0, 0, 1])
        #expect(entry.recipients.map(\.lastReply) == ["reply 0", "reply 1", "reply 2", "reply 3"])
        #expect(entry.dueAt == Sample.later)
        #expect(try await store.due(before: Sample.now, after: nil, limit: 9).isEmpty)
        #expect(try await store.due(before: Sample.later, after: nil, limit: 9).map(\.openRecipients) == [2])
        var counts = try await store.statistics().total
        #expect((counts.fresh, counts.deferred, counts.openRecipients) == (0, 1, 2))
        // A result for a recipient that is final changes nothing: it must not count as the last one.
        try await store.record(DeliveryRecord(message.id, results: [result(0, .relayed), result(1, .relayed, 2)], events: []))
        #expect(try await store.entry(message.id).recipients.map(\.state) == [.relayed, .relayed, .failed, .waiting])
        let report = Sample.message(2, to: ["app@mail.example.com"], account: "reports")
        try await store.record(DeliveryRecord(message.id, results: [result(3, .expired, 9)], events: [], reports: [report]))
        await #expect(throws: QueueError.notFound(message.id)) { try await store.entry(message.id) }
        #expect(try await store.load(report.id) == report)
        counts = try await store.statistics().total
        #expect((counts.fresh, counts.deferred, counts.openRecipients, counts.octets) == (1, 0, 1, report.size))
        await #expect(throws: QueueError.notFound(message.id)) {
            try await store.record(DeliveryRecord(message.id, results: [result(3, .relayed)], events: []))
        }
        await store.close()
    }

    @Test("Ids are never given again, also after a restart with an empty queue")
    func highestID() async throws {
        let folder = try Folder()
        let store = try folder.store()
        #expect(try await store.highestID() == nil)
        let message = Sample.message(7)
        try await store.commit(message)
        try await store.record(Sample.relayed(message))
        await store.close()
        let again = try folder.store()
        #expect(try await again.highestID() == message.id)
        #expect(again.recovery.messages == 0)
        await again.close()
    }

    @Test("A second daemon is turned away and told by whom")
    func lock() async throws {
        let folder = try Folder()
        let store = try folder.store()
        #expect { try folder.store() } throws: { error in
            guard case .inUse(let text) = error as? QueueError else { return false }
            return text.contains("process ") && text.contains(folder.path)
        }
        await store.close()
    }

    @Test("After close everything is refused, and nothing hangs")
    func closed() async throws {
        let store = try Folder().store()
        await store.close()
        await #expect(throws: QueueError.closed) { try await store.commit(Sample.message(1)) }
        await #expect(throws: QueueError.closed) { try await store.statistics() }
        await #expect(throws: QueueError.closed) { try await store.trace("x") }
        await store.close()
    }

    @Test("A format from the future is refused")
    func format() async throws {
        let folder = try Folder()
        await (try folder.store()).close()
        var octets = try WholeFile.read("\(folder.path)/queue.db")
        octets[63] = 9  // user_version, big-endian at offset 60
        try folder.write("queue.db", octets)
        #expect { try folder.store() } throws: { "\($0)".contains("format 9") }
    }
}

extension SQLiteQueueStore {
    func trace(_ word: String) async throws(QueueError) -> [RelayEvent] { try await history.trace(word, limit: 10) }
}
