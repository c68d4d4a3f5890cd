import Cryptography
import Glibc
import MailModel
import MailQueue
import Networking
import SafeIO
import SESSandbox
import Synchronization
import Testing
@testable import Upstream

/// A certificate for `localhost`, and who trusts it.
struct Material {
    let server: TLSContext
    let client: TLSContext

    init(hostNames: [String] = ["localhost"]) throws {
        let (certificate, key) = try SelfSignedCertificate.make(hostNames: hostNames, validDays: 1)
        let path = "/tmp/upstream-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60))).pem"
        defer { unlink(path) }
        try WholeFile.replace(path, with: certificate, mode: 0o600)
        server = try TLSContext.server(certificateChainPEM: certificate, privateKeyPEM: key)
        client = try TLSContext.client(trust: .file(path: path))
    }
}

/// Lets everything pass, and counts that each place that was taken is given back.
final class CountingGate: SendingGate {
    struct Counts: Equatable {
        var approached = 0, left = 0, taken = 0, sent = 0, withdrawn = 0
    }
    private let state = Mutex(Counts())
    var counts: Counts { state.withLock { $0 } }
    /// False makes everybody wait for a turn of the event loop at the final dot.
    let isOpen: Bool
    init(isOpen: Bool = true) { self.isOpen = isOpen }

    var limit: Int? { nil }
    func approach(recipients: Int) async { state.withLock { $0.approached += recipients } }
    func left(recipients: Int) { state.withLock { $0.left += recipients } }
    func trySend(recipients: Int) -> Bool {
        if isOpen { state.withLock { $0.taken += recipients } }
        return isOpen
    }
    func waitToSend(recipients: Int) async {
        await Task.yield()
        state.withLock { $0.taken += recipients }
    }
    func refused(recipients: Int) { state.withLock { $0.sent += recipients } }
    func sent(recipients: Int) { state.withLock { $0.sent += recipients } }
    func withdrawn(recipients: Int) { state.withLock { $0.withdrawn += recipients } }
}

func settings(
    port: UInt16, _ material: Material, host: String = "localhost", password: String = "p+a/s=s", connections: Int = 10, messages: Int = 50,
    patience: UpstreamSettings.Patience = .init(), openBody: BodyOpener? = nil
) -> UpstreamSettings {
    UpstreamSettings(
        host: host, port: port, security: .startTLS, tls: material.client, username: Array("AKIAEXAMPLE".utf8),
        password: Secret(Array(password.utf8)), hostname: "relay.example.com", connections: connections, messagesPerConnection: messages,
        recipientsPerTransaction: 50, patience: patience, openBody: openBody)
}

/// A message that SES takes, from `mail.example.com`.
func delivery(
    _ number: Int = 1, to recipients: [String] = ["user@example.net"], from: String = "app@mail.example.com", body: StoredBody? = nil,
    identity: String? = "mail.example.com"
) throws -> Delivery {
    let header = [
        "DKIM-Signature: v=1; a=rsa-sha256; d=mail.example.com; s=fl; h=from:to:subject; bh=x; b=y", "Date: Sun, 1 Mar 2026 09:05:07 +0000",
        "Message-ID: <\(number)@mail.example.com>", "From: \(from)", "Subject: \(number)", "X-Token: \(number)", "",
    ]
    var facts = MessageFacts()
    facts.identity = identity
    let message = QueuedMessage(
        id: try #require(QueueID(Int64(number))), account: try #require(AccountName("app")), acceptedAt: Timestamp(seconds: 1_772_355_907),
        reversePath: .mailbox(try Mailbox(parsing: Array("bounce@mail.example.com".utf8))),
        recipients: try recipients.enumerated().map {
            QueuedRecipient(index: $0.offset, mailbox: try Mailbox(parsing: Array($0.element.utf8)), nextAttempt: Timestamp(seconds: 0))
        },
        header: Array(header.joined(separator: "\r\n").utf8) + [13, 10], body: body ?? .inline(Array("Hello\r\n.dot\r\n".utf8)),
        is8Bit: false,
        facts: facts)
    return Delivery(message: message, recipients: Array(recipients.indices))
}

func said(_ pool: UpstreamPool, _ delivery: @autoclosure () throws -> Delivery) async -> String {
    do { return word(await pool.attempt(try delivery())) } catch { return "\(error)" }
}

/// A word for each result, to compare by.
func word(_ result: AttemptResult) -> String {
    switch result {
    case .outcomes(let outcomes, _):
        outcomes.map { outcome in
            switch outcome.outcome {
            case .relayed: "relayed"
            case .deferred(.reply(let reply)): "deferred \(reply.code)"
            case .deferred(.connection): "deferred connection"
            case .failed(let reply): "failed \(reply.code)"
            case .inDoubt: "in doubt"
            }
        }.joined(separator: ", ")
    case .routeTrouble(let trouble, _):
        switch trouble {
        case .unreachable: "unreachable"
        case .loginRefused: "login refused"
        case .accountRefused: "account refused"
        case .throttled: "throttled"
        case .quotaExceeded: "quota"
        case .tooManyConnections: "too many connections"
        }
    case .identityRefused: "identity"
    case .unreadable: "unreadable"
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
