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
import TestSupport

/// A submission service in front of a store in memory, and its clients.
final class Service: Sendable {
    let memory = MemoryQueueStore(clock: { Service.now })
    let spool: WatchedSpool
    let store: WatchedStore
    let events = EventLog()
    let next = NextHand()
    let service: SubmissionService
    let workers = WorkerPool(count: 1)
    private let trust: TLSContext

    static let now = Timestamp(seconds: 1_772_355_907)
    /// Made once: hashing is slow on purpose.
    static let hash = Result { try PasswordHash.make(Array("right".utf8)) }
    static let otherHash = Result { try PasswordHash.make(Array("other".utf8)) }
    private static let key = Result { try RSAPrivateKey.generate() }
    private static let material = Result { try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 1) }

    /// - Parameter daily: of the account `local`.
    init(
        spool: WatchedSpool = WatchedSpool(), backlog: (any BacklogGuard)? = nil, daily: Int? = nil,
        _ change: (inout SubmissionSettings) -> Void = { _ in }
    ) throws {
        self.spool = spool
        store = WatchedStore(memory, spool: spool)
        let (certificate, key) = try Self.material.get()
        let path = "/tmp/submission-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60))).pem"
        defer { unlink(path) }
        try WholeFile.replace(path, with: certificate, mode: 0o600)
        trust = try TLSContext.client(trust: .file(path: path))
        let ids = Mutex(QueueIDGenerator(floor: nil))
        var settings = try Self.settings(daily: daily, tls: try TLSContext.server(certificateChainPEM: certificate, privateKeyPEM: key))
        change(&settings)
        service = SubmissionService(
            settings: settings, store: store, ids: { ids.withLock { $0.next(now: Self.now, random: 1) } },
            verifier: try PasswordVerifier(concurrency: 2), events: events,
            clock: { Self.now }, next: next, backlog: backlog)
    }

    static func settings(daily: Int? = nil, tls: TLSContext?, hash: String? = nil, rate: Account.Rate? = nil) throws -> SubmissionSettings {
        let domain = try Domain(Array("mail.example.com".utf8))
        let rules = RewriteRules(
            identities: [Identity(.domain(domain), defaultSender: try Mailbox(parsing: Array("no-reply@mail.example.com".utf8)))])
        let signer = HeaderSigner(domain: domain, selector: try #require(Selector("fl2026")), key: RSASigningKey(try key.get()))
        return SubmissionSettings(
            hostname: "relay.example.com", tls: tls,
            accounts: AccountDirectory([
                Account(name: try #require(AccountName("app")), passwordHash: try hash ?? Self.hash.get(), rate: rate),
                Account(name: try #require(AccountName("local")), passwordHash: nil, daily: daily),
            ]),
            intake: IntakeSettings(hostname: try Domain(Array("relay.example.com".utf8)), rules: rules, signers: [signer]),
            postmaster: try Mailbox(parsing: Array("ops@example.com".utf8)), maximumMessageSize: 40_000_000, maximumRecipients: 1000,
            connections: 1000, connectionsPerNetwork: 500)
    }

    var settings: SubmissionSettings { service.current.settings }

    /// A new connection; its greeting is not read yet.
    func connect(_ security: ListenerPolicy.Security = .startTLS) async throws -> Client {
        let (ours, theirs) = try ConnectedSocket.pair()
        let worker = workers.workers[0]
        worker.run { [service] in service.serve(ours, on: worker, policy: ListenerPolicy(security)) }
        return try await Client(theirs, worker: Worker())
    }

    /// Greeted, under TLS, and greeted again.
    func secured() async throws -> Client {
        let client = try await connect()
        #expect(await client.codes(1) == [220])
        #expect(await client.ask("EHLO app.example") == 250)
        #expect(await client.ask("STARTTLS") == 220)
        try await client.startTLS(trust)
        #expect(await client.ask("EHLO app.example") == 250)
        return client
    }

    func loggedIn() async throws -> Client {
        let client = try await secured()
        #expect(await client.ask(Self.login("app", "right")) == 235)
        return client
    }

    /// Without TLS and login, for tests of what comes after.
    func trusted() async throws -> Client {
        let client = try await connect(.trusted(try #require(AccountName("local"))))
        #expect(await client.codes(1) == [220])
        #expect(await client.ask("EHLO app.example") == 250)
        return client
    }

    static func login(_ name: String, _ password: String) -> String {
        "AUTH PLAIN " + String(decoding: Base64.encode([0] + Array(name.utf8) + [0] + Array(password.utf8)), as: UTF8.self)
    }

    static func message(_ subject: String = "Hi", body: String = "Hello\r\n") -> String {
        "From: App <app@mail.example.com>\r\nTo: user@example.net\r\nSubject: \(subject)\r\n\r\n\(body)"
    }

    static let envelope = "MAIL FROM:<app@mail.example.com>\r\nRCPT TO:<user@example.net>\r\nDATA\r\n"
}

final class NextHand: AcceptedMail {
    struct Seen: Equatable {
        var expected: [QueueID] = []
        var accepted: [QueueID] = []
        var withdrawn: [QueueID] = []
    }
    private let state = Mutex(Seen())
    var seen: Seen { state.withLock { $0 } }
    func expect(_ id: QueueID) { state.withLock { $0.expected.append(id) } }
    func accepted(_ message: QueuedMessage) { state.withLock { $0.accepted.append(message.id) } }
    func withdrawn(_ id: QueueID) { state.withLock { $0.withdrawn.append(id) } }
}

final class EventLog: EventSink {
    private let kept = Mutex<[RelayEvent]>([])
    func emit(_ event: RelayEvent) { kept.withLock { $0.append(event) } }
    var all: [RelayEvent] { kept.withLock { $0 } }
    var names: [RelayEvent.Name] { all.map(\.name) }
}

/// Waits in real time for what happens on other queues.
func until(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !holds() {
        try #require(.now < deadline, "\(what) did not come about", sourceLocation: sourceLocation)
        await Task.yield()
    }
}
