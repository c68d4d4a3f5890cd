import MailModel
@testable import MailQueue
import Synchronization
import Testing

/// How jobs wait for company, and that none waits for ever.
@Suite("Gathering", .timeLimit(.minutes(1)))
struct GatheringTests {
    @Test("Outcomes that nothing else comes with are written at once, by human measure")
    func outcomesAlone() async throws {
        let store = try Folder().store()
        // The machine may be busy with other tests: the shortest time counts, beside that of a transaction that waits for nothing.
        var (commit, record) = (Duration.seconds(9), Duration.seconds(9))
        for number in 0..<12 {
            let message = Sample.message(number)
            let start = ContinuousClock.now
            try await store.commit(message)
            let middle = ContinuousClock.now
            try await store.record(Sample.relayed(message))
            commit = min(commit, start.duration(to: middle))
            record = min(record, middle.duration(to: .now))
        }
        #expect(record - commit < .milliseconds(50), "\(record) after \(commit)")
        #expect(try await store.statistics().total.messages == 0)
        await store.close()
    }

    @Test("Twenty sessions and the outcomes of their mail share transactions")
    func sharing() async throws {
        let store = try Folder().store()
        let before = store.commits
        await withTaskGroup(of: Void.self) { group in
            for session in 0..<20 {
                group.addTask {
                    for number in 0..<20 {
                        let message = Sample.message(session * 20 + number)
                        do {
                            try await store.commit(message, events: [Sample.accepted(message)])
                            try await store.record(Sample.relayed(message))
                        } catch { Issue.record(error) }
                    }
                }
            }
        }
        #expect(try await store.statistics().total.messages == 0)
        #expect(store.commits - before < 800 / 5, "\(store.commits - before) transactions")
        await store.close()
    }

    @Test("What was asked before close is done, though it waited for company")
    func closing() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let (first, second) = (Sample.message(1), Sample.message(2))
        try await store.commit([first, second])
        let results = Results()
        store.record(Sample.relayed(first)) { results.add($0) }
        await store.close()
        #expect(results.count(where: \.isSuccess) == 1)
        let again = try folder.store()
        #expect(again.recovery.messages == 1)
        await #expect(throws: QueueError.notFound(first.id)) { try await again.load(first.id) }
        await again.close()
    }

    @Test("Close ends a group that is still gathering, and a job that comes too late hears of it")
    func closingWhileGathering() async throws {
        for round in 0..<20 {
            let folder = try Folder()
            let store = try folder.store()
            let results = Results()
            // Company makes the next group gather.
            for number in 0..<4 { store.commit([Sample.message(number)], events: []) { results.add($0) } }
            _ = try await store.statistics()
            for number in 4..<8 { store.commit([Sample.message(number)], events: []) { results.add($0) } }
            store.record(Sample.relayed(Sample.message(0))) { results.add($0) }
            async let late: Void = {
                for number in 8..<12 { store.commit([Sample.message(number)], events: []) { results.add($0) } }
            }()
            await store.close()
            await late
            while results.total < 13 { try await Task.sleep(for: .milliseconds(1)) }
            let again = try folder.store()
            #expect(again.recovery.messages == results.count(where: \.isSuccess) - 2, "round \(round)")  // the outcome took one out
            await again.close()
        }
    }

    @Test("An order that follows an outcome finds it applied, and is not undone by it")
    func orderOfSubmission() async throws {
        let store = try Folder().store()
        for number in 0..<10 {
            let message = Sample.message(number)
            try await store.commit(message)
            let outcome = RecipientResult(index: 0, verdict: .deferred(until: Sample.later), attempts: 1, reply: "450 later")
            let results = Results()
            store.record(DeliveryRecord(message.id, results: [outcome], events: [])) { results.add($0) }
            var filter = QueueFilter()
            filter.ids = [message.id]
            #expect(try await store.makeDue(filter, at: Sample.now + .seconds(1)) == 1)
            #expect(results.count(where: \.isSuccess) == 1)
            let entry = try await store.entry(message.id)
            #expect(entry.dueAt == Sample.now + .seconds(1))
            #expect(entry.recipients.map(\.attempts) == [1])
        }
        await store.close()
    }

    @Test("An outcome that left with a commit does not keep the next one waiting")
    func lateTimer() async throws {
        let store = try Folder().store()
        for number in 0..<20 {
            let (old, new) = (Sample.message(2 * number), Sample.message(2 * number + 1))
            try await store.commit([old])
            store.record(Sample.relayed(old)) { _ in }
            try await store.commit([new])
            // About when the timer of the first one fires.
            if number % 2 == 0 { try await Task.sleep(for: .milliseconds(number % 10)) }
            try await store.record(Sample.relayed(new))
        }
        #expect(try await store.statistics().total.messages == 0)
        await store.close()
    }
}

private final class Results: Sendable {
    private let list = Mutex<[Result<Void, QueueError>]>([])

    func add(_ result: Result<Void, QueueError>) { list.withLock { $0.append(result) } }

    var total: Int { list.withLock(\.count) }

    func count(where condition: (Result<Void, QueueError>) -> Bool) -> Int { list.withLock { $0.count(where: condition) } }
}

extension Result<Void, QueueError> {
    fileprivate var isSuccess: Bool { if case .success = self { true } else { false } }
}
