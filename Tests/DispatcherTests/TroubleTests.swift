import Dispatcher
import MailModel
import MailQueue
import Testing
import TestSupport
import Upstream

/// What is not the message's fault: the route, the identities, the storage, operators and the end.
@Suite(.timeLimit(.minutes(1))) struct TroubleTests {
    private let unverified = Reply(
        554, nil,
        "Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b.example")

    // MARK: The route

    @Test func aPausedRouteKeepsEverythingAndProbesOneAtATime() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("connection refused"))))
        await bench.dispatcher.start()
        for number in 1...10 { try await bench.submit(try bench.message(number)) }
        try await bench.until { await bench.dispatcher.status().pause != nil }
        try await bench.quiet()
        let first = bench.route.ids.count
        #expect(first <= 4)
        bench.time.advance(by: .seconds(5))
        try await bench.until { bench.route.ids.count > first }
        try await bench.quiet()
        #expect(bench.route.ids.count == first + 1, "one probe")
        #expect(bench.memory.messages.allSatisfy { $0.recipients.allSatisfy { $0.attempts == 0 } })
        #expect(bench.events.names == [.routePaused])
        bench.route.follow(ScriptedRoute.relay)
        bench.time.advance(by: .seconds(29))
        try await bench.quiet()
        #expect(bench.route.ids.count == first + 1)
        bench.time.advance(by: .seconds(1))
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.events.names.prefix(2) == [.routePaused, .routeResumed])
        let status = await bench.dispatcher.status()
        #expect(status.pause == nil && status.lastError?.text == "connection refused")
    }

    @Test func newCredentialsAreTriedAtOnce() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.loginRefused("535 Authentication Credentials Invalid"))))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { await bench.dispatcher.status().pause != nil }
        try await bench.quiet()
        let good = ScriptedRoute()
        await bench.dispatcher.change(settings: DispatcherSettings(lifetime: .seconds(3600)), route: good)
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(good.ids.count == 1)
    }

    /// The old route's probe hangs in a connect: the new one is not kept waiting for it, and its late failure does not pause the new one.
    @Test func aHangingProbeOfTheOldRouteDoesNotHoldUpTheNew() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("timed out"))))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { await bench.dispatcher.status().pause != nil }
        try await bench.submit(try bench.message(2))
        try await bench.quiet()
        bench.route.block()
        bench.time.advance(by: .seconds(5))
        try await bench.until { bench.route.underWay == 1 }
        let good = ScriptedRoute()
        await bench.dispatcher.change(settings: DispatcherSettings(lifetime: .seconds(3600)), route: good)
        try await bench.until { good.ids.count == 1 }
        try await bench.until { await bench.dispatcher.status().pause == nil }
        bench.route.unblock()
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(good.ids.count == 2)
        #expect(bench.events.names.count { $0 == .routePaused } == 1)
    }

    /// What is due cannot be loaded while the route waits for its probe: no hot loop, and the probe goes to the next that can.
    @Test(arguments: [QueueError.storageUnhealthy("EIO"), .notFound(QueueIDs.one), .damaged(QueueIDs.one, "checksum")])
    func aProbeThatCannotBeLoaded(error: QueueError) async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("down"))))
        try await bench.queue([try bench.message(1)])
        await bench.dispatcher.start()
        try await bench.until { await bench.dispatcher.status().pause != nil }
        try await bench.quiet()
        bench.store.failLoads(with: error)
        bench.route.follow(ScriptedRoute.relay)
        bench.time.advance(by: .seconds(5))
        try await bench.until { bench.store.loads >= 2 }
        let (loads, reads) = (bench.store.loads, bench.store.dueCalls)
        for _ in 0..<1000 { _ = await bench.dispatcher.status() }
        #expect(bench.store.loads - loads <= 2 && bench.store.dueCalls - reads <= 4, "a hot loop")
        #expect(await bench.dispatcher.status().pause != nil, "nothing was attempted, so nothing is known")
        bench.store.failLoads(with: nil)
        try await bench.submit(try bench.message(2))
        try await bench.until { await bench.dispatcher.status().pause == nil }
        #expect(bench.route.ids.last == QueueID(2))
    }

    /// Storage that fails to read is asked again after a while.
    @Test func whatCouldNotBeLoadedIsTriedAgain() async throws {
        let bench = Bench()
        try await bench.queue([try bench.message(1)])
        bench.store.failLoads(with: .storageUnhealthy("EIO"))
        await bench.dispatcher.start()
        try await bench.until { bench.store.loads == 1 }
        try await bench.quiet()
        #expect(await bench.dispatcher.status().lastError?.text.contains("EIO") == true)
        bench.store.failLoads(with: nil)
        bench.time.advance(by: .seconds(5))
        try await bench.until { bench.memory.messages.isEmpty }
    }

    /// Steps of the wall clock neither stop mail nor hurry it.
    @Test(arguments: [-3600, 3600, -86_400 * 365, 86_400 * 3650]) func aSetWallClockChangesNothing(step: Int) async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.answer(.deferred(.reply(Reply(451, nil, "Later"))))), lifetime: .seconds(86_400))
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.route.ids.count == 1 }
        try await bench.quiet()
        bench.time.shiftWall(by: .seconds(step))
        bench.time.advance(by: .seconds(3))
        try await bench.quiet()
        #expect(bench.route.ids.count == 1, "not before its time")
        for attempt in 2...5 {
            bench.time.advance(by: .seconds(attempt == 5 ? 1440 : 36))
            try await bench.until { bench.route.ids.count == attempt }
            try await bench.quiet()
        }
        #expect(!bench.events.names.contains(.expired))
        bench.route.follow(ScriptedRoute.relay)
        try await bench.submit(try bench.message(2))
        try await bench.until("new mail") { bench.events.names.last == .relayed }
    }

    // MARK: Identities

    @Test func oneRefusedIdentityWaitsAloneTwoHoldIt() async throws {
        let reply = unverified
        let bench = Bench(
            ScriptedRoute(capacity: 1) { delivery, number in
                delivery.message.facts.identity == "bad.example"
                    ? .identityRefused(reply, relay: "ses") : ScriptedRoute.relay(delivery, number)
            })
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, identity: "bad.example"))
        try await bench.until { bench.events.names == [.deferred] }
        #expect(await bench.dispatcher.status().heldIdentities.isEmpty)
        try await bench.submit(try bench.message(2, identity: "bad.example"))
        try await bench.until { await bench.dispatcher.status().heldIdentities.keys.sorted() == ["bad.example"] }
        try await bench.submit(try bench.message(3, identity: "bad.example"))
        try await bench.submit(try bench.message(4))
        try await bench.until { bench.events.names.contains(.relayed) }
        try await bench.quiet()
        #expect(bench.route.ids.map(\.value) == [1, 2, 4], "the third was not even tried")
        #expect(bench.memory.messages.count == 3)
        #expect(bench.memory.messages.allSatisfy { $0.recipients.allSatisfy { $0.attempts == 0 && $0.state == .waiting } })
        #expect(bench.events.names.count { $0 == .routePaused } == 1)
        #expect(await bench.dispatcher.status().lastError?.text == reply.oneLine, "SES's words, not ours")

        bench.route.follow(ScriptedRoute.relay)
        for _ in 0..<4 {
            bench.time.advance(by: .seconds(300))
            try await bench.quiet()
        }
        #expect(bench.memory.messages.isEmpty)
        #expect(await bench.dispatcher.status().heldIdentities.isEmpty)
    }

    /// Round after round of waiting is told once.
    @Test func waitingForAHeldIdentityIsNotRepeated() async throws {
        let reply = unverified
        let bench = Bench(ScriptedRoute(capacity: 1) { _, _ in .identityRefused(reply, relay: "ses") })
        await bench.dispatcher.start()
        for number in 1...20 { try await bench.submit(try bench.message(number)) }
        for _ in 0..<6 {
            try await bench.quiet()
            bench.time.advance(by: .seconds(300))
        }
        try await bench.quiet()
        // Each tells when it begins to wait, and whenever SES answered again: one probe each round.
        #expect(bench.events.names.count { $0 == .deferred } <= 20 + 2 * 7 + 2, "\(bench.events.names.count)")
    }

    /// The probe's message was not attempted, since its identity is held: that opens nothing.
    @Test func aHeldIdentityDoesNotOpenThePausedRoute() async throws {
        let reply = unverified
        let bench = Bench(ScriptedRoute(capacity: 1) { _, _ in .identityRefused(reply, relay: "ses") })
        await bench.dispatcher.start()
        for number in 1...2 { try await bench.submit(try bench.message(number, identity: "bad.example")) }
        try await bench.until { await bench.dispatcher.status().heldIdentities.count == 1 }
        bench.route.follow(ScriptedRoute.trouble(.unreachable("down")))
        bench.route.block()
        try await bench.submit(try bench.message(3, account: "other"))
        try await bench.until { bench.route.underWay == 1 }
        // Next in turn, and so the first probe.
        try await bench.submit(try bench.message(4, identity: "bad.example"))
        try await bench.quiet(running: 1)
        bench.route.unblock()
        try await bench.until { await bench.dispatcher.status().pause != nil }
        try await bench.quiet()
        let count = bench.route.ids.count
        bench.time.advance(by: .seconds(5))
        try await bench.until { bench.route.ids.count > count }
        try await bench.quiet()
        #expect(bench.route.ids.last?.value == 3)
        #expect(await bench.dispatcher.status().pause != nil)
        #expect(!bench.events.names.contains(.routeResumed))
    }

    // MARK: The storage

    @Test func whatIsNotWrittenDownIsNotSentAgain() async throws {
        let bench = Bench()
        await bench.dispatcher.start()
        bench.route.block()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.route.underWay == 1 }
        bench.memory.fail(with: .storageUnhealthy("EIO"))
        bench.route.unblock()
        try await bench.until { await bench.dispatcher.status().lastError?.text.contains("not yet written") == true }
        for _ in 0..<20 {
            await bench.dispatcher.lookAgain()
            bench.time.advance(by: .seconds(1))
            for _ in 0..<50 { await Task.yield() }
        }
        try await bench.quiet()
        #expect(bench.route.ids.count == 1)
        bench.memory.fail(with: nil)
        bench.time.advance(by: .seconds(1))
        try await bench.until { bench.memory.messages.isEmpty }
        #expect(bench.events.names == [.relayed])
    }

    @Test func anUnreadableBodyWaitsWithoutAnAttempt() async throws {
        let bench = Bench(
            ScriptedRoute(recipientsPerTransaction: 1) { delivery, number in
                number == 1 ? ScriptedRoute.relay(delivery, number) : .unreadable("cannot open the body: EMFILE")
            })
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1, recipients: 3))
        try await bench.until { bench.events.names.count == 3 }
        #expect(bench.events.names == [.relayed, .deferred, .deferred])
        #expect(bench.memory.messages.first?.recipients.map(\.state) == [.relayed, .waiting, .waiting])
        #expect(bench.memory.messages.first?.recipients.map(\.attempts) == [1, 0, 0])
    }

    // MARK: Operators

    @Test func whatIsRemovedOrHeldIsNotSentFromMemory() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("down"))))
        await bench.dispatcher.start()
        for number in 1...3 { try await bench.submit(try bench.message(number)) }
        try await bench.until { await bench.dispatcher.status().pause != nil }
        try await bench.quiet()
        _ = try await bench.memory.remove(QueueFilter(ids: [try #require(QueueID(1))])) { _ in [] }
        _ = try await bench.memory.hold(QueueFilter(ids: [try #require(QueueID(2))]), note: "")
        await bench.dispatcher.forgetCopies()
        bench.route.follow(ScriptedRoute.relay)
        bench.time.advance(by: .seconds(30))
        try await bench.until { bench.memory.messages.count == 1 }
        try await bench.quiet()
        #expect(bench.memory.messages.map(\.id.value) == [2])
        let sent = bench.events.all.filter { $0.name == .relayed }.compactMap(\.queueID?.value)
        #expect(sent == [3])
    }

    /// Removed while an attempt hangs: when that attempt fails, the copy it had is not what is tried next.
    @Test func whatIsRemovedDuringAnAttemptIsNotSentAfterIt() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("timed out"))))
        bench.route.block()
        await bench.dispatcher.start()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.route.underWay == 1 }
        _ = try await bench.memory.remove(.all) { _ in [] }
        await bench.dispatcher.forgetCopies()
        bench.route.unblock()
        try await bench.until { await bench.dispatcher.status().pause != nil }
        bench.route.follow(ScriptedRoute.relay)
        bench.time.advance(by: .seconds(60))
        try await bench.quiet()
        #expect(bench.route.ids.count == 1)
    }

    // MARK: The end

    @Test func stopsAtOnceWhenNothingRuns() async throws {
        let bench = Bench()
        await bench.dispatcher.start()
        await bench.dispatcher.stop()
        #expect(bench.route.isClosed)
    }

    @Test func stopsWithAPausedRoute() async throws {
        let bench = Bench(ScriptedRoute(ScriptedRoute.trouble(.unreachable("down"))))
        await bench.dispatcher.start()
        for number in 1...5 { try await bench.submit(try bench.message(number)) }
        try await bench.until { await bench.dispatcher.status().pause != nil }
        await bench.dispatcher.stop()
        #expect(bench.memory.messages.count == 5)
    }

    @Test func stopWaitsForAttemptsAndTheirOutcomes() async throws {
        let bench = Bench()
        bench.route.block()
        bench.store.stall()
        await bench.dispatcher.start()
        for number in 1...3 { try await bench.submit(try bench.message(number, recipients: 60)) }
        try await bench.until { bench.route.underWay == 3 }
        let stopped = Task { await bench.dispatcher.stop() }
        for _ in 0..<100 { await Task.yield() }
        #expect(!bench.route.isClosed)
        bench.route.unblock()
        try await bench.until { bench.store.underWay == 3 }
        #expect(!bench.route.isClosed)
        bench.store.goOn()
        await stopped.value
        // The transactions under way, and no further ones.
        #expect(bench.route.deliveries.count == 3)
        #expect(bench.memory.messages.allSatisfy { $0.recipients.count { $0.state == .relayed } == 50 })
    }

    @Test func stopWritesWhatTheStorageRefused() async throws {
        let bench = Bench()
        await bench.dispatcher.start()
        bench.route.block()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.route.underWay == 1 }
        bench.memory.fail(with: .outOfSpace)
        bench.route.unblock()
        try await bench.until { await bench.dispatcher.status().lastError?.text.contains("not yet written") == true }
        let stopped = Task { await bench.dispatcher.stop() }
        try await bench.until { bench.time.sleeperCount > 0 }
        bench.memory.fail(with: nil)
        bench.time.advance(by: .seconds(1))
        await stopped.value
        #expect(bench.memory.messages.isEmpty)
    }

    @Test func stopDoesNotWaitForStorageForEver() async throws {
        let bench = Bench()
        await bench.dispatcher.start()
        bench.route.block()
        try await bench.submit(try bench.message(1))
        try await bench.until { bench.route.underWay == 1 }
        bench.memory.fail(with: .storageUnhealthy("EIO"))
        bench.route.unblock()
        let stopped = Task { await bench.dispatcher.stop() }
        try await bench.until {
            if bench.time.sleeperCount > 0 { bench.time.advance(by: .seconds(1)) }
            return bench.route.isClosed
        }
        await stopped.value
        #expect(bench.memory.messages.count == 1)
    }
}

enum QueueIDs {
    static let one: QueueID = {
        guard let id = QueueID(1) else { fatalError("1 is an id") }
        return id
    }()
}
