@testable import Dispatcher
import MailModel
import MailQueue
import Synchronization
import Testing
import TestSupport
import Upstream

/// Messages that must not take others with them, and time that must not be counted.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    // MARK: One recipient is at fault

    /// SES refuses a whole message for the sake of one recipient: the others get it all the same, at once.
    @Test func aRefusalOfAllIsTracedToTheOne() async throws {
        let bench = Bench(
            ScriptedRoute { delivery, number in
                delivery.recipients.contains(5)
                    ? ScriptedRoute.refuseTogether(delivery) : ScriptedRoute.relay(delivery, number)
            })
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 8))
        try await bench.until { bench.events.names.count { $0 == .relayed } == 7 }
        #expect(bench.memory.messages.isEmpty)
        #expect(bench.events.all.filter { $0.name == .failed }.map { "\($0.recipients[0])" } == ["r5@example.net"])
        #expect(bench.route.deliveries.map(\.recipients) == [Array(0...7), [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]])
    }

    /// What is wrong with the message itself is wrong for everybody.
    @Test(arguments: [
        "Transaction failed: Duplicate header 'From'.", "Transaction failed: Missing start boundary", "Message is too long.",
        "Transaction failed: Invalid domain name: 'x'.",
    ])
    func aFaultOfTheMessageIsNotSearchedFor(text: String) async throws {
        let bench = Bench(ScriptedRoute { delivery, _ in ScriptedRoute.refuseTogether(delivery, text) })
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 8))
        try await bench.until { bench.memory.messages.isEmpty }
        try await bench.until { bench.events.names.count { $0 == .failed } == 8 }
        #expect(bench.route.deliveries.count == 1)
    }

    /// A stop between the refusal of all and the search for the one: nobody has failed, and the next start goes on.
    @Test func aStopInTheMiddleFailsNobody() async throws {
        let bench = Bench(ScriptedRoute { delivery, _ in ScriptedRoute.refuseTogether(delivery) })
        bench.route.block()
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 8))
        try await bench.until { bench.route.underWay == 1 }
        let stopping = Task { await bench.dispatcher.stop() }
        try await bench.until { await bench.dispatcher.isStopping }
        bench.route.unblock()
        await stopping.value
        #expect(bench.route.deliveries.count == 1 && !bench.events.names.contains(.failed))
        #expect(bench.memory.messages.first?.waitingRecipients.count == 8)
    }

    // MARK: One message is at fault

    /// SES denies one sender of a good identity: that message fails in time like any other, and does not circle while the others leave.
    @Test func aMessageThatAloneIsDeniedExpires() async throws {
        let odd = try #require(QueueID(1))
        let bench = Bench(
            ScriptedRoute { delivery, number in
                delivery.message.id == odd
                    ? .identityRefused(Reply(554, nil, "Access denied: not authorized"), relay: "ses")
                    : ScriptedRoute.relay(delivery, number)
            }, lifetime: .seconds(60))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.events.names.contains(.deferred) }
        for number in 2...20 { try await bench.submit(try bench.message(number)) }
        try await bench.until { bench.memory.messages.count == 1 }
        try await bench.quiet()
        #expect(bench.route.ids.count { $0 == odd } <= 2, "one more chance, not one for each that passes")
        for _ in 0..<10 where !bench.memory.messages.isEmpty {
            bench.time.advance(by: .seconds(36))
            try await bench.quiet()
        }
        #expect(bench.events.names.last == .expired && bench.memory.messages.isEmpty)
    }

    @Test func whatMayHaveEndedTheProcessRunsAlone() async throws {
        let bench = Bench()
        try await bench.queue(try (1...6).map { try bench.message($0) })
        bench.memory.setCrashes(2, of: try #require(QueueID(3)))
        bench.memory.setCrashes(1, of: try #require(QueueID(4)))
        bench.route.block()
        await bench.dispatcher.start()
        try await bench.until { bench.route.underWay == 1 }
        try await bench.quiet(running: 1)
        #expect(bench.route.ids == [QueueID(3)] && bench.memory.underWay == [QueueID(3)])
        bench.route.unblock()
        try await bench.until { bench.memory.messages.isEmpty }
        try await bench.until("no mark") { bench.memory.underWay.isEmpty }
    }

    // MARK: Time

    /// Two weeks of outage are not the message's: it is not given up when the route comes back.
    @Test func outagesDoNotAge() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("down"))), lifetime: .seconds(3600))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { await bench.dispatcher.status().pause != nil }
        for _ in 0..<14 {
            try await bench.quiet()
            bench.time.advance(by: .seconds(86_400))
        }
        bench.route.follow(ScriptedRoute.answer(.deferred(.reply(Reply(451, nil, "Later")))))
        for attempt in 1...6 {
            bench.time.advance(by: .seconds(36))
            try await bench.until { bench.events.names.count { $0 == .deferred } == min(attempt, 4) }
            try await bench.quiet()
        }
        #expect(!bench.events.names.contains(.expired))
    }

    /// A login code is worth nothing after a quarter of an hour: its last attempt is made then, and not after the next twenty minutes.
    @Test func aShortLifetimeIsKept() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.answer(.deferred(.reply(Reply(451, nil, "Later"))))))
        var settings = DispatcherSettings(lifetime: .seconds(4 * 86_400))
        settings.lifetimes = [try #require(AccountName("app")): .seconds(900)]
        await bench.dispatcher.change(settings: settings, route: nil)
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        while !bench.memory.messages.isEmpty {
            try await bench.quiet()
            if bench.memory.messages.isEmpty { break }
            bench.time.advance(by: .seconds(10))
            try #require(bench.time.elapsed < .seconds(1200))
        }
        try await bench.until { bench.events.names.last == .expired }
        #expect(bench.time.elapsed >= .seconds(900) && bench.time.elapsed <= .seconds(930))
    }

    // MARK: Quota and fairness

    @Test func theDailyQuotaIsKept() async throws {
        let bench = Bench()
        var settings = DispatcherSettings(lifetime: .seconds(4 * 86_400))
        settings.dailyQuota = 5
        await bench.dispatcher.change(settings: settings, route: nil)
        await bench.dispatcher.start()
        for number in 1...8 { try await bench.submit(try bench.message(number)) }
        try await bench.until { bench.events.names.contains(.routePaused) }
        try await bench.quiet()
        #expect(bench.route.ids.count == 5)
        #expect(await bench.dispatcher.status().quotaUsedUpUntil != nil)
        bench.time.advance(by: .seconds(86_400 + 900))
        try await bench.until { bench.memory.messages.isEmpty }
    }

    /// Many recipients share a transaction: the last one is cut to what is left.
    @Test func theDailyQuotaCutsATransaction() async throws {
        let bench = Bench()
        var settings = DispatcherSettings(lifetime: .seconds(4 * 86_400))
        settings.dailyQuota = 5
        await bench.dispatcher.change(settings: settings, route: nil)
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 20))
        try await bench.until { await bench.dispatcher.status().quotaUsedUpUntil != nil }
        try await bench.quiet()
        #expect(bench.route.deliveries.map(\.recipients.count) == [5])
        // The limit falls: what waits leaves, and time counts again.
        settings.dailyQuota = nil
        await bench.dispatcher.change(settings: settings, route: nil)
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(await bench.dispatcher.status().quotaUsedUpUntil == nil)
        let before = bench.memory.serviceClock.now()
        bench.time.advance(by: .seconds(10))
        #expect(bench.memory.serviceClock.now() - before == .seconds(10))
    }

    /// Under a rate, no more than a second's worth is under way, and another account's message is next.
    @Test func aNewMessageDoesNotWaitBehindABacklog() async throws {
        let bench = Bench(ScriptedRoute(capacity: 10, sendingLimit: 4))
        bench.route.block()
        await bench.dispatcher.start()
        try await bench.queue(try (1...2000).map { try bench.message($0, account: "bulk", recipients: 10) })
        await bench.dispatcher.lookAgain()
        try await bench.until { bench.route.underWay == 2 }
        try await bench.quiet(running: 2)
        #expect(bench.route.deliveries.allSatisfy { $0.recipients.count == 2 }, "half a second's worth each")
        try await bench.submit(try bench.message(5000, account: "login"))
        try await bench.quiet(running: 2)
        bench.route.unblock()
        try await bench.until { bench.route.ids.contains(QueueID(5000) ?? bench.route.ids[0]) }
        #expect(bench.route.ids.firstIndex { $0 == QueueID(5000) }.map { $0 <= 4 } == true)
        await bench.dispatcher.stop()
    }

    /// A backlog of one account, however long, does not hide what another has in the store.
    @Test func noAccountHidesAnother() async throws {
        let bench = Bench()
        bench.route.block()
        try await bench.queue(try (1...3000).map { try bench.message($0, account: "bulk") })
        try await bench.queue([try bench.message(9000, account: "shop")])
        await bench.dispatcher.start()
        try await bench.until { await bench.dispatcher.status().ready > 100 }
        bench.route.unblock()
        try await bench.until { bench.route.ids.contains(QueueID(9000) ?? bench.route.ids[0]) }
        #expect(bench.route.ids.firstIndex { $0 == QueueID(9000) }.map { $0 < 20 } == true)
        try await bench.until("an empty queue") { bench.store.records == 3001 }
    }
}
