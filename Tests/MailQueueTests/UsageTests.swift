import GRDB
import MailModel
@testable import MailQueue
import Testing

@Suite("What a month adds up to")
struct UsageTests {
    private static let month = CalendarMonth(of: Sample.now)

    /// Accepts for two, relays to one, fails for the other.
    private func send(_ store: any QueueStore, _ number: Int, account: String = "crm") async throws {
        let message = Sample.message(number, to: ["a@corp.example", "b@corp.example"], account: account)
        try await store.commit(message, events: [Sample.accepted(message)])
        func event(_ name: RelayEvent.Name, _ index: Int) -> RelayEvent {
            var event = RelayEvent(
                name, at: Sample.now, queueID: message.id, account: message.account, recipients: [message.recipients[index].mailbox])
            if name == .relayed { event.messageSize = 100 }
            return event
        }
        let results = [
            RecipientResult(index: 0, verdict: .relayed, attempts: 1, reply: "250 Ok"),
            RecipientResult(index: 1, verdict: number % 2 == 0 ? .failed : .expired, attempts: 1, reply: "550 no"),
        ]
        try await store.record(
            DeliveryRecord(message.id, results: results, events: [event(.relayed, 0), event(number % 2 == 0 ? .failed : .expired, 1)]))
    }

    @Test("By account; other months are empty; the disk has it")
    func sums() async throws {
        let folder = try Folder()
        for store in [try folder.store(), MemoryQueueStore()] as [any QueueStore] {
            for number in 0..<4 { try await send(store, number) }
            try await send(store, 4, account: "app")
            let history = try present(store as? any EventHistory ?? (store as? SQLiteQueueStore)?.history)
            let report = try await history.usage(in: Self.month)
            #expect(report.accounts.map(\.account) == [Sample.account("app"), Sample.account("crm")])
            let crm = try present(report.accounts.last).counts
            #expect((crm.messages, crm.recipients, crm.relayed, crm.relayedOctets) == (4, 8, 4, 400))
            #expect((crm.failed, crm.expired) == (2, 2))
            #expect(crm.octets == (0..<4).map { Sample.message($0).size }.reduce(0, +))
            #expect(try await history.usage(in: CalendarMonth(number: Self.month.number - 1)).accounts.isEmpty)
            await store.close()
        }
        let again = try folder.store()
        #expect(try await again.history.usage(in: Self.month).accounts.count == 2)
        await again.close()
    }

    @Test("A crash between history and outbox counts nothing twice and leaves nothing out")
    func crash() async throws {
        let folder = try Folder()
        let store = try folder.store()
        for number in 0..<10 { try await send(store, number) }
        let before = try folder.crashed()
        let wanted = try await store.history.usage(in: Self.month)
        for copy in [before, try folder.crashed()] {
            let again = try copy.store()
            #expect(try await again.history.usage(in: Self.month).accounts == wanted.accounts)
            await again.close()
        }
        await store.close()
    }

    @Test("What was there before is counted when the table is made, and kept when events go")
    func older() async throws {
        let folder = try Folder()
        let store = try folder.store()
        for number in 0..<10 { try await send(store, number) }
        let wanted = try await store.history.usage(in: Self.month).accounts
        await store.close()
        let file = try DatabaseQueue(path: folder.path + "/history.db")
        try await file.write { database in try database.execute(sql: "DROP TABLE usage; DELETE FROM mark WHERE name = 'usage'") }
        try file.close()
        let again = try folder.store { $0.history = .seconds(-10) }
        #expect(try await again.history.usage(in: Self.month).accounts == wanted)
        #expect(try await again.history.usage(in: Self.month).countedSince == Sample.now)
        again.history.pruneNow()
        var left = 1
        for _ in 0..<1000 where left > 0 { left = try await again.history.recent(99).count }
        #expect(left == 0)
        #expect(try await again.history.usage(in: Self.month).accounts == wanted)
        await again.close()
    }

    @Test(
        "Months as people write them",
        arguments: [
            ("2026-03", true), ("2026-12", true), ("0001-01", true), ("2026-00", false), ("2026-13", false), ("2026-3", false),
            ("26-03", false), ("2026-03-01", false), ("", false), ("-", false), ("2026-0x", false), ("+026-03", false), ("２０２６-03", false),
        ])
    func months(text: String, isGood: Bool) {
        #expect((CalendarMonth(text) != nil) == isGood)
        if isGood { #expect(CalendarMonth(text)?.description == text) }
    }

    @Test(
        "The month of a time",
        arguments: [
            (0, "1970-01"), (951_782_400, "2000-02"), (951_868_799, "2000-02"), (1_709_251_199, "2024-02"), (1_709_251_200, "2024-03"),
        ])
    func time(seconds: Int64, month: String) {
        #expect(CalendarMonth(of: Timestamp(seconds: seconds)).description == month)
    }
}

@Suite("Events that somebody asks for")
struct EventFilterTests {
    private static func filter(_ change: (inout EventFilter) -> Void) -> EventFilter {
        var filter = EventFilter()
        change(&filter)
        return filter
    }

    private static let filters: [(EventFilter, Int)] = [
        (.all, 400),
        (filter { $0.account = Sample.account("app") }, 100),
        (filter { $0.recipient = Array("B@corp.EXAMPLE".utf8) }, 200),
        (filter { $0.recipient = Array("@corp.example".utf8) }, 400),
        (filter { $0.recipient = Array("corp.example".utf8) }, 0),
        (filter { $0.isOnlyFailed = true }, 100),
        (filter { $0.since = Sample.now + .seconds(300) }, 100),
        (
            filter {
                $0.account = Sample.account("app")
                $0.isOnlyFailed = true
            }, 25
        ),
    ]

    /// 400 events, one a second; every fourth of the account app, every fourth a failure, every second to b.
    private func fill(_ store: SQLiteQueueStore) async throws {
        for number in 0..<400 {
            let name: RelayEvent.Name = number / 4 % 4 == 0 ? .failed : .deferred
            var event = RelayEvent(
                name, at: Sample.now + .seconds(number), account: Sample.account(number % 4 == 0 ? "app" : "crm"),
                recipients: [Sample.mailbox(number % 2 == 0 ? "a@corp.example" : "b@corp.example")])
            event.attempt = number
            store.history.note(event)
        }
        await store.history.catchUp()
    }

    @Test("The last ones, and all of them from a time on, in the same order", arguments: filters)
    func both(filter: EventFilter, count: Int) async throws {
        let store = try Folder().store()
        try await fill(store)
        let last = try await store.history.recent(1000, matching: filter)
        #expect(last.count == count)
        #expect(last.map(\.time) == last.map(\.time).sorted())
        var found: [RelayEvent] = []
        var cursor: Int64?
        repeat {
            let stretch = try await store.history.events(after: cursor, matching: filter)
            found += stretch.events
            cursor = stretch.next
        } while cursor != nil
        #expect(found == last)
        #expect(try await store.history.recent(7, matching: filter) == last.suffix(7))
        #expect(try await store.history.recent(0, matching: filter).isEmpty)
        await store.close()
    }

    @Test("Long histories are read a stretch at a time")
    func stretches() async throws {
        let store = try Folder().store()
        for round in 0..<3 {
            for number in 0..<9000 {
                store.history.note(RelayEvent(.routePaused, at: Sample.now + .seconds(round * 9000 + number)))
            }
            await store.history.catchUp()
        }
        store.history.note(RelayEvent(.failed, at: Sample.now + .seconds(27_000), account: Sample.account("app")))
        var filter = EventFilter()
        filter.account = Sample.account("app")
        var stretches = 0
        var cursor: Int64?
        var found = 0
        repeat {
            let stretch = try await store.history.events(after: cursor, matching: filter)
            (found, cursor, stretches) = (found + stretch.events.count, stretch.next, stretches + 1)
        } while cursor != nil
        #expect((found, stretches) == (1, 3))
        // What is older than asked for is not looked at.
        filter.since = Sample.now + .seconds(26_500)
        filter.account = nil
        let late = try await store.history.events(after: nil, matching: filter)
        #expect(late.events.count == 501 && late.next == nil)
        #expect(try await store.history.recent(10_000, matching: filter).count == 501)
        await store.close()
    }
}
