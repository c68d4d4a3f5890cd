import Dispatcher
import MailModel
import MailQueue
import Testing
import TestSupport
import Upstream

/// Messages whose headers are made anew while mail flows: never changed while they are sent, and never sent as they were before.
@Suite(.timeLimit(.minutes(1))) struct ReservingTests {
    private static let new = Array("Subject: new\r\n\r\n".utf8)

    private func replacement(_ message: QueuedMessage) -> HeaderReplacement {
        let original = KeptOriginal(
            header: message.header, reversePath: .null, bodyRepair: 0, bodyHash: [], helloName: [], client: nil, transfer: "ESMTP",
            generation: "new")
        return HeaderReplacement(
            message.id, before: message.header, header: Self.new, reversePath: message.reversePath, facts: message.facts,
            original: EncodedOriginal(original, of: message.id), events: [])
    }

    @Test func whatIsBeingSentIsNotReserved() async throws {
        let bench = Bench(ScriptedRoute(capacity: 2))
        bench.route.block()
        await bench.dispatcher.start()
        let messages = try (1...6).map { try bench.message($0) }
        for message in messages { try await bench.submit(message) }
        try await bench.until("two under way") { bench.route.underWay == 2 }
        let underWay = Set(bench.route.ids)
        let reserved = await bench.dispatcher.reserve(messages.map(\.id))
        #expect(reserved == Set(messages.map(\.id)).subtracting(underWay))
        #expect(await bench.dispatcher.reserve(messages.map(\.id)).isEmpty, "nobody else gets them")
        #expect(try await bench.store.replace(messages.filter { reserved.contains($0.id) }.map(replacement)) == reserved)
        bench.route.unblock()
        try await bench.until("the two") { bench.memory.messages.count == 4 }
        try await bench.quiet()
        #expect(bench.route.ids.count == 2, "the others are kept")
        await bench.dispatcher.letGo(reserved)
        try await bench.until("the others") { bench.memory.messages.isEmpty }
        #expect(bench.route.ids.count == 6 && Set(bench.route.ids).count == 6)
        for delivery in bench.route.deliveries {
            #expect((delivery.message.header == Self.new) == reserved.contains(delivery.message.id))
        }
    }

    /// From memory, from the store, before and after their turn: what was reserved leaves with its new header, once.
    @Test(arguments: [1, 4]) func backAndForthWhileMailFlows(capacity: Int) async throws {
        let bench = Bench(ScriptedRoute(capacity: capacity))
        try await bench.queue(try (1...300).map { try bench.message($0, account: "a\($0 % 3)") })
        await bench.dispatcher.start()
        var replaced: Set<QueueID> = []
        var next = 301
        while bench.memory.messages.count > 20 {
            let ids = bench.memory.messages.shuffled().prefix(16).map(\.id)
            let reserved = await bench.dispatcher.reserve(Array(ids))
            let found = bench.memory.messages.filter { reserved.contains($0.id) && $0.header != Self.new }
            replaced.formUnion(try await bench.store.replace(found.map(replacement)))
            if next % 3 == 0 { await bench.dispatcher.lookAgain() }
            if next < 400 { try await bench.submit(try bench.message(next)) }
            next += 1
            await bench.dispatcher.letGo(reserved)
            await Task.yield()
        }
        try await bench.until("an empty queue") { bench.memory.messages.isEmpty }
        #expect(Set(bench.route.ids).count == bench.route.ids.count)
        for delivery in bench.route.deliveries {
            #expect((delivery.message.header == Self.new) == replaced.contains(delivery.message.id))
        }
        #expect(await bench.dispatcher.status().ready == 0)
    }

    /// One that may have ended the process is set aside like any other, and nobody waits for it meanwhile.
    @Test func aSuspectIsSetAside() async throws {
        let bench = Bench()
        let suspect = try bench.message(1)
        try await bench.queue([suspect])
        bench.memory.setCrashes(2, of: suspect.id)
        let reserved = await bench.dispatcher.reserve([suspect.id])
        #expect(reserved == [suspect.id])
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(2))
        try await bench.until("the other") { bench.route.ids.count == 1 }
        await bench.dispatcher.letGo(reserved)
        try await bench.until("both") { bench.memory.messages.isEmpty }
    }

    @Test func whatIsBeingCommittedIsNotReserved() async throws {
        let bench = Bench()
        let message = try bench.message(1)
        bench.dispatcher.expect(message.id)
        try await bench.memory.commit(message)
        #expect(await bench.dispatcher.reserve([message.id]).isEmpty)
        await bench.dispatcher.start()
        bench.dispatcher.accepted(message)
        try await bench.until("its way") { bench.memory.messages.isEmpty }
    }
}
