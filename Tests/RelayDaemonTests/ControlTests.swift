import ControlProtocol
import Glibc
import MailModel
import MailQueue
import Networking
@testable import RelayDaemon
@testable import SafeIO
import Synchronization
import Testing
import TestSupport

/// What stands behind a control socket, as a test wants it.
final class StubAnswers: ControlAnswering {
    private struct State {
        var requests: [ControlRequest] = []
        var followers: [Int: @Sendable (RelayEvent) -> Void] = [:]
    }
    private let state = Mutex(State())
    /// How many lines each answer has.
    let lines: Int
    let sent = Mutex(0)

    init(lines: Int = 1) { self.lines = lines }

    var requests: [ControlRequest] { state.withLock(\.requests) }
    var followers: Int { state.withLock(\.followers.count) }

    func answer(_ request: ControlRequest, send: @escaping ControlLineSender) async throws(ControlFailure) -> Int? {
        state.withLock { $0.requests.append(request) }
        if request.word == "fail" { throw ControlFailure(text: "no", code: 65) }
        for _ in 0..<lines {
            guard await send(Array(#"{"line":"\#(String(repeating: "x", count: 1000))"}"#.utf8)) else { break }
            sent.withLock { $0 += 1 }
        }
        return request.command.isOrder ? 7 : nil
    }

    func follow(_ send: @escaping @Sendable (RelayEvent) -> Void) -> @Sendable () -> Void {
        let number = state.withLock { state in
            state.followers[state.followers.count + 1] = send
            return state.followers.count
        }
        return { self.state.withLock { $0.followers[number] = nil } }
    }

    func emit(_ event: RelayEvent) {
        for follower in state.withLock({ Array($0.followers.values) }) { follower(event) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ControlSessionTests {
    private let workers = WorkerPool(count: 1)

    /// The other end of a session: what is written is one request, and the whole answer comes back.
    private func connect(_ answers: StubAnswers, mayOrder: Bool) async throws -> Peer {
        let (ours, theirs) = try ConnectedSocket.pair()
        let worker = workers.workers[0]
        worker.run {
            let session = ControlSession(socket: ours, worker: worker, answers: answers, mayOrder: mayOrder)
            session.assumeIsolated { $0.start() }
        }
        return try await Peer(theirs)
    }

    private func trailer(_ lines: [String]) throws -> ControlTrailer {
        try ControlCoding.decode(ControlTrailer.self, from: Array(try #require(lines.last).utf8))
    }

    @Test func answersEndWithATrailer() async throws {
        let answers = StubAnswers(lines: 3)
        let peer = try await connect(answers, mayOrder: false)
        await peer.send(try ControlCoding.encode(ControlRequest(.status)) + [10])
        let lines = await peer.linesToTheEnd()
        #expect(lines.count == 4)
        #expect(try trailer(lines) == ControlTrailer(end: true))
    }

    @Test func ordersNeedTheRight() async throws {
        let answers = StubAnswers(lines: 0)
        for command in [ControlRequest.Command.queueRetry, .queueHold, .queueRelease, .queueRemove, .reload] {
            let stranger = try await connect(answers, mayOrder: false)
            await stranger.send(try ControlCoding.encode(ControlRequest(command)) + [10])
            #expect(try trailer(await stranger.linesToTheEnd()).code == 77)
        }
        #expect(answers.requests.isEmpty)
        let root = try await connect(answers, mayOrder: true)
        await root.send(try ControlCoding.encode(ControlRequest(.reload)) + [10])
        #expect(try trailer(await root.linesToTheEnd()) == ControlTrailer(end: true, changed: 7))
    }

    /// A request cut at every octet is the same request.
    @Test func requestsComeInPieces() async throws {
        let answers = StubAnswers()
        let peer = try await connect(answers, mayOrder: false)
        for octet in try ControlCoding.encode(ControlRequest(.trace, word: "a@b.example")) + [10] { await peer.send([octet]) }
        #expect(await peer.linesToTheEnd().count == 2)
        #expect(answers.requests == [ControlRequest(.trace, word: "a@b.example")])
    }

    @Test(arguments: [
        "\n", "{}\n", "null\n", "[[[[[[\n", "\u{0}\u{1}\n", #"{"command":"explode"}"# + "\n", #"{"command":"status","count":1e999}"# + "\n",
        #"{"command":"status","count":"many"}"# + "\n",
    ])
    func nonsenseEndsOnlyItsOwnConnection(request: String) async throws {
        let answers = StubAnswers()
        let other = try await connect(answers, mayOrder: true)
        let peer = try await connect(answers, mayOrder: true)
        await peer.send(Array(request.utf8))
        #expect(try trailer(await peer.linesToTheEnd()).code == 65)
        await other.send(try ControlCoding.encode(ControlRequest(.status)) + [10])
        #expect(await other.linesToTheEnd().count == 2)
    }

    @Test func endlessRequestsAreCutOff() async throws {
        let answers = StubAnswers()
        let peer = try await connect(answers, mayOrder: true)
        await peer.send([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
        #expect(await peer.linesToTheEnd().isEmpty)
        #expect(answers.requests.isEmpty)
    }

    @Test func failuresSayWhy() async throws {
        let peer = try await connect(StubAnswers(), mayOrder: true)
        await peer.send(try ControlCoding.encode(ControlRequest(.trace, word: "fail")) + [10])
        #expect(try trailer(await peer.linesToTheEnd()) == ControlTrailer(error: "no", code: 65))
    }

    /// A listing longer than memory goes at the pace of whoever reads it, and ends when nobody does.
    @Test func longAnswersWaitForTheReader() async throws {
        let answers = StubAnswers(lines: 20_000)
        let peer = try await connect(answers, mayOrder: true)
        await peer.pause(true)
        await peer.send(try ControlCoding.encode(ControlRequest(.queueList)) + [10])
        try await until("the first lines") { answers.sent.withLock { $0 } > 100 }
        for _ in 0..<2000 { await Task.yield() }
        #expect(answers.sent.withLock { $0 } < 5000)
        await peer.pause(false)
        #expect(await peer.linesToTheEnd().count == 20_001)

        let gone = StubAnswers(lines: 20_000)
        let leaver = try await connect(gone, mayOrder: true)
        await leaver.pause(true)
        await leaver.send(try ControlCoding.encode(ControlRequest(.queueList)) + [10])
        try await until("the first lines") { gone.sent.withLock { $0 } > 100 }
        await leaver.hangUp()
        for _ in 0..<2000 { await Task.yield() }
        #expect(gone.sent.withLock { $0 } < 20_000)
    }

    @Test func followersHearEverythingAndSlowOnesAreCutOff() async throws {
        let answers = StubAnswers(lines: 2)
        let peer = try await connect(answers, mayOrder: false)
        let slow = try await connect(answers, mayOrder: false)
        await slow.pause(true)
        for one in [peer, slow] { await one.send(try ControlCoding.encode(ControlRequest(.tail, count: 2, follow: true)) + [10]) }
        try await until("the followers") { answers.followers == 2 }
        var event = RelayEvent(.deferred, at: Timestamp(seconds: 0))
        event.reply = String(repeating: "x", count: 1000)
        for _ in 0..<8000 {
            answers.emit(event)
            await Task.yield()
        }
        try await until("the slow one's end") { answers.followers == 1 }
        try await until("all lines") { await peer.lineCount == 8002 }
        await peer.hangUp()
        try await until("the other's end") { answers.followers == 0 }
    }
}

/// A client of the control socket.
actor Peer {
    nonisolated let worker = Worker()
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private var channel: Channel?
    private var received: [UInt8] = []
    private(set) var lineCount = 0
    private var isClosed = false
    private var waiting: CheckedContinuation<Void, Never>?

    init(_ socket: ConnectedSocket) async throws { try open(socket) }

    private func open(_ socket: ConnectedSocket) throws {
        let channel = try Channel(socket, worker: worker)
        channel.onEvent = { event in self.assumeIsolated { $0.take(event) } }
        self.channel = channel
    }

    private func take(_ event: Channel.Event) {
        switch event {
        case .input:
            guard let channel else { return }
            let octets = channel.withInput { Array($0) }
            channel.consume(octets.count)
            lineCount += octets.count { $0 == 10 }
            received += octets
        case .closed:
            isClosed = true
            channel = nil
        case .secured, .drained, .deadline: break
        }
        waiting?.resume()
        waiting = nil
    }

    func send(_ octets: [UInt8]) { channel?.send(octets) }
    func pause(_ isPaused: Bool) { channel?.isReading = !isPaused }
    func hangUp() { channel?.abort() }

    var text: String { String(decoding: received, as: UTF8.self) }

    func linesToTheEnd() async -> [String] {
        while !isClosed { await withCheckedContinuation { waiting = $0 } }
        return received.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct WatchdogTests {
    /// A datagram socket as systemd has one.
    final class Notifications: Sendable {
        let path = "/tmp/watchdog-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60)))"
        private let descriptor: Int32

        init() throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            let address = try UnixSocketAddress(path)
            let raw = descriptor
            try #require(address.withSystemAddress { bind(raw, $0, $1) } == 0)
        }

        deinit {
            close(descriptor)
            unlink(path)
        }

        /// How many beats have come since the last call.
        func take() -> Int { texts().count { $0 == "WATCHDOG=1" } }

        /// What has come since the last call.
        func texts() -> [String] {
            var texts: [String] = []
            var buffer = [UInt8](repeating: 0, count: 2048)
            while true {
                let size = recv(descriptor, &buffer, buffer.count, 0)
                if size <= 0 { return texts }
                texts.append(String(decoding: buffer[..<size], as: UTF8.self))
            }
        }

        var notifier: SystemdNotifier {
            SystemdNotifier { name in name == "NOTIFY_SOCKET" ? self.path : name == "WATCHDOG_USEC" ? "200000" : nil }
        }
    }

    @Test func beatsOnlyWhileEveryWorkerAndTheStoreAnswer() async throws {
        let notifications = try Notifications()
        let workers = WorkerPool(count: 2)
        let store = WatchedStore(MemoryQueueStore())
        let patience = Duration.milliseconds(300)
        let watchdog = try #require(
            Watchdog(notifier: notifications.notifier, workers: workers.workers, store: store, storagePatience: patience))
        try await until("beats") { notifications.take() > 0 }

        // One worker hangs.
        let lock = Hang()
        workers.workers[1].run { lock.wait() }
        #expect(await isSilent(notifications))
        lock.end()
        try await until("beats again") { notifications.take() > 0 }

        // The queue's writer is slow, and then hangs.
        store.stall()
        _ = notifications.take()
        let begin = ContinuousClock.now
        try await until("beats of slow storage") { notifications.take() > 0 }
        #expect(begin.duration(to: .now) < patience)
        try await until("the end of patience") { begin.duration(to: .now) > patience * 2 }
        _ = notifications.take()
        #expect(await isSilent(notifications))
        store.goOn()
        try await until("beats again") { notifications.take() > 0 }

        watchdog.stop()
        #expect(await isSilent(notifications))
    }

    @Test func isAbsentWithoutSystemd() {
        #expect(Watchdog(notifier: SystemdNotifier { _ in nil }, workers: [], store: MemoryQueueStore()) == nil)
    }

    /// Over many intervals. The one beat that was under way may still come, however late; there is never a second one with it.
    private func isSilent(_ notifications: Notifications) async -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(900)
        var count = 0
        while .now < deadline {
            count += notifications.take()
            await Task.yield()
        }
        return count <= 1
    }

    final class Hang: Sendable {
        private let isOver = Mutex(false)
        func end() { isOver.withLock { $0 = true } }
        func wait() { while !isOver.withLock({ $0 }) { usleep(1000) } }
    }
}

@Suite struct EventHubTests {
    @Test func countsTheLastSecondAndMinute() {
        var counter = SecondCounter()
        for second in Int64(100)..<200 { counter.add(3, at: second) }
        #expect(counter.totals(at: 200) == (3, 180))
        #expect(counter.totals(at: 201) == (0, 177))
        #expect(counter.totals(at: 1000) == (0, 0))
        counter.add(5, at: 1000)
        #expect(counter.totals(at: 1001) == (5, 5))
        // A clock that was set back.
        counter.add(1, at: 50)
        #expect(counter.totals(at: 51) == (1, 1))
        counter.add(1, at: -5)
        #expect(counter.totals(at: -4) == (1, 1))
    }

    @Test func plotsTheLastMinute() {
        var counter = SecondCounter()
        for second in Int64(100)..<200 { counter.add(Int(second), at: second) }
        #expect(counter.seconds(at: 200) == Array(140..<200))
        #expect(counter.seconds(at: 210) == Array(150..<200) + [Int](repeating: 0, count: 10))
        #expect(counter.seconds(at: 1000).allSatisfy { $0 == 0 })
        #expect(counter.seconds(at: -1000).count == 60)
    }

    @Test func keepsWhatConcernsNoMessageWithinBounds() {
        let hub = EventHub(log: Log(writer: LogWriter(descriptor: -1, format: .json, level: .critical), clock: { Timestamp(seconds: 0) }))
        let kept = Mutex<[RelayEvent.Name]>([])
        hub.keepLoose { event in kept.withLock { $0.append(event.name) } }
        hub.emit(RelayEvent(.accepted, at: Timestamp(seconds: 1), queueID: QueueID(1)))
        for _ in 0..<500 { hub.emit(RelayEvent(.loginRefused, at: Timestamp(seconds: 1))) }
        hub.emit(RelayEvent(.routePaused, at: Timestamp(seconds: 1)))
        #expect(kept.withLock { $0.count } == 121)
        hub.emit(RelayEvent(.refused, at: Timestamp(seconds: 61)))
        #expect(kept.withLock { $0.suffix(2) } == [.routePaused, .refused])
    }
}

/// Waits in real time for what happens on other queues.
func until(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !holds() {
        try #require(.now < deadline, "\(what) did not come about", sourceLocation: sourceLocation)
        await Task.yield()
    }
}
