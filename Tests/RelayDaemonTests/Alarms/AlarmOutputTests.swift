import ControlProtocol
import Cryptography
import Glibc
import MailModel
import Networking
@testable import RelayDaemon
import SafeIO
@testable import Settings
import Synchronization
import Testing

/// A notice as the book would make it.
func notice(_ kind: AlarmKind = .routePaused, _ subject: String = "", cleared: Duration? = nil) -> AlarmNotice {
    let condition = AlarmCondition(kind, subject, cause: "nothing leaves: 535 \"no\" ", cure: "put valid credentials there")
    let alarm = Alarm(condition: condition, since: Timestamp(seconds: 1_800_000_000))
    return AlarmNotice(
        change: AlarmChange(state: cleared.map { .cleared(after: $0) } ?? .raised, alarm: alarm), host: "relay.example.com",
        time: Timestamp(seconds: 1_800_000_060))
}

/// What a webhook's receiver got, and what it answers.
private final class Receiver: Sendable {
    private let listener: Listener
    private let state = Mutex<[[UInt8]]>([])
    var port: UInt16 { listener.localAddress.port }
    /// The requests so far.
    var requests: [String] { state.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }

    /// - Parameter answer: to each request, when its body is complete; `nil`: none, ever.
    init(tls: TLSContext? = nil, answer: @escaping @Sendable (Int) -> String?) throws {
        let box = Box()
        listener = try Listener(address: try Installation.loopback(0), workers: WorkerPool(count: 1)) { socket, worker in
            guard let channel = try? Channel(socket, worker: worker) else { return }
            if let tls { try? channel.startTLS(server: tls) }
            channel.onEvent = { event in
                guard case .input = event else { return }
                let text = channel.withInput { String(decoding: $0, as: UTF8.self) }
                guard text.hasSuffix("}") else { return }
                channel.consume(text.utf8.count)
                if let answer = answer(box.take(text)) {
                    channel.send(Array(answer.utf8))
                    channel.close()
                }
            }
        }
        box.receiver.withLock { $0 = self }
        listener.start()
    }

    private final class Box: Sendable {
        let receiver = Mutex<Receiver?>(nil)
        func take(_ text: String) -> Int {
            receiver.withLock { receiver in
                receiver?.state.withLock { $0.append(Array(text.utf8)) }
                return receiver?.requests.count ?? 0
            }
        }
    }

    func stop() async { await listener.stop() }
}

@Suite(.timeLimit(.minutes(1))) struct WebhookTests {
    private let worker = Worker()

    private func webhook(_ text: String) throws -> Webhook {
        var webhook = Webhook(address: try WebAddress.parse(text), worker: worker)
        webhook.pauses = [.milliseconds(1), .milliseconds(1)]
        webhook.deadline = .milliseconds(500)
        return webhook
    }

    private static func answer(_ code: Int) -> String { "HTTP/1.1 \(code) Something\r\nContent-Length: 2\r\n\r\nok" }

    @Test func postsOneObject() async throws {
        let receiver = try Receiver { _ in Self.answer(200) }
        #expect(try await webhook("http://127.0.0.1:\(receiver.port)/hooks/a?b=c").deliver(notice()) == nil)
        let request = try #require(receiver.requests.first)
        let parts = request.split(separator: "\r\n\r\n", maxSplits: 1)
        let head = parts[0].split(separator: "\r\n")
        #expect(head.first == "POST /hooks/a?b=c HTTP/1.1")
        #expect(head.contains("Host: 127.0.0.1:\(receiver.port)"))
        #expect(head.contains("Content-Type: application/json"))
        #expect(head.contains("Content-Length: \(parts[1].utf8.count)"))
        let body = try ControlCoding.decode([String: String].self, from: Array(parts[1].utf8))
        #expect(
            body == [
                "text": "relay.example.com: route_paused: nothing leaves: 535 \"no\" . To do: put valid credentials there.",
                "kind": "route_paused", "state": "raised", "cause": "nothing leaves: 535 \"no\" ", "cure": "put valid credentials there",
                "host": "relay.example.com", "since": "2027-01-15T08:00:00.000Z", "time": "2027-01-15T08:01:00.000Z",
            ])
        #expect(receiver.requests.count == 1)
        await receiver.stop()
    }

    /// What is said of its end, and how often it was tried.
    @Test(
        arguments: [
            (200, nil, 1), (204, nil, 1), (302, "somewhere else", 1), (404, "HTTP 404; correct alarm.url", 1), (500, "HTTP 500", 3),
            (429, "HTTP 429", 3),
        ] as [(Int, String?, Int)])
    func answers(code: Int, failure: String?, tries: Int) async throws {
        let receiver = try Receiver { _ in Self.answer(code) }
        let end = try await webhook("http://127.0.0.1:\(receiver.port)/").deliver(notice())
        #expect(end == nil ? failure == nil : end?.text.contains(failure ?? "-") == true, "\(end?.text ?? "nil")")
        #expect(receiver.requests.count == tries)
        await receiver.stop()
    }

    @Test func triesAgain() async throws {
        let receiver = try Receiver { Self.answer($0 < 3 ? 503 : 200) }
        #expect(try await webhook("http://127.0.0.1:\(receiver.port)/").deliver(notice()) == nil)
        #expect(receiver.requests.count == 3)
        await receiver.stop()
    }

    @Test(arguments: ["", "\r\n", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1\r\n", "HTTP/1.1 xyz\r\n", String(repeating: "x", count: 100_000)])
    func nonsense(answer: String) async throws {
        let receiver = try Receiver { _ in answer }
        #expect(try await webhook("http://127.0.0.1:\(receiver.port)/").deliver(notice()) != nil)
        await receiver.stop()
    }

    @Test func neverAnswers() async throws {
        let receiver = try Receiver { _ in nil }
        let begin = ContinuousClock.now
        let end = try await webhook("http://127.0.0.1:\(receiver.port)/").deliver(notice())
        #expect(end?.text.contains("no answer in time") == true)
        #expect(begin.duration(to: .now) < .seconds(10))
        await receiver.stop()
    }

    @Test func refuses() async throws {
        let port = try await Installation.freePort()
        #expect(try await webhook("http://127.0.0.1:\(port)/").deliver(notice())?.text.contains("Connection refused") == true)
    }

    /// The certificate must be trusted and carry the name.
    @Test(arguments: [("localhost", true, true), ("127.0.0.1", true, false), ("localhost", false, false)])
    func secure(name: String, isTrusted: Bool, isDelivered: Bool) async throws {
        let (certificate, key) = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 1)
        let path = "/tmp/webhook-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60))).pem"
        try WholeFile.replace(path, with: certificate, mode: 0o600)
        defer { unlink(path) }
        let receiver = try Receiver(tls: try TLSContext.server(certificateChainPEM: certificate, privateKeyPEM: key)) { _ in
            Self.answer(200)
        }
        var webhook = try webhook("https://\(name):\(receiver.port)/x")
        webhook.deadline = .seconds(5)
        if isTrusted { webhook.trust = .file(path: path) }
        #expect((await webhook.deliver(notice()) == nil) == isDelivered)
        #expect(receiver.requests.count == (isDelivered ? 1 : 0))
        await receiver.stop()
    }
}

@Suite(.timeLimit(.minutes(1))) struct AlarmCommandTests {
    private func script(_ body: String, mode: UInt32 = 0o700) throws -> String {
        let path = "/tmp/alarm-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60)))"
        try WholeFile.replace(path, with: Array("#!/bin/sh\n\(body)\n".utf8), mode: mode)
        return path
    }

    @Test func environmentAndInput() async throws {
        setenv("FAIRLEAD_TEST_SECRET", "secret", 1)
        let path = try script("env > $0.env; cat > $0.json; ls -l /proc/self/fd > $0.fd; ps -o pgid= -p $$ > $0.group; echo $$ > $0.pid")
        defer { for end in ["", ".env", ".json", ".fd", ".group", ".pid"] { unlink(path + end) } }
        #expect(await AlarmCommand(path: path).deliver(notice(.accountDaily80, "crm", cleared: .seconds(61))) == nil)
        func read(_ end: String) throws -> String { String(decoding: try WholeFile.read(path + end), as: UTF8.self) }
        let variables = Set(try read(".env").split(separator: "\n").map(String.init))
        for wanted in [
            "FAIRLEAD_ALARM_KIND=account_daily_80", "FAIRLEAD_ALARM_STATE=cleared", "FAIRLEAD_ALARM_SUBJECT=crm",
            "FAIRLEAD_ALARM_CAUSE=nothing leaves: 535 \"no\" ", "FAIRLEAD_ALARM_CURE=put valid credentials there",
            "FAIRLEAD_ALARM_HOST=relay.example.com",
        ] {
            #expect(variables.contains(wanted))
        }
        #expect(!variables.contains { $0.hasPrefix("FAIRLEAD_TEST") })
        struct Body: Decodable {
            let kind: String
            let state: String
            let duration: Int
        }
        let body = try ControlCoding.decode(Body.self, from: Array(try read(".json").utf8))
        #expect((body.kind, body.state, body.duration) == ("account_daily_80", "cleared", 61))
        // Standard input, output, error, and what `ls` opened.
        #expect(try read(".fd").split(separator: "\n").count { $0.contains(" -> ") } == 4)
        #expect(try read(".group").filter(\.isNumber) == read(".pid").filter(\.isNumber))
    }

    @Test(
        arguments: [
            ("exit 0", 0o700, nil), ("exit 3", 0o700, "exit status 3"), ("kill -9 $$", 0o700, "signal 9"),
            ("exit 0", 0o600, "Permission denied"),
        ] as [(String, UInt32, String?)])
    func endings(body: String, mode: UInt32, failure: String?) async throws {
        let path = try script(body, mode: mode)
        defer { unlink(path) }
        let end = await AlarmCommand(path: path).deliver(notice())
        #expect(end == nil ? failure == nil : end?.contains(failure ?? "-") == true, "\(end ?? "nil")")
    }

    @Test func missing() async { #expect(await AlarmCommand(path: "/nowhere").deliver(notice())?.contains("No such file") == true) }

    /// It and what it started are gone after its time.
    @Test func hangs() async throws {
        let path = try script("sleep 600 & echo $! > $0.pid; sleep 600")
        defer { for end in ["", ".pid"] { unlink(path + end) } }
        let end = await AlarmCommand(path: path, timeLimit: .milliseconds(300)).deliver(notice())
        #expect(end?.contains("killed") == true)
        let child = try #require(Int32(String(decoding: try WholeFile.read(path + ".pid"), as: UTF8.self).filter(\.isNumber)))
        try await until("the child's end") {
            // Gone, or a zombie that its new parent has not yet looked at.
            let state = (try? WholeFile.read("/proc/\(child)/stat")).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return state.isEmpty || state.contains(") Z")
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct AlarmOutboxTests {
    /// One at a time, the latest of each alarm, bounded.
    @Test func coalesces() async throws {
        let gate = Gate()
        let delivered = Mutex<[AlarmNotice]>([])
        let log = Log(writer: LogWriter(descriptor: Pipe().writing, format: .text, level: .critical), clock: { Timestamp(seconds: 0) })
        let outbox = AlarmOutbox(name: "test", log: log) { notice in
            delivered.withLock { $0.append(notice) }
            await gate.enter()
            gate.leave()
            return .init(text: "no", isLasting: true)
        }
        await gate.enter()
        outbox.add([notice(.spaceLow)])
        try await until("the first") { delivered.withLock { $0.count } == 1 }
        for number in 0..<200 { outbox.add([notice(.accountDaily80, "\(number)")]) }
        outbox.add([notice(.routePaused)])
        outbox.add([notice(.routePaused, cleared: .seconds(5))])
        gate.leave()
        try await until("the rest") { delivered.withLock { $0.count } == 1 + AlarmOutbox.limit }
        #expect(delivered.withLock { $0.last } == notice(.routePaused, cleared: .seconds(5)))
        #expect(delivered.withLock { $0.count { $0.key.kind == .routePaused } } == 1)
    }
}

@Suite(.timeLimit(.minutes(1))) struct AlarmRetryTests {
    /// The network is back: what it kept from being told is told, but not what is over by then.
    @Test func triesAgain() async throws {
        let gate = Gate()
        let delivered = Mutex<[AlarmNotice]>([])
        let isUp = Mutex(false)
        let log = Log(writer: LogWriter(descriptor: Pipe().writing, format: .text, level: .critical), clock: { Timestamp(seconds: 0) })
        let outbox = AlarmOutbox(
            name: "test", log: log,
            pause: {
                await gate.enter(); gate.leave()
            }
        ) { notice in
            delivered.withLock { $0.append(notice) }
            return isUp.withLock { $0 } ? nil : .init(text: "no route", isLasting: false)
        }
        await gate.enter()
        outbox.add([notice(.routePaused), notice(.spaceLow)])
        try await until("both") { delivered.withLock { $0.count } == 2 }
        isUp.withLock { $0 = true }
        outbox.add([notice(.routePaused, cleared: .seconds(5))])
        try await until("the end") { delivered.withLock { $0.count } == 3 }
        gate.leave()
        try await until("the other one") { delivered.withLock { $0.count } == 4 }
        #expect(delivered.withLock { $0.suffix(2) } == [notice(.routePaused, cleared: .seconds(5)), notice(.spaceLow)])
    }
}

@Suite struct AlarmMailTests {
    @Test func waitsUntilMailFlows() {
        var mail = AlarmMail()
        #expect(mail.add([], canLeave: true) == nil)
        #expect(mail.add([notice()], canLeave: false) == nil)
        #expect(mail.add([notice(.spaceLow)], canLeave: false) == nil)
        let message = mail.add([notice(cleared: .seconds(60))], canLeave: true)
        #expect(message?.subject == "Alarm: route_paused, space_low on relay.example.com")
        #expect(message?.text.contains("over after 1 min") == true)
        #expect(mail.add([], canLeave: true) == nil)
        #expect(mail.add([notice(cleared: .seconds(60))], canLeave: true)?.subject == "Over: route_paused on relay.example.com")
        for _ in 0..<1000 { _ = mail.add([notice()], canLeave: false) }
        #expect(mail.add([], canLeave: true)?.text.contains("950 more") == true)
    }
}
