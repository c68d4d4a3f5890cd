import Cryptography
import DKIM
import Glibc
import Intake
import MailModel
import MailQueue
import Networking
import Rewriting
import SafeIO
@testable import Submission
import Synchronization
import Testing

/// What ends a session, or what it may do: stopping, a removed account, failed logins.
@Suite("Ends of sessions", .timeLimit(.minutes(1)))
struct EndingTests {
    @Test("Stopping does not wait for a client that never ends its message")
    func slowMessage() async throws {
        let bench = try Bench()
        let client = try await bench.client()
        try await client.logIn()
        try await client.beginMessage()
        client.send("Subject: slow\r\n")
        let start = ContinuousClock.now
        await bench.service.drain(patience: .milliseconds(200))
        #expect(start.duration(to: .now) < .seconds(20))
        try await client.expect("421")
    }

    @Test("Stopping does not wait for a client that never ends its handshake")
    func slowHandshake() async throws {
        let bench = try Bench()
        _ = try await bench.client(startingTLS: false)
        let start = ContinuousClock.now
        await bench.service.drain(patience: .seconds(50))
        #expect(start.duration(to: .now) < .seconds(10))
    }

    @Test("A message that ends while the service stops is stored and answered")
    func lastMessage() async throws {
        let bench = try Bench()
        let client = try await bench.client()
        try await client.logIn()
        try await client.beginMessage()
        async let drained: Void = bench.service.drain(patience: .seconds(30))
        try await Task.sleep(for: .milliseconds(100))
        client.send("From: a@mail.example.com\r\n\r\nlast\r\n.\r\n")
        try await client.expect("250")
        try await client.expect("421")
        await drained
        #expect(try await bench.store.statistics().total.messages == 1)
    }

    @Test("An account that is removed while its message arrives gets no 250")
    func revokedInTheMiddle() async throws {
        let bench = try Bench()
        let client = try await bench.client()
        try await client.logIn()
        try await client.beginMessage()
        client.send("From: a@mail.example.com\r\n")
        try await Task.sleep(for: .milliseconds(100))
        bench.service.change(try bench.settings(accounts: []))
        client.send("\r\nhello\r\n.\r\n")
        try await client.expect("530")
        #expect(try await bench.store.statistics().total.messages == 0)
    }

    @Test("A wrong password counts, also when its client does not wait for the answer")
    func hangingUp() async throws {
        let bench = try Bench()
        for _ in 0..<4 {
            let client = try await bench.client()
            client.send("EHLO client.example\r\n")
            try await client.expect("250 HELP")
            client.send("AUTH PLAIN \(Bench.plain(password: "wrong"))\r\n")
            client.hangUp()
        }
        while bench.events.count(of: .loginRefused) < 4 { try await Task.sleep(for: .milliseconds(20)) }
        let network = try #require(SocketAddress(parsing: "127.0.0.1:1")).networkPrefix
        let verdict = bench.service.throttle.verdict(network: network, account: nil, at: .now)
        #expect(verdict != .check(delayIfWrong: .zero))
    }
}

/// A service behind a TLS port of this machine.
private final class Bench: Sendable {
    let service: SubmissionService
    let store = MemoryQueueStore()
    let events = Events()
    private let certificate: (certificatePEM: [UInt8], privateKeyPEM: [UInt8])
    private let workers = WorkerPool(count: 2)
    private let listener: Listener
    private let account: Account
    private let key: RSAPrivateKey
    /// What clients trust.
    private let trustFile: String

    static func plain(password: String) -> String { String(decoding: Base64.encode(Array("\0crm\0\(password)".utf8)), as: UTF8.self) }

    init() throws {
        certificate = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 2)
        key = try RSAPrivateKey.generate()
        var template = Array("/tmp/fairlead-submission-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        trustFile = "\(folder)/trust.pem"
        try WholeFile.replace(trustFile, with: certificate.certificatePEM, mode: 0o600)
        account = Account(name: AccountName("crm")!, passwordHash: try PasswordHash.make(Array("right".utf8)))
        let settings = try Self.settings(accounts: [account], certificate, key)
        let ids = Mutex(QueueIDGenerator(floor: nil))
        let service = SubmissionService(
            settings: settings, store: store, ids: { ids.withLock { $0.next(now: Timestamp(seconds: 1_800_000_000), random: 1) } },
            verifier: try PasswordVerifier(concurrency: 2), events: events,
            clock: { Timestamp(seconds: 1_800_000_000) }, next: Nobody())
        self.service = service
        listener = try Listener(address: #require(SocketAddress(parsing: "127.0.0.1:0")), workers: workers) { socket, worker in
            service.serve(socket, on: worker, policy: ListenerPolicy(.implicitTLS))
        }
        listener.start()
    }

    deinit {
        unlink(trustFile)
        rmdir(String(trustFile.dropLast("/trust.pem".count)))
    }

    func settings(accounts: [Account]) throws -> SubmissionSettings { try Self.settings(accounts: accounts, certificate, key) }

    private static func settings(
        accounts: [Account], _ certificate: (certificatePEM: [UInt8], privateKeyPEM: [UInt8]), _ key: RSAPrivateKey
    ) throws -> SubmissionSettings {
        let domain = try Domain(Array("mail.example.com".utf8))
        let sender = try Mailbox(parsing: Array("no-reply@mail.example.com".utf8))
        let intake = IntakeSettings(
            hostname: domain, rules: RewriteRules(identities: [Identity(.domain(domain), defaultSender: sender)]),
            signers: [HeaderSigner(domain: domain, selector: Selector("s")!, key: RSASigningKey(key))])
        return SubmissionSettings(
            hostname: "mail.example.com",
            tls: try .server(certificateChainPEM: certificate.certificatePEM, privateKeyPEM: certificate.privateKeyPEM),
            accounts: AccountDirectory(accounts), intake: intake, postmaster: sender, maximumMessageSize: 1 << 20, maximumRecipients: 10,
            connections: 100, connectionsPerNetwork: 100)
    }

    func client(startingTLS: Bool = true) async throws -> DialogueClient {
        let worker = workers.next()
        let socket = try await Connector.connect(
            host: "127.0.0.1", port: listener.localAddress.port, timeout: .seconds(10), worker: worker)
        let context = try TLSContext.client(trust: .file(path: trustFile))
        let client = DialogueClient(socket, worker)
        await client.open(startingTLS ? context : nil)
        if startingTLS { try await client.expect("220") }
        return client
    }
}

private struct Nobody: AcceptedMail {
    func expect(_ id: QueueID) {}
    func accepted(_ message: QueuedMessage) {}
    func withdrawn(_ id: QueueID) {}
}

private final class Events: EventSink {
    private let names = Mutex<[RelayEvent.Name]>([])

    func emit(_ event: RelayEvent) { names.withLock { $0.append(event.name) } }

    func count(of name: RelayEvent.Name) -> Int { names.withLock { $0.count { $0 == name } } }
}

private struct Silence: Error { let heard: String }

private actor DialogueClient {
    private let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private let socket: ConnectedSocket
    private var channel: Channel?
    private var heard = ""

    init(_ socket: ConnectedSocket, _ worker: Worker) {
        self.socket = socket
        self.worker = worker
    }

    func open(_ context: TLSContext?) {
        guard let channel = try? Channel(socket, worker: worker) else { return }
        self.channel = channel
        channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
        if let context { try? channel.startTLS(client: context, serverName: "localhost") }
    }

    private func handle(_ event: Channel.Event) {
        guard case .input = event, let channel else { return }
        heard += channel.withInput { String(decoding: $0, as: UTF8.self) }
        channel.consume(channel.inputCount)
    }

    nonisolated func send(_ text: String) {
        worker.run { self.assumeIsolated { $0.channel?.send(Array(text.utf8)) } }
    }

    nonisolated func hangUp() {
        worker.run { self.assumeIsolated { $0.channel?.abort() } }
    }

    /// Waits for the words, and forgets what came up to them.
    func expect(_ words: String) async throws {
        let deadline = ContinuousClock.now + .seconds(15)
        while true {
            if let found = heard.firstRange(of: words) {
                heard = String(heard[found.upperBound...])
                return
            }
            guard ContinuousClock.now < deadline else { throw Silence(heard: heard) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    nonisolated func logIn() async throws {
        send("EHLO client.example\r\n")
        try await expect("250 HELP")
        send("AUTH PLAIN \(Bench.plain(password: "right"))\r\n")
        try await expect("235")
    }

    nonisolated func beginMessage() async throws {
        send("MAIL FROM:<a@mail.example.com>\r\n")
        try await expect("250")
        send("RCPT TO:<bob@corp.example>\r\n")
        try await expect("250")
        send("DATA\r\n")
        try await expect("354")
    }
}
