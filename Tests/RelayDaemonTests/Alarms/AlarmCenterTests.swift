import MailModel
@testable import MailQueue
@testable import RelayDaemon
import SafeIO
import Synchronization
import Testing

/// A center whose clock and findings are a test's.
private final class Scene: Sendable {
    private struct State {
        var passed: Duration = .zero
        var facts = AlarmFacts()
        var told: [RelayEvent] = []
        var mails: [AlarmMail.Message] = []
        var isHanging = false
        var hanging: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    private let begin = ContinuousClock.now
    let wall = Timestamp(seconds: 1_800_000_000)

    func pass(_ duration: Duration) { state.withLock { $0.passed += duration } }
    func find(_ change: (inout AlarmFacts) -> Void) { state.withLock { change(&$0.facts) } }
    /// What was told since the last call.
    func take() -> [String] {
        state.withLock { state in
            defer { state.told = [] }
            return state.told.map { "\($0.name.rawValue) \($0.relay ?? "")" }
        }
    }
    func takeMails() -> [AlarmMail.Message] {
        state.withLock { state in
            defer { state.mails = [] }
            return state.mails
        }
    }

    func hang(_ isHanging: Bool) {
        let waiting = state.withLock { state in
            state.isHanging = isHanging
            defer { state.hanging = [] }
            return state.hanging
        }
        for one in waiting { one.resume() }
    }

    private func look() async -> AlarmFacts {
        if state.withLock({ $0.isHanging }) {
            await withCheckedContinuation { continuation in state.withLock { $0.hanging.append(continuation) } }
        }
        return state.withLock { state in
            state.facts.now = wall + state.passed
            return state.facts
        }
    }

    func center(receivers: AlarmCenter.Receivers? = nil, notifier: SystemdNotifier = SystemdNotifier { _ in nil }) -> AlarmCenter {
        let receivers = receivers ?? AlarmCenter.Receivers(mail: { message in self.state.withLock { $0.mails.append(message) } })
        return AlarmCenter(
            host: "relay.example.com", receivers: receivers, notifier: notifier,
            time: AlarmCenter.Time(
                now: { self.begin + self.state.withLock(\.passed) }, wall: { self.wall + self.state.withLock(\.passed) }),
            facts: { await self.look() }, tell: { event in self.state.withLock { $0.told.append(event) } })
    }
}

@Suite(.timeLimit(.minutes(1))) struct AlarmCenterTests {
    @Test func tellsAndTakesBack() async {
        let scene = Scene()
        let center = scene.center()
        await center.look()?.value
        #expect(scene.take() == [])
        scene.find { $0.pause = .init(trouble: .loginRefused("535 no"), since: scene.wall) }
        await center.look()?.value
        #expect(scene.take() == ["alarm route_paused"])
        #expect(center.alarms.map(\.condition.cause) == ["nothing leaves: 535 no"])
        // No mail about a route that is closed; afterwards one about all of it.
        #expect(scene.takeMails() == [])
        scene.pass(.seconds(70))
        scene.find { $0.pause = nil }
        await center.look()?.value
        #expect(scene.take() == ["alarm_cleared route_paused"])
        #expect(scene.takeMails().map(\.subject) == ["Alarm: route_paused on relay.example.com"])
        #expect(center.alarms.isEmpty)
    }

    @Test func mailAboutWhatLetsMailFlow() async {
        let scene = Scene()
        let center = scene.center()
        scene.find { $0.quarantined = 2 }
        await center.look()?.value
        #expect(scene.takeMails().map(\.subject) == ["Alarm: quarantined on relay.example.com"])
    }

    /// It leaves under another identity, if there is one.
    @Test(arguments: [(1, 0), (2, 1)]) func mailAboutAnIdentity(identities: Int, mails: Int) async {
        let scene = Scene()
        let center = scene.center()
        scene.find { facts in
            facts.identities = identities
            facts.holds = [.init(identity: "mail.example.com", reply: "554 not verified", since: scene.wall)]
        }
        await center.look()?.value
        #expect(scene.takeMails().count == mails)
        scene.find { $0.holds = [] }
        await center.look()?.value
        #expect(scene.takeMails().count == 1)
    }

    /// The operator's address refuses mail: each alarm by mail would become one more dead letter to tell of.
    @Test func noMailAboutMailThatFails() async {
        let scene = Scene()
        let center = scene.center()
        scene.find { $0.dead = 1 }
        await center.look()?.value
        #expect(scene.takeMails().count == 1)
        for number in 2..<10 {
            scene.pass(.seconds(1000))
            scene.find { ($0.dead, $0.isOperatorUnreachable) = (number, true) }
            await center.look()?.value
            #expect(scene.takeMails() == [])
        }
        #expect(scene.take().count == 9)
    }

    /// Storage that hangs is an alarm by its silence, and the alarms of before stay.
    @Test func silence() async throws {
        let scene = Scene()
        let center = scene.center()
        scene.find { $0.quarantined = 1 }
        await center.look()?.value
        scene.hang(true)
        let hanging = await center.look()
        for _ in 0..<5 {
            scene.pass(.seconds(5))
            await center.look()
        }
        #expect(scene.take() == ["alarm quarantined"])
        scene.pass(.seconds(5))
        await center.look()
        #expect(scene.take() == ["alarm storage_failed"])
        #expect(center.alarms.map(\.kind) == [.storageFailed, .quarantined])
        #expect(center.alarms.first?.condition.cause == "the queue's storage has not answered for 30 s")
        scene.pass(.seconds(5))
        scene.hang(false)
        await hanging?.value
        #expect(scene.take() == ["alarm_cleared storage_failed"])
    }

    @Test func systemdHearsChangesOnly() async throws {
        let notifications = try WatchdogTests.Notifications()
        let scene = Scene()
        let center = scene.center(notifier: notifications.notifier)
        for _ in 0..<3 { await center.look()?.value }
        #expect(notifications.texts() == ["STATUS=All is well"])
        scene.find { $0.pause = .init(trouble: .loginRefused("535 no"), since: scene.wall) }
        for _ in 0..<3 { await center.look()?.value }
        let text = notifications.texts()
        #expect(text.count == 1 && text[0].hasPrefix("STATUS=Alarm: nothing leaves: 535 no. To do: put valid SMTP credentials"))
    }

    /// An event is a look at once, not five seconds later.
    @Test func eventsAreLookedAtAtOnce() async throws {
        let scene = Scene()
        let center = scene.center()
        let running = Task { await center.run() }
        scene.find { $0.pause = .init(trouble: .loginRefused("535 no"), since: scene.wall) }
        let begin = ContinuousClock.now
        center.noticed(RelayEvent(.routePaused, at: scene.wall))
        try await until("the alarm") { !center.alarms.isEmpty }
        #expect(begin.duration(to: .now) < .seconds(4))
        running.cancel()
        await running.value
    }

    /// A receiver that never ends delays neither the log nor the next look.
    @Test func receiversAreApart() async throws {
        let scene = Scene()
        let log = Log(writer: LogWriter(descriptor: Pipe().writing, format: .text, level: .critical), clock: { Timestamp(seconds: 0) })
        let commands = Mutex(0)
        let gate = Gate()
        await gate.enter()
        let receivers = AlarmCenter.Receivers(
            webhook: AlarmOutbox(name: "alarm.url", log: log) { _ in
                await gate.enter()
                gate.leave()
                return nil
            },
            command: AlarmOutbox(name: "alarm.command", log: log) { _ in
                commands.withLock { $0 += 1 }
                return .init(text: "no", isLasting: true)
            }, mail: nil)
        let center = scene.center(receivers: receivers)
        scene.find { $0.quarantined = 1 }
        await center.look()?.value
        scene.find { $0.quarantined = 0 }
        await center.look()?.value
        #expect(scene.take() == ["alarm quarantined", "alarm_cleared quarantined"])
        try await until("a command") { commands.withLock { $0 } >= 1 }
        gate.leave()
    }
}
