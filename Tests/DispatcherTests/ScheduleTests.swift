@testable import Dispatcher
import MailModel
import Testing
import Upstream

@Suite struct RetryScheduleTests {
    /// As Amazon asks of every 4yz: 5 s, 10 s, 30 s, then 20 minutes (ses.md 4.4).
    @Test(arguments: [
        (-1, 0.5, 5_000), (0, 0.5, 5_000), (1, 0.5, 5_000), (2, 0.5, 10_000), (3, 0.5, 30_000), (4, 0.5, 1_200_000), (900, 0.5, 1_200_000),
        (Int.max, 0.5, 1_200_000), (1, 0.0, 4_000), (1, 1.0, 6_000), (4, 0.0, 960_000), (4, 1.0, 1_440_000), (1, -7.0, 4_000),
        (1, 9.0, 6_000),
    ])
    func delays(attempts: Int, spread: Double, milliseconds: Int) {
        let delay = RetrySchedule.delay(afterAttempts: attempts, spread: spread)
        #expect(abs((delay - .milliseconds(milliseconds)).components.attoseconds) < 1_000_000_000_000_000)
        #expect((delay - .milliseconds(milliseconds)).components.seconds == 0)
    }
}

@Suite struct RouteStateTests {
    private let start = ContinuousClock.now
    private let wall = Timestamp(seconds: 1_772_000_000)
    private let down = RouteTrouble.unreachable("connection refused")

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func isOpenAtFirst() { #expect(RouteState().permission(at: start) == .open) }

    @Test func probesAfterFiveSecondsAndThenEveryThirty() {
        var state = RouteState()
        let isNews = state.pause(down, at: start, wall: wall, wasProbe: false)
        #expect(isNews)
        #expect(state.permission(at: at(4)) == .closed(until: at(5)))
        var now = 5
        for round in 1...3 {
            #expect(state.permission(at: at(now)) == .probe)
            state.probeStarted()
            guard case .closed = state.permission(at: at(now)) else {
                Issue.record("a second probe beside the first")
                return
            }
            let isNewsAgain = state.pause(down, at: at(now + 1), wall: wall, wasProbe: true)
            #expect(!isNewsAgain)
            #expect(state.pause?.probesMade == round)
            #expect(state.permission(at: at(now + 30)) == .closed(until: at(now + 31)))
            now += 31
        }
        #expect(state.permission(at: at(now)) == .probe)
        state.probeStarted()
        let over = state.worked(wasProbe: true)
        #expect(over?.since == wall)
        #expect(state.permission(at: at(now)) == .open)
    }

    @Test func failuresTogetherMoveNothing() {
        var state = RouteState()
        let first = state.pause(down, at: start, wall: wall, wasProbe: false)
        let others = (1...9).map { state.pause(down, at: at($0), wall: wall, wasProbe: false) }
        #expect(first && !others.contains(true))
        #expect(state.permission(at: at(4)) == .closed(until: at(5)))
        #expect(state.pause?.probesMade == 0)
    }

    @Test func anotherKindIsNews() {
        var state = RouteState()
        _ = state.pause(down, at: start, wall: wall, wasProbe: false)
        let isNews = state.pause(.loginRefused("535 Authentication Credentials Invalid"), at: at(1), wall: wall, wasProbe: false)
        #expect(isNews)
        #expect(state.pause?.trouble.kind == "login_refused")
        #expect(state.pause?.since == wall)
    }

    @Test func onlyAProbeResumes() {
        var state = RouteState()
        _ = state.pause(down, at: start, wall: wall, wasProbe: false)
        let late = state.worked(wasProbe: false)
        #expect(late == nil && state.pause != nil)
    }

    @Test func aProbeWithoutVerdictLeavesTheProbeFree() {
        var state = RouteState()
        _ = state.pause(down, at: start, wall: wall, wasProbe: false)
        state.probeStarted()
        state.probeEnded()
        #expect(state.permission(at: at(6)) == .probe)
    }

    @Test func newCredentialsProbeAtOnce() {
        var state = RouteState()
        _ = state.pause(.loginRefused("535"), at: start, wall: wall, wasProbe: false)
        state.probeNow(at: at(1))
        #expect(state.permission(at: at(1)) == .probe)
        state.probeStarted()
        state.routeReplaced()
        #expect(state.permission(at: at(1)) == .probe)
    }

    /// Trouble of the rate is short, of the quota long.
    @Test(arguments: [
        (RouteTrouble.throttled(Reply(454, nil, "Throttling failure: Maximum sending rate exceeded.")), 0.3),
        (.quotaExceeded(Reply(454, nil, "Throttling failure: Daily message quota exceeded.")), 300),
        (.tooManyConnections(Reply(421, nil, "Too many concurrent SMTP connections")), 1),
        (.unreachable("down"), 5), (.loginRefused("535"), 5), (.accountRefused(Reply(554, nil, "Sending paused")), 5),
    ])
    func firstProbe(trouble: RouteTrouble, seconds: Double) {
        var state = RouteState()
        _ = state.pause(trouble, at: start, wall: wall, wasProbe: false)
        #expect(state.permission(at: start) == .closed(until: start + .seconds(seconds)))
        #expect(state.permission(at: start + .seconds(seconds)) == .probe)
    }
}

@Suite struct IdentityHoldsTests {
    private let start = ContinuousClock.now
    private let wall = Timestamp(seconds: 1_772_000_000)
    private let reply = Reply(554, nil, "Message rejected: Email address is not verified.")

    @Test func heldOnlyAtTheSecondDifferentMessage() throws {
        let (one, two) = (try #require(QueueID(1)), try #require(QueueID(2)))
        var holds = IdentityHolds()
        let first = holds.refused("a", message: one, reply: reply, at: start, wall: wall)
        let again = holds.refused("a", message: one, reply: reply, at: start, wall: wall)
        #expect(first == .waits && again == .waits && holds.held.isEmpty)
        let permitted = holds.permits("a", at: start)
        #expect(permitted)
        let second = holds.refused("a", message: two, reply: reply, at: start, wall: wall)
        #expect(second == .waitsAsIdentityIsHeld && holds.held.keys.sorted() == ["a"])
        let now = holds.permits("a", at: start)
        let other = holds.permits("b", at: start)
        #expect(!now && other)
        let probe = holds.permits("a", at: start + RouteState.probeInterval)
        let next = holds.permits("a", at: start + RouteState.probeInterval)
        #expect(probe && !next)
        let isOver = holds.worked("a")
        let isFree = holds.permits("a", at: start)
        #expect(isOver && isFree)
    }

    /// What is refused where others pass has one more chance, and then fails like other mail.
    @Test func ownFault() throws {
        let odd = try #require(QueueID(1))
        var holds = IdentityHolds()
        let first = holds.refused("a", message: odd, reply: reply, at: start, wall: wall)
        let othersPass = holds.worked("a")
        #expect(first == .waits && othersPass)
        let second = holds.refused("a", message: odd, reply: reply, at: start, wall: wall)
        #expect(second == .isOwnFault && holds.held.isEmpty)
        let isNews = holds.worked("a")
        #expect(!isNews, "a good message frees nothing: nothing was held")
        holds.forget()
        let afterReload = holds.refused("a", message: odd, reply: reply, at: start, wall: wall)
        #expect(afterReload == .waits)
    }

    @Test func forgets() throws {
        var holds = IdentityHolds()
        for number in 1...2 { _ = holds.refused("a", message: try #require(QueueID(Int64(number))), reply: reply, at: start, wall: wall) }
        holds.forget()
        let permits = holds.permits("a", at: start)
        #expect(permits && holds.held.isEmpty)
    }
}
