import Dispatcher
import MailModel
import MailQueue
import Testing
import TestSupport
import Upstream

/// The dispatcher as a whole, from submission's hand to the store's record.
@Suite(.timeLimit(.minutes(1))) struct DeliveryTests {
    private let refused = Reply(554, nil, "Transaction failed: Missing start boundary")

    // MARK: Once, and only once

    @Test func relaysFromMemoryWithoutAskingTheStore() async throws {
        let bench = Bench()
        await bench.dispatcher.start()
        for number in 1...20 { try await bench.submit(try bench.message(number)) }
        try await bench.until { bench.events.names.count == 20 }
        #expect(bench.memory.messages.isEmpty)
        #expect(bench.route.ids.count == 20 && Set(bench.route.ids).count == 20)
        #expect(bench.store.loads == 0)
        #expect(bench.events.names == [RelayEvent.Name](repeating: .relayed, count: 20))
        #expect(bench.events.all.allSatisfy { $0.dsn == "2.0.0" && $0.relay == "ses" && $0.sesID != nil })
    }

    /// The store shows a message before its submission has heard of it: it must not be taken from there too.
    @Test func neverFromMemoryAndFromTheStore() async throws {
        let bench = Bench(ScriptedRoute(capacity: 8))
        await bench.dispatcher.start()
        for number in 1...200 {
            let message = try bench.message(number)
            bench.dispatcher.expect(message.id)
            try await bench.memory.commit(message)
            await bench.dispatcher.lookAgain()
            if number % 3 == 0 { await Task.yield() }
            bench.dispatcher.accepted(message)
            if number % 2 == 0 { await bench.dispatcher.lookAgain() }
        }
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.route.ids.count == 200)
        #expect(Set(bench.route.ids).count == 200)
    }

    @Test func tenThousandFromTheStoreInBoundedMemory() async throws {
        let bench = Bench(ScriptedRoute(capacity: 10))
        try await bench.queue((1...10_000).map { try bench.message($0, account: "a\($0 % 3)", size: 1) })
        await bench.dispatcher.start()
        var most = 0
        try await bench.until("an empty queue") {
            most = max(most, await bench.dispatcher.status().ready)
            return bench.store.records == 10_000
        }
        #expect(bench.memory.messages.isEmpty)
        #expect(most <= 2000)
        #expect(bench.route.ids.count == 10_000 && Set(bench.route.ids).count == 10_000)
        #expect(bench.route.mostUnderWay <= 10)
        // A page for every 500, and a few that only find what is in memory already.
        #expect(bench.store.dueCalls < 200, "\(bench.store.dueCalls)")
    }

    /// More comes in than may wait in memory: the store has the rest, and nothing is lost or doubled.
    @Test func overflowGoesThroughTheStore() async throws {
        let bench = Bench(memoryBudget: 10_000)
        bench.route.block()
        await bench.dispatcher.start()
        let messages = try (1...3000).map { try bench.message($0) }
        for message in messages { bench.dispatcher.expect(message.id) }
        try await bench.queue(messages)
        for message in messages { bench.dispatcher.accepted(message) }
        try await bench.until { await bench.dispatcher.status().ready >= 500 }
        bench.route.unblock()
        try await bench.until("an empty queue") { bench.store.records == 3000 }
        #expect(bench.memory.messages.isEmpty)
        #expect(bench.route.ids.count == 3000 && Set(bench.route.ids).count == 3000)
    }

    // MARK: No spinning, no lost alarms

    @Test func doesNotSpinWhileADueMessageIsUnderWay() async throws {
        let bench = Bench()
        bench.route.block()
        try await bench.queue([try bench.message(1)])
        await bench.dispatcher.start()
        try await bench.until { bench.route.underWay == 1 }
        for _ in 0..<50 {
            await bench.dispatcher.lookAgain()
            for _ in 0..<20 { await Task.yield() }
        }
        try await bench.quiet(running: 1)
        // For each look: one page, and one question for what comes later.
        #expect(bench.store.dueCalls <= 2 * 51, "the queue is read again and again")
        bench.route.unblock()
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.route.ids.count == 1)
    }

    @Test func readsAgainWhenWhatIsDeferredBecomesDue() async throws {
        let bench = Bench()
        try await bench.queue(try [10, 3600, 40].enumerated().map { try bench.message($0.offset + 1, in: .seconds($0.element)) })
        await bench.dispatcher.start()
        try await bench.until { bench.time.nextAlarm == .seconds(10) }
        for (wait, count) in [(9, 0), (1, 1), (29, 1), (1, 2), (3559, 2), (1, 3)] {
            bench.time.advance(by: .seconds(wait))
            try await bench.until { bench.route.ids.count >= count }
            try await bench.quiet()
            #expect(bench.route.ids.count == count, "after \(wait) s more")
        }
        try await bench.quiet()
        #expect(bench.memory.messages.isEmpty)
    }

    /// A message that is deferred while an earlier alarm is about to ring does not push that alarm away.
    @Test func aLaterAlarmNeverReplacesAnEarlierOne() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.answer(.deferred(.connection("reset")))))
        for number in 1...50 { try await bench.queue([try bench.message(number, in: .milliseconds(number * 100))]) }
        await bench.dispatcher.start()
        for number in 1...50 {
            try await bench.until { bench.time.sleeperCount > 0 }
            bench.time.advance(by: .milliseconds(100))
            try await bench.until("message \(number)") { bench.route.ids.contains(QueueID(Int64(number)) ?? bench.route.ids[0]) }
        }
    }

    @Test func followsTheScheduleUntilItExpires() async throws {
        let bench = Bench(
            ScriptedRoute(ScriptedRoute.answer(.deferred(.reply(Reply(451, nil, "Temporary service failure"))))), lifetime: .seconds(3600))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.events.names == [.deferred] }
        for (attempt, range) in [(2, 4.0...6.0), (3, 8.0...12.0), (4, 24.0...36.0), (5, 960.0...1440.0)] {
            try await bench.until { bench.time.nextAlarm != nil }
            let wait = try #require(bench.time.nextAlarm) - bench.time.elapsed
            #expect(
                range.contains(Double(wait.components.seconds) + 0.5) || range.contains(Double(wait.components.seconds)),
                "\(attempt): \(wait)")
            bench.time.advance(by: wait)
            try await bench.until { bench.events.names.count == attempt }
        }
        while bench.memory.messages.count == 1 {
            try await bench.until { bench.time.nextAlarm != nil }
            let count = bench.events.names.count
            bench.time.advance(by: .seconds(1440))
            try await bench.until { bench.events.names.count > count }
            try await bench.quiet()
        }
        #expect(bench.events.names.last == .expired)
        #expect(bench.events.names.dropLast().allSatisfy { $0 == .deferred })
        #expect(bench.events.all.last?.dsn == "5.4.7")
        #expect(bench.time.elapsed >= .seconds(3600))
    }

    /// However old it is when the outage ends, it gets its attempts.
    @Test func oldMessagesGetTheirAttempts() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.answer(.deferred(.reply(Reply(451, nil, "Later"))))))
        try await bench.queue([try bench.message(1)])
        bench.time.advance(by: .seconds(30 * 86_400))
        await bench.dispatcher.start()
        for attempt in 1...4 {
            try await bench.until { bench.events.names.count == attempt }
            try await bench.quiet()
            bench.time.advance(by: .seconds(60))
        }
        #expect(bench.events.names == [.deferred, .deferred, .deferred, .expired])
    }

    // MARK: Outcomes

    @Test func outcomesAreEachRecipientsOwn() async throws {
        let bench = Bench(
            ScriptedRoute { delivery, _ in
                .outcomes(
                    delivery.recipients.map { index in
                        switch index {
                        case 0: RecipientOutcome(recipient: 0, outcome: .relayed(Reply(250, nil, "Ok 0102abcdef"), sesID: "0102abcdef"))
                        case 1: RecipientOutcome(recipient: 1, outcome: .failed(Reply(550, StatusDetail(1, 1), "No")))
                        default: RecipientOutcome(recipient: index, outcome: .deferred(.reply(Reply(451, nil, "Later"))))
                        }
                    }, relay: "ses[192.0.2.1]:587")
            })
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 3))
        try await bench.until { bench.events.names.count == 3 }
        #expect(bench.events.names == [.relayed, .failed, .deferred])
        #expect(bench.events.all.map(\.dsn) == ["2.0.0", "5.1.1", "4.0.0"])
        try await bench.quiet()
        bench.time.advance(by: .seconds(6))
        try await bench.until { bench.route.deliveries.count == 2 }
        #expect(bench.route.deliveries[1].recipients == [2])
        let status = await bench.dispatcher.status()
        #expect(status.relayed == 1 && status.failed == 1)
        #expect(status.lastError?.text == "451 Later")
    }

    /// An operator makes the other recipients due while one is being attempted: they follow as soon as that has ended.
    @Test func whatBecomesDueDuringAnAttemptFollowsIt() async throws {
        let bench = Bench()
        var message = try bench.message(1, recipients: 2)
        message.recipients[1].nextAttempt = bench.time.wall + .seconds(3600)
        try await bench.queue([message])
        bench.route.block()
        await bench.dispatcher.start()
        try await bench.until { bench.route.underWay == 1 }
        _ = try await bench.memory.makeDue(.all, at: bench.time.wall)
        await bench.dispatcher.lookAgain()
        try await bench.quiet(running: 1)
        bench.route.unblock()
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.route.deliveries.map(\.recipients) == [[0], [1]])
    }

    @Test func moreThanFiftyRecipientsAreSplit() async throws {
        let bench = Bench()
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 120))
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.route.deliveries.map(\.recipients.count) == [50, 50, 20])
        #expect(bench.route.deliveries.flatMap(\.recipients) == Array(0..<120))
    }

    /// The route breaks between two transactions of a message: those that are done are never sent again.
    @Test func troubleInTheMiddleKeepsWhatIsDone() async throws {
        let bench = Bench(
            ScriptedRoute { delivery, number in
                number == 2
                    ? .routeTrouble(.throttled(Reply(454, nil, "Throttling failure: Maximum sending rate exceeded.")), relay: "ses")
                    : ScriptedRoute.relay(delivery, number)
            })
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 120))
        try await bench.until { bench.events.names.count(where: { $0 == .relayed }) == 50 }
        try await bench.quiet()
        #expect(bench.memory.messages.first?.recipients.filter { $0.state == .waiting }.map(\.attempts).max() == 0)
        bench.time.advance(by: .seconds(1))
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.route.deliveries.map(\.recipients.first) == [0, 50, 50, 100])
    }

    /// The outcome is slow to be stored and the pause over meanwhile: the message still gets its next turn.
    @Test func slowStorageDoesNotStrandAPartlyTriedMessage() async throws {
        let bench = Bench(
            ScriptedRoute { delivery, number in
                switch number {
                case 1: ScriptedRoute.refuseTogether(delivery)
                case 3: .routeTrouble(.throttled(Reply(454, nil, "Throttling failure")), relay: "ses")
                default: ScriptedRoute.relay(delivery, number)
                }
            })
        bench.store.stall()
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 2))
        try await bench.until { bench.events.names.contains(.routePaused) }
        for _ in 0..<5 {
            bench.time.advance(by: .seconds(2))
            for _ in 0..<100 { await Task.yield() }
        }
        bench.store.goOn()
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.route.deliveries.map(\.recipients) == [[0, 1], [0], [1], [1]])
    }

    /// A reload in the middle of a message changes neither its route nor the size of its transactions.
    @Test func aReloadDoesNotSendTwice() async throws {
        let bench = Bench(ScriptedRoute(recipientsPerTransaction: 10))
        bench.route.block()
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 40))
        try await bench.until { bench.route.underWay == 1 }
        let other = ScriptedRoute(recipientsPerTransaction: 50)
        await bench.dispatcher.change(settings: DispatcherSettings(lifetime: .seconds(3600)), route: other)
        bench.route.unblock()
        try await bench.until { bench.memory.messages.isEmpty }
        let all = bench.route.deliveries.flatMap(\.recipients) + other.deliveries.flatMap(\.recipients)
        #expect(all.sorted() == Array(0..<40))
        try await bench.until { bench.route.isClosed }
    }

    /// After five attempts in doubt a person decides; the copies would go on for ever.
    @Test func holdsWhatIsInDoubtTooOften() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.answer(.inDoubt("no answer to the final dot"))))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        for attempt in 1...5 {
            try await bench.until { bench.route.ids.count == attempt }
            try await bench.quiet()
            bench.time.advance(by: .seconds(1500))
        }
        try await bench.quiet()
        #expect(bench.route.ids.count == 5)
        #expect(bench.events.names == [RelayEvent.Name](repeating: .inDoubt, count: 5))
        let id = try #require(QueueID(1))
        let entry = try await bench.memory.entry(id)
        #expect(entry.state == .held && entry.note.contains("fairlead queue release"))
    }
}

extension ManualTime {
    /// Since the start.
    var elapsed: Duration { wall - Self.wallStart }
}
