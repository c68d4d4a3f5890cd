import GRDB
import MailModel
@testable import MailQueue
import SafeIO
import Testing

/// What the store keeps besides mail: who crashed it, who was reached how often, who gets no mail, and how old everything is.
@Suite(.timeLimit(.minutes(2))) struct KeepingTests {
    private func failed(_ message: QueuedMessage, _ index: Int = 0, ending: DeliveryRecord.Ending = .leaves) -> DeliveryRecord {
        var record = DeliveryRecord(
            message.id, results: [RecipientResult(index: index, verdict: .failed, attempts: 1, reply: "550 no")], events: [])
        record.ending = ending
        return record
    }

    // MARK: Crashes

    /// Three crashes while it was under way, the last of them alone: set aside.
    @Test func aMessageThatEndsTheProcessIsSetAside() async throws {
        let folder = try Folder()
        var store = try folder.store()
        try await store.commit([Sample.message(1), Sample.message(2)])
        for (round, alone) in [false, false, false, true].enumerated() {
            store.attemptBegins(Sample.id(1), alone: alone)
            store.attemptBegins(Sample.id(2), alone: false)
            store.attemptEnded(Sample.id(2))
            let crashed = try folder.crashed()
            await store.close()
            for name in ["attempts", "queue.db", "queue.db-wal"] {
                if let octets = try? WholeFile.read("\(crashed.path)/\(name)") { try folder.write(name, octets) }
            }
            store = try folder.store()
            #expect(store.recovery.interrupted == 1)
            let entry = try await store.entry(Sample.id(1))
            #expect(entry.state == (round == 3 ? .quarantined : .waiting), "round \(round)")
            #expect(try await store.entry(Sample.id(2)).state == .waiting)
        }
        let story = try await store.history.trace(Sample.id(1).description, limit: 1)
        #expect(story.contains { $0.name == .inDoubt } && story.last?.name == .quarantined)
        await store.close()
    }

    @Test func aCleanStopBlamesNobody() async throws {
        let folder = try Folder()
        let store = try folder.store()
        try await store.commit([Sample.message(1)])
        store.attemptBegins(Sample.id(1), alone: true)
        await store.close()
        let again = try folder.store()
        // Its outcome could not be written, which `trace` tells; but no attempt ended the process.
        #expect(try await again.load(Sample.id(1)).crashes == 0)
        #expect(try await again.history.trace(Sample.id(1).description, limit: 10).map(\.name) == [.inDoubt])
        again.attemptEnded(Sample.id(1))
        await again.close()
        let third = try folder.store()
        #expect(third.recovery.interrupted == 0)
        await third.close()
    }

    /// The store gives what it knows, also when a damaged page has changed what no checksum covers.
    @Test(arguments: [
        "UPDATE recipient SET position = 5", "UPDATE recipient SET attempts = 9223372036854775807, doubts = 9223372036854775807",
        "UPDATE entry SET open = 9223372036854775807, size = -9223372036854775807, attempts = 9223372036854775807, crashes = 9223372036854775807",
    ])
    func absurdNumbers(sql: String) async throws {
        let folder = try Folder()
        let store = try folder.store()
        try await store.commit([Sample.message(1), Sample.message(2)])
        store.attemptBegins(Sample.id(1), alone: true)
        let crashed = try folder.crashed()
        await store.close()
        let database = try DatabaseQueue(path: "\(crashed.path)/queue.db")
        try await database.write { try $0.execute(sql: sql) }
        try database.close()
        let again = try crashed.store()
        do throws(QueueError) {
            let message = try await again.load(Sample.id(2))
            #expect(message.recipients.map(\.index) == Array(message.recipients.indices))
            let deferred = RecipientResult(
                index: 0, verdict: .inDoubt(until: Sample.now), attempts: message.recipients[0].attempts + 1, reply: "")
            try await again.record(DeliveryRecord(message.id, results: [deferred], events: []))
        } catch {
            guard case .damaged = error else { throw error }
        }
        await again.close()
    }

    /// An outcome and the hold that it calls for are one step.
    @Test func anOutcomeMayHold() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let message = Sample.message(1)
        try await store.commit(message)
        var record = DeliveryRecord(
            message.id, results: [RecipientResult(index: 0, verdict: .inDoubt(until: Sample.now), attempts: 5, reply: "")], events: [])
        record.hold = "in doubt"
        try await store.record(record)
        let entry = try await store.entry(message.id)
        #expect(entry.state == .held && entry.note == "in doubt" && entry.recipients[0].doubts == 1)
        #expect(try await store.statistics().total.held == 1)
        await store.close()
    }

    // MARK: Dead letters

    @Test func deadLettersStayUntilTheyAreTold() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let message = Sample.message(1)
        try await store.commit([message, Sample.message(2)])
        try await store.record(failed(message, ending: .dead(note: "in a digest", reportDue: Sample.now + .seconds(60))))
        #expect(try await store.entry(message.id).state == .dead)
        #expect(try await store.statistics().total.dead == 1)
        #expect(try await store.due(before: .never, after: nil, limit: 10).map(\.id) == [Sample.id(2)])
        #expect(try await store.deadLetters(dueBefore: Sample.now, limit: 10).isEmpty)
        #expect(try await store.deadLetters(dueBefore: Sample.now + .seconds(60), limit: 10).map(\.id) == [message.id])
        #expect(try await store.release(.all) == 0, "an order for all does not bring the dead back")
        try await store.settle([message.id], report: Sample.message(3), events: [])
        #expect(try await store.list(.all, after: nil, limit: 10).entries.map(\.id) == [Sample.id(2), Sample.id(3)])
        let report = try await store.verify(pages: true)
        #expect(report.problems == [] && report.failed == 1 && report.open == 2 && report.accepted == 3)
        await store.close()
    }

    @Test func aDeadMessageIsTriedAgainByItsID() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let message = Sample.message(1, to: ["a@example.net", "b@example.net"])
        try await store.commit(message)
        var record = DeliveryRecord(
            message.id,
            results: [
                RecipientResult(index: 0, verdict: .relayed, attempts: 1, reply: "250", sesID: "0102-x"),
                RecipientResult(index: 1, verdict: .failed, attempts: 1, reply: "550"),
            ], events: [])
        record.ending = .dead(note: "nobody to tell", reportDue: nil)
        try await store.record(record)
        #expect(try await store.makeDue(QueueFilter(ids: [message.id]), at: Sample.now) == 1)
        let again = try await store.load(message.id)
        #expect(again.recipients.map(\.state) == [.relayed, .waiting] && again.recipients[0].sesID == "0102-x")
        #expect(try await store.verify(pages: false).problems == [])
        await store.close()
    }

    // MARK: Suppression

    @Test func strikesSuppressAtTheirLimit() async throws {
        let folder = try Folder()
        var store = try folder.store()
        let gone = Sample.mailbox("gone@example.net")
        for number in 1...3 {
            let message = Sample.message(number, to: ["gone@example.net"])
            try await store.commit(message)
            var record = failed(message)
            record.strikes = [Strike(mailbox: gone, reply: "550 no such user", limit: 3)]
            #expect(store.suppression(of: gone) == nil)
            try await store.record(record)
        }
        #expect(store.suppression(of: Sample.mailbox("gone@EXAMPLE.NET"))?.reason == "550 no such user")
        await store.close()
        store = try folder.store()
        #expect(store.suppressions(after: nil, limit: 10).map(\.origin) == [.bounce])
        #expect(try await store.unsuppress(gone))
        #expect(try await !store.unsuppress(gone))
        await store.close()
        store = try folder.store()
        #expect(store.suppression(of: gone) == nil)
        await store.close()
    }

    // MARK: Ledger and clock

    @Test func theLedgerOutlivesARestart() async throws {
        let folder = try Folder()
        var store = try folder.store()
        let message = Sample.message(1, to: ["a@example.net", "b@example.net"])
        try await store.commit(message)
        var report = Sample.message(2)
        report.facts.kind = .report
        try await store.commit(report)
        try await store.record(Sample.relayed(message))
        await store.close()
        store = try folder.store()
        let (crm, now) = (Sample.account(), Sample.now)
        #expect(store.ledger.accepted(crm, at: now) == 2, "reports are ours")
        #expect(store.ledger.relayed(at: now) == 2)
        #expect(store.ledger.relayed(at: now + .seconds(86_400 + 900)) == 0)
        let free = store.ledger.freeAt(crm, acceptedBelow: 2, at: now)
        #expect(free > now + .seconds(86_399) && free <= now + .seconds(86_400 + 900))
        await store.close()
    }

    @Test func theServiceClockGoesOn() async throws {
        let folder = try Folder()
        var store = try folder.store()
        let before = store.serviceClock.now()
        await store.close()
        // Ten years later by the wall clock: a day at most.
        store = try folder.store { $0.clock = { Sample.now + .seconds(86_400 * 3650) } }
        let after = store.serviceClock.now()
        #expect(after >= before + .seconds(86_400) && after < before + .seconds(86_500))
        await store.close()
        store = try folder.store()
        #expect(store.serviceClock.now() >= after, "never back")
        await store.close()
    }

    /// A clock that ran ahead when they were deferred does not keep messages for years.
    @Test func farDueTimesArePulledIn() async throws {
        let folder = try Folder()
        var store = try folder.store()
        try await store.commit([
            Sample.message(1, due: Sample.now + .seconds(86_400 * 365)), Sample.message(2, due: Sample.now + .seconds(1200)),
        ])
        await store.close()
        store = try folder.store()
        let due = try await store.due(before: Sample.now + .seconds(301), after: nil, limit: 10)
        #expect(due.map(\.id) == [Sample.id(1)])
        #expect(try await store.verify(pages: true).problems == [])
        await store.close()
    }

    // MARK: Fairness

    @Test func eachAccountHasItsOwnOrder() async throws {
        let folder = try Folder()
        let store = try folder.store()
        try await store.commit((1...50).map { Sample.message($0, account: "bulk") } + [Sample.message(99, account: "shop")])
        #expect(
            try await store.due(before: Sample.later, after: nil, limit: 5, account: Sample.account("shop")).map(\.id) == [Sample.id(99)])
        var seen: [QueueID] = []
        var cursor: DueCursor?
        while true {
            let page = try await store.due(before: Sample.later, after: cursor, limit: 7, account: Sample.account("bulk"))
            guard let last = page.last else { break }
            seen += page.map(\.id)
            cursor = last.cursor
        }
        #expect(seen == (1...50).map(Sample.id))
        #expect(try await store.duePlans().allSatisfy { $0.contains("USING INDEX entry_due") && !$0.contains("TEMP B-TREE") })
        await store.close()
    }

    // MARK: Version 1

    /// A queue that the first version wrote opens with all that it holds.
    @Test func versionOneIsTakenOver() async throws {
        let folder = try Folder()
        var store = try folder.store()
        let messages = (1...20).map { Sample.message($0, to: ["a@example.net", "b@example.net"]) }
        try await store.commit(messages)
        await store.close()
        let database = try DatabaseQueue(path: "\(folder.path)/queue.db")
        try await database.writeWithoutTransaction { database in
            try database.execute(
                sql: """
                    ALTER TABLE content DROP COLUMN original;
                    DROP INDEX entry_due_by_account; DROP INDEX entry_dead; DROP INDEX entry_crashed;
                    DROP TABLE suppression; DROP TABLE strike; DROP TABLE ledger;
                    DELETE FROM mark WHERE name NOT IN ('highest_id', 'probe');
                    ALTER TABLE entry DROP COLUMN service_at; ALTER TABLE entry DROP COLUMN warned; ALTER TABLE entry DROP COLUMN crashes;
                    ALTER TABLE recipient DROP COLUMN ses_id; ALTER TABLE recipient DROP COLUMN reported;
                    PRAGMA user_version = 1
                    """)
        }
        try database.close()
        store = try folder.store()
        #expect(store.recovery.messages == 20)
        for message in messages { #expect(try await store.load(message.id).header == message.header) }
        let report = try await store.verify(pages: true)
        #expect(report.problems == [] && report.accepted == 40 && report.open == 40)
        await store.close()
    }

    // MARK: Verification

    @Test func verificationFindsWhatIsWrong() async throws {
        let folder = try Folder()
        var store = try folder.store()
        try await store.commit((1...5).map { Sample.message($0) })
        await store.close()
        let database = try DatabaseQueue(path: "\(folder.path)/queue.db")
        try await database.writeWithoutTransaction { database in
            try database.execute(
                sql:
                    "UPDATE content SET header = CAST('Subject: forged' AS BLOB) WHERE rowid = (SELECT min(id) FROM content); DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)"
            )
        }
        try database.close()
        store = try folder.store()
        let problems = try await store.verify(pages: true).problems
        #expect(problems.contains { $0.contains("checksum mismatch") })
        #expect(problems.contains { $0.contains("contents belong to no message") })
        #expect(problems.contains { $0.contains("are accounted for") })
        await store.close()
    }
}
