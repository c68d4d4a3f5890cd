import Glibc
import MailModel
@testable import MailQueue
import SafeIO
import Testing

@Suite("Paging, orders and counts, the same for each store", .serialized)
struct QueueListTests {
    static func stores() throws -> [(any QueueStore, Folder)] {
        let folder = try Folder()
        return [(try folder.store(), folder), (MemoryQueueStore(), folder)]
    }

    @Test("Due messages come by due time, then id, page by page")
    func due() async throws {
        for (store, _) in try Self.stores() {
            let count = store is MemoryQueueStore ? 1000 : 10_000
            for start in stride(from: 0, to: count, by: 500) {
                try await store.commit(
                    (start..<start + 500).map { Sample.message($0, due: Sample.now + .seconds(Int64(($0 * 7919) % 97))) })
            }
            var seen: [DueCursor] = []
            var cursor: DueCursor?
            while true {
                let page = try await store.due(before: Sample.now + .seconds(50), after: cursor, limit: 333)
                guard let last = page.last else { break }
                seen += page.map(\.cursor)
                cursor = last.cursor
            }
            #expect(seen.count == (0..<count).count { ($0 * 7919) % 97 <= 50 })
            #expect(seen == seen.sorted() && Set(seen).count == seen.count)
            #expect(try await store.statistics().nextDue == Sample.now)

            var listed: [QueueID] = []
            var place: QueueID?
            repeat {
                let page = try await store.list(.all, after: place, limit: 777)
                listed += page.entries.map(\.id)
                place = page.next
            } while place != nil
            #expect(listed == (0..<count).map { Sample.id($0) })
            await store.close()
        }
    }

    @Test("A page costs the same when everything is due at one time")
    func plans() async throws {
        let store = try Folder().store()
        for plan in try await store.duePlans() { #expect(plan.contains("due_at=? AND rowid>?") || plan.contains("due_at>? AND due_at<?")) }
        await store.close()
    }

    @Test("Filters and orders do what an operator means")
    func orders() async throws {
        for (store, _) in try Self.stores() {
            for number in 0..<30 {
                try await store.commit(
                    Sample.message(
                        number, to: ["u\(number % 5)@Corp.example", "copy@other.example"], account: number % 3 == 0 ? "crm" : "shop",
                        due: Sample.later))
            }
            func count(_ change: (inout QueueFilter) -> Void) async throws -> Int {
                var filter = QueueFilter.all
                change(&filter)
                return try await store.list(filter, after: nil, limit: 1000).entries.count
            }
            #expect(try await count { $0.account = Sample.account("crm") } == 10)
            #expect(try await count { $0.recipient = Array("U3@corp.EXAMPLE".utf8) } == 6)
            #expect(try await count { $0.recipient = Array("@other.example".utf8) } == 30)
            #expect(try await count { $0.recipient = Array("@example".utf8) } == 0)
            #expect(try await count { $0.acceptedBefore = Sample.now } == 0)
            #expect(try await count { $0.acceptedBefore = Sample.later } == 30)
            #expect(try await count { $0.ids = [Sample.id(3), Sample.id(99), Sample.id(3), Sample.id(1)] } == 2)
            #expect(try await count { $0.ids = [] } == 0)
            #expect(try await count { $0.state = .held } == 0)

            var crm = QueueFilter.all
            crm.account = Sample.account("crm")
            #expect(try await store.hold(crm, note: "weekend") == 10)
            #expect(try await store.hold(crm, note: "again") == 0)
            #expect(try await store.entry(Sample.id(0)).note == "weekend")
            await #expect(throws: QueueError.notSendable(Sample.id(0))) { try await store.load(Sample.id(0)) }
            #expect(try await store.due(before: Sample.later, after: nil, limit: 99).count == 20)
            #expect(try await store.release(QueueFilter(ids: [Sample.id(0)])) == 1)
            #expect(try await store.entry(Sample.id(0)).dueAt == Sample.later)
            try await store.quarantine(Sample.id(1), reason: "test")
            // A test system's mail does not leave by an order for all.
            var staged = Sample.message(200, account: "test")
            staged.hold = QueuedMessage.stagingHold + "for a test"
            try await store.commit(staged)
            #expect(try await store.entry(staged.id).state == .held)
            #expect(try await store.makeDue(.all, at: Sample.now) == 29)
            #expect(try await store.release(.all) == 1, "the one in quarantine")
            try await store.quarantine(Sample.id(1), reason: "test")
            var test = QueueFilter.all
            test.account = Sample.account("test")
            #expect(try await store.release(test) == 1)
            _ = try await store.remove(QueueFilter(ids: [staged.id])) { _ in [] }
            #expect(try await store.due(before: Sample.now, after: nil, limit: 99).count == 29)
            #expect(try await store.load(Sample.id(3)).recipients.allSatisfy { $0.nextAttempt == Sample.now })
            let statistics = try await store.statistics()
            #expect((statistics.total.fresh, statistics.total.held, statistics.total.quarantined) == (29, 0, 1))
            #expect(statistics.accounts[Sample.account("shop")]?.messages == 20)
            #expect(statistics.total.openRecipients == 60)
            #expect(statistics.oldest == Sample.now)
            #expect(
                try await store.remove(crm) { entry in
                    var event = RelayEvent(.failed, at: Sample.now, queueID: entry.id)
                    event.reply = "removed by an operator"
                    return [event]
                } == 10)
            let after = try await store.statistics()
            #expect(after.accounts[Sample.account("crm")] == nil)
            #expect(after.total.messages == 20)
            await #expect(throws: QueueError.notFound(Sample.id(0))) { try await store.quarantine(Sample.id(0), reason: "gone") }
            if let history = store as? any EventHistory ?? (store as? SQLiteQueueStore)?.history {
                #expect(try await history.trace(Sample.id(0).description, limit: 5).map(\.reply) == ["removed by an operator"])
            }
            await store.close()
        }
    }

    @Test("A damaged row is set aside and never sent", arguments: ["Subject: 7", "body 7", "anna@corp", "bounce@mail"])
    func damage(text: String) async throws {
        let folder = try Folder()
        let store = try folder.store()
        try await store.commit((0..<20).map { Sample.message($0) })
        await store.close()
        // One bit in the middle of a stored value, as a bad disk would flip it.
        var octets = try WholeFile.read("\(folder.path)/queue.db")
        let needle = Array(text.utf8)
        var places: [Int] = []
        for place in 0..<(octets.count - needle.count) where octets[place] == needle[0] {
            if octets[place..<(place + needle.count)].elementsEqual(needle) { places.append(place) }
        }
        for place in places { octets[place + needle.count / 2] ^= 1 }
        #expect(!places.isEmpty)
        try folder.write("queue.db", octets)

        let again = try folder.store()
        var damaged = 0
        for message in try await again.due(before: Sample.later, after: nil, limit: 99) {
            let id = message.id
            guard let loaded = try? await again.load(id) else {
                damaged += 1
                #expect(try await again.entry(id).state == .quarantined)
                await #expect(throws: QueueError.notSendable(id)) { try await again.load(id) }
                continue
            }
            #expect(loaded == Sample.message(Int(id.value - Sample.id(0).value)))
        }
        #expect(damaged == places.count)
        #expect(try await again.statistics().total.quarantined == damaged)
        await again.close()
    }
}
