import GRDB
import Glibc
import MailModel
@testable import MailQueue
import SafeIO
import Testing

@Suite("History")
struct HistoryTests {
    @Test(
        "A message is found by each word that names it, also after it left",
        arguments: [
            "{id}", "{ID}", "<m3@mail.example.com>", "m3@mail.example.com", "M3@MAIL.example.com", "0102018b-ses-3", "u3@corp.example",
            "U3@Corp.Example", "second3@corp.example",
        ])
    func words(word: String) async throws {
        for store in [try Folder().store(), MemoryQueueStore()] as [any QueueStore] {
            for number in 0..<10 {
                let message = Sample.message(number, to: ["u\(number)@corp.example", "Second\(number)@corp.example"])
                try await store.commit(message, events: [Sample.accepted(message)])
                try await store.record(Sample.relayed(message, sesID: "0102018B-ses-\(number)"))
            }
            let id = Sample.id(3).description
            let asked = word == "{id}" ? id : word == "{ID}" ? id.uppercased() : word
            let history = try present(store as? any EventHistory ?? (store as? SQLiteQueueStore)?.history)
            let found = try await history.trace(asked, limit: 10)
            #expect(found.map(\.name) == [.accepted, .relayed])
            #expect(found.allSatisfy { $0.queueID == Sample.id(3) })
            #expect(found.first?.recipients.count == 2)
            #expect(found.last?.sesID == "0102018B-ses-3")
            #expect(try await history.trace("nobody@corp.example", limit: 10).isEmpty)
            await store.close()
        }
    }

    @Test("A recipient with many messages brings the newest, and recent the last events")
    func limits() async throws {
        let store = try Folder().store()
        for number in 0..<60 {
            let message = Sample.message(number)
            try await store.commit(message, events: [Sample.accepted(message)])
        }
        let found = try await store.history.trace("anna@corp.example", limit: 7)
        #expect(Set(found.compactMap(\.queueID)) == Set((53..<60).map { Sample.id($0) }))
        #expect(try await store.history.recent(3).compactMap(\.queueID) == (57..<60).map { Sample.id($0) })
        await store.close()
    }

    @Test("Refusals and route events are kept as well")
    func loose() async throws {
        let store = try Folder().store()
        store.history.note(RelayEvent(.refused, at: Sample.now, recipients: [Sample.mailbox("who@x.example")]))
        store.history.note(RelayEvent(.routePaused, at: Sample.now))
        #expect(try await store.trace("who@x.example").map(\.name) == [.refused])
        #expect(try await store.history.recent(9).map(\.name) == [.refused, .routePaused])
        await store.close()
    }

    @Test("A crash between history and outbox repeats nothing and loses nothing")
    func outbox() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let messages = (0..<20).map { Sample.message($0) }
        for message in messages { try await store.commit(message, events: [Sample.accepted(message)]) }
        let beforeCopying = try folder.crashed()
        #expect(try await store.history.recent(99).count == 20)
        // The history has them; queue.db still holds the blocks.
        let afterCopying = try folder.crashed()
        for copy in [beforeCopying, afterCopying] {
            let again = try copy.store()
            #expect(try await again.history.recent(99).map(\.queueID) == messages.map(\.id))
            try await again.commit(Sample.message(20), events: [Sample.accepted(Sample.message(20))])
            #expect(try await again.history.recent(99).count == 21)
            await again.close()
            let third = try copy.store()
            #expect(third.recovery.pendingEventBlocks == 0)
            #expect(try await third.history.recent(99).count == 21)
            await third.close()
        }
        await store.close()
    }

    @Test("A lost or older queue.db does not make new events look like old ones")
    func lostQueue() async throws {
        let folder = try Folder()
        let store = try folder.store()
        for number in 0..<5 { try await store.commit(Sample.message(number), events: [Sample.accepted(Sample.message(number))]) }
        await store.close()
        try Directory(path: folder.path).remove("queue.db")
        let again = try folder.store()
        try await again.commit(Sample.message(9), events: [Sample.accepted(Sample.message(9))])
        #expect(try await again.history.recent(99).count == 6)
        await again.close()
    }

    @Test("The history of an earlier version is taken over")
    func earlier() async throws {
        let folder = try Folder()
        var store = try folder.store()
        var event = RelayEvent(.refused, at: Sample.now, recipients: [Sample.mailbox("who@x.example")])
        store.history.note(event)
        #expect(try await store.history.recent(9) == [event])
        await store.close()
        let database = try DatabaseQueue(path: "\(folder.path)/history.db")
        try await database.writeWithoutTransaction { database in
            try database.execute(sql: "ALTER TABLE event DROP COLUMN alignment; PRAGMA user_version = 1")
        }
        try database.close()

        store = try folder.store()
        event.alignment = "dkim=strict, spf=none"
        store.history.note(event)
        #expect(try await store.history.recent(9).map(\.alignment) == [nil, event.alignment])
        await store.close()
    }

    @Test("A damaged history goes aside and mail goes on", arguments: [true, false])
    func damaged(whileOpen: Bool) async throws {
        let folder = try Folder()
        var store = try folder.store()
        for number in 0..<200 { try await store.commit(Sample.message(number), events: [Sample.accepted(Sample.message(number))]) }
        #expect(try await store.history.recent(999).count == 200)
        if !whileOpen { await store.close() }
        let descriptor = OwnedDescriptor(open("\(folder.path)/history.db", O_RDWR))
        let noise = pattern(4096)
        for page in (whileOpen ? 1 : 0)..<40 { _ = pwrite(descriptor.rawValue, noise, noise.count, page * 4096) }
        if whileOpen {
            // The change counter differs, so SQLite drops what it has in memory.
            var counter: UInt32 = 0x7777_7777
            _ = pwrite(descriptor.rawValue, &counter, 4, 24)
        } else {
            store = try folder.store()
        }
        for number in 200..<210 { try await store.commit(Sample.message(number), events: [Sample.accepted(Sample.message(number))]) }
        // The first question may be the one that finds the damage; the next one waits for the new file.
        for _ in 0..<3 where (try? await store.history.recent(999).count) != 10 {}
        #expect(try await store.history.recent(999).count == 10)
        #expect(store.history.findings.count == 1)
        #expect(try folder.names().contains { $0.hasPrefix("history.db.damaged-") })
        await store.close()
    }

    @Test("Old events go, step by step, and so do those beyond the size limit")
    func pruning() async throws {
        for (age, size) in [(Duration.seconds(100), Int64.max), (.seconds(1 << 30), 100_000)] {
            let store = try Folder().store { options in
                options.history = age
                options.historySize = size
            }
            for start in stride(from: 0, to: 6000, by: 500) {
                var events: [RelayEvent] = []
                for number in start..<(start + 500) {
                    var event = Sample.accepted(Sample.message(number, to: ["u\(number)@corp.example"]))
                    event.time = Sample.now + .seconds(number < 5000 ? -200 : -50)
                    events.append(event)
                }
                try await store.commit([Sample.message(start)], events: events)
            }
            store.history.pruneNow()
            var rounds = 0
            while rounds < 1000, try await store.history.recent(9999).count > 1000 { rounds += 1 }
            #expect(try await store.history.recent(9999).count <= 1000)
            #expect(try await store.trace("u1@corp.example").isEmpty)
            if size == .max { #expect(try await store.trace("u5500@corp.example").count == 1) }
            await store.close()
        }
    }
}
