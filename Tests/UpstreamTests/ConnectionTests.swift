import Cryptography
import MailModel
import MailQueue
import Networking
import Synchronization
import Testing
@testable import Upstream

/// Single connections against a server that misbehaves on purpose.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private func with(
        _ script: @escaping ScriptedServer.Script, hostNames: [String] = ["localhost"], gate: CountingGate = CountingGate(),
        connections: Int = 10,
        patience: UpstreamSettings.Patience = .init(), openBody: BodyOpener? = nil,
        _ body: (UpstreamPool, ScriptedServer) async throws -> Void
    ) async throws {
        let material = try Material(hostNames: hostNames)
        let server = try ScriptedServer(material, script)
        let pool = UpstreamPool(
            settings: settings(port: server.port, material, connections: connections, patience: patience, openBody: openBody), gate: gate,
            workers: WorkerPool(count: 1))
        try await body(pool, server)
        await pool.close()
        #expect(pool.connectionCounts.open == 0)
        let counts = gate.counts
        #expect(counts.approached == counts.left, "every approach ends")
        #expect(counts.taken == counts.sent + counts.withdrawn, "every place is given back")
        try await until("the server's connections to end") { server.open == 0 }
        await server.stop()
    }

    @Test func relaysWithTheSESId() async throws {
        try await with({ _, _, _ in nil }) { pool, server in
            guard case .outcomes(let outcomes, let relay) = await pool.attempt(try delivery(to: ["a@example.net", "b@example.net"])) else {
                Issue.record("not relayed")
                return
            }
            #expect(relay == "localhost[127.0.0.1]:\(server.port)")
            #expect(outcomes.map(\.recipient) == [0, 1])
            for outcome in outcomes {
                guard case .relayed(let reply, let id) = outcome.outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(reply.oneLine == "250 Ok 0102018f2c6d7e11-000000" && id == "0102018f2c6d7e11-000000")
            }
            #expect(server.messages.count == 1)
            #expect(String(decoding: server.messages[0], as: UTF8.self).hasSuffix("\r\n\r\nHello\r\n..dot"))
            #expect(server.lines[0].filter { $0.hasPrefix("RCPT") } == ["RCPT TO:<a@example.net>", "RCPT TO:<b@example.net>"])
        }
    }

    // MARK: Never in clear, never to a stranger

    struct Insecure: Sendable, CustomTestStringConvertible {
        let name: String
        let script: ScriptedServer.Script
        var hostNames = ["localhost"]
        let words: String
        var testDescription: String { name }
    }

    @Test(arguments: [
        Insecure(
            name: "no STARTTLS", script: { line, _, _ in line.hasPrefix("EHLO") ? .reply("250-x\r\n250 AUTH PLAIN LOGIN") : nil },
            words: "STARTTLS"),
        Insecure(
            name: "STARTTLS refused", script: { line, _, _ in line == "STARTTLS" ? .reply("454 TLS not available") : nil }, words: "454"),
        Insecure(name: "STARTTLS refused for good", script: { line, _, _ in line == "STARTTLS" ? .reply("502 No") : nil }, words: "502"),
        Insecure(
            name: "octets behind the 220",
            script: { line, _, _ in line == "STARTTLS" ? .startTLS("220 Ready\r\n250 AUTH PLAIN LOGIN") : nil },
            words: ""),
        Insecure(name: "220 and no TLS", script: { line, _, _ in line == "STARTTLS" ? .last("220 Ready") : nil }, words: ""),
        Insecure(name: "wrong name", script: { _, _, _ in nil }, hostNames: ["other.example"], words: "certificate"),
        Insecure(
            name: "no login offered", script: { line, _, before in line.hasPrefix("EHLO") && before > 0 ? .reply("250 x") : nil },
            words: "AUTH"),
    ])
    func noFallback(_ example: Insecure) async throws {
        try await with(example.script, hostNames: example.hostNames) { pool, server in
            guard case .routeTrouble(let trouble, _) = await pool.attempt(try delivery()) else {
                Issue.record("not the route's trouble")
                return
            }
            switch trouble {
            case .unreachable(let text): #expect(text.lowercased().contains(example.words.lowercased()), "\(text)")
            case .loginRefused(let text): #expect(example.words == "AUTH" && text.contains("AUTH"))
            default: Issue.record("\(trouble)")
            }
            #expect(!server.lines.joined().contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
        }
    }

    // MARK: The login

    @Test(arguments: [
        ("", "554 no", "unreachable"), ("", "421 Too many concurrent SMTP connections", "too many connections"),
        ("EHLO", "550 no", "unreachable"),
        ("AUTH", "535 Authentication Credentials Invalid", "login refused"),
        ("AUTH", "454 Temporary authentication failure", "unreachable"),
        ("AUTH", "garbage", "unreachable"), ("", "hello", "unreachable"),
    ])
    func login(line: String, reply: String, expected: String) async throws {
        try await with({ said, _, _ in (said.split(separator: " ").first ?? "") == line ? .reply(reply) : nil }) { pool, _ in
            let result = await pool.attempt(try delivery())
            #expect(word(result) == expected)
        }
    }

    @Test func aServerThatHangsUpAfterEveryLoginIsNotReconnectedToForEver() async throws {
        try await with({ line, _, _ in line.hasPrefix("AUTH") ? .last("235 Authentication successful.") : nil }) { pool, server in
            let result = await pool.attempt(try delivery())
            #expect(["unreachable", "deferred connection"].contains(word(result)))
            #expect(server.connections == 1)
        }
    }

    // MARK: Stale connections

    enum Staleness: String, Sendable, CaseIterable {
        case usedUp = "421 Connection closed by server. Maximum message count per session reached."
        case idle = "451 4.4.2 Timeout waiting for data from client."
        case gone = ""
    }

    /// The same happens at MAIL, RCPT or DATA of the second message: it is repeated once on a new connection, and nothing is counted.
    @Test(arguments: Staleness.allCases, ["MAIL", "RCPT", "DATA"])
    func repeatedOnceOnAFreshConnection(staleness: Staleness, verb: String) async throws {
        try await with({ line, connection, before in
            guard connection == 1, before == 1, line.hasPrefix(verb) else { return nil }
            return staleness == .gone ? .hangUp : .last(staleness.rawValue)
        }) { pool, server in
            #expect(await said(pool, try delivery(1)) == "relayed")
            #expect(await said(pool, try delivery(2)) == "relayed")
            #expect(server.connections == 2)
            #expect(server.messages.count == 2)
        }
    }

    /// On a fresh connection the same is an ordinary deferral, and nothing is repeated.
    @Test(arguments: Staleness.allCases, ["MAIL", "RCPT", "DATA"])
    func deferredOnAFreshOne(staleness: Staleness, verb: String) async throws {
        try await with({ line, _, _ in
            guard line.hasPrefix(verb) else { return nil }
            return staleness == .gone ? .hangUp : .last(staleness.rawValue)
        }) { pool, server in
            #expect(await said(pool, try delivery()).hasPrefix("deferred"))
            #expect(server.connections == 1)
        }
    }

    /// The retry meets the same: it ends there.
    @Test func repeatedOnlyOnce() async throws {
        try await with({ line, connection, before in
            line.hasPrefix("MAIL") && (connection > 1 || before > 0)
                ? .last("421 Connection closed by server. Too many messages in one session") : nil
        }) { pool, server in
            #expect(await said(pool, try delivery(1)) == "relayed")
            #expect(await said(pool, try delivery(2)) == "deferred 421")
            #expect(server.connections == 2)
        }
    }

    /// A connection that was only idle, and carried nothing yet, goes stale as well.
    @Test func staleAfterBeingIdleOnly() async throws {
        try await with({ line, connection, _ in
            connection == 1 && line.hasPrefix("MAIL") ? .last("451 4.4.2 Timeout waiting for data from client.") : nil
        }) { pool, server in
            #expect(await pool.probe() == nil)
            #expect(await said(pool, try delivery(1)) == "relayed")
            #expect(server.connections == 2)
        }
    }

    // MARK: In doubt

    @Test(arguments: [false, true]) func inDoubtOnlyAfterTheDot(isReused: Bool) async throws {
        let gate = CountingGate()
        try await with({ line, _, before in line == "." && before == (isReused ? 1 : 0) ? .hangUp : nil }, gate: gate) { pool, server in
            if isReused { #expect(await said(pool, try delivery(1)) == "relayed") }
            #expect(await said(pool, try delivery(2)) == "in doubt")
            #expect(server.connections == 1, "what may have been taken is not repeated at once")
            #expect(gate.counts.sent == (isReused ? 2 : 1))
        }
    }

    @Test func silenceAfterTheDotIsInDoubtToo() async throws {
        var patience = UpstreamSettings.Patience()
        patience.finalDot = .milliseconds(100)
        try await with({ line, _, _ in line == "." ? .silence : nil }, patience: patience) { pool, _ in
            #expect(await said(pool, try delivery()) == "in doubt")
        }
    }

    @Test(arguments: ["", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"])
    func silenceBeforeItIsNot(verb: String) async throws {
        var patience = UpstreamSettings.Patience()
        patience.reply = .milliseconds(100)
        patience.data = .milliseconds(100)
        patience.handshake = .milliseconds(300)
        try await with({ line, _, _ in (line.split(separator: " ").first ?? "") == verb ? .silence : nil }, patience: patience) { pool, _ in
            let result = word(await pool.attempt(try delivery()))
            #expect(result == "unreachable" || result == "deferred connection")
        }
    }

    // MARK: Replies at the dot

    @Test(arguments: [
        ("454 Throttling failure: Maximum sending rate exceeded.", "throttled"),
        ("554 Message rejected: Sending paused for this account.", "account refused"),
        ("554 Transaction failed: Missing start boundary", "failed 554"), ("451 Temporary service failure", "deferred 451"),
    ])
    func refusedAtTheDot(reply: String, expected: String) async throws {
        try await with({ line, _, before in line == "." && before == 0 ? .reply(reply) : nil }) { pool, server in
            #expect(await said(pool, try delivery(1, to: ["a@example.net"])) == expected)
            // RSET, and the next message is wholly its own.
            #expect(await said(pool, try delivery(2, to: ["b@example.net"])) == "relayed")
            #expect(server.connections == 1)
            let after = server.lines[0].drop { $0 != "RSET" }
            #expect(after.filter { $0.hasPrefix("RCPT") } == ["RCPT TO:<b@example.net>"])
        }
    }

    @Test func waitsAtTheGate() async throws {
        let gate = CountingGate(isOpen: false)
        try await with({ _, _, _ in nil }, gate: gate) { pool, _ in
            for number in 1...5 { #expect(await said(pool, try delivery(number)) == "relayed") }
            #expect(gate.counts.sent == 5)
        }
    }

    // MARK: Bodies from the disk

    @Test func aLargeBodyIsStreamed() async throws {
        let store = MemoryQueueStore()
        let body =
            (0..<30_000).flatMap { Array("line \($0) of a body that does not fit into memory at once\r\n".utf8) } + Array(".\r\n".utf8)
        let writer = store.makeSpoolWriter()
        writer.append(body)
        let file = try await writer.finish(as: try #require(QueueID(7)))
        try await with({ _, _, _ in nil }, openBody: { file async throws(QueueError) in try await store.openBody(file) }) { pool, server in
            #expect(await said(pool, try delivery(7, body: .file(file))) == "relayed")
            let header = try delivery(7).message.header
            #expect(
                server.messages[0].count == header.count + body.count + 1 - 2, "one stuffed dot, and the final line end belongs to the dot")
        }
    }

    /// The last piece does not match its checksum: the final dot is never sent, and the server keeps nothing.
    @Test func aDamagedBodyIsNeverSent() async throws {
        let reader: BodyOpener = { file async throws(QueueError) in BrokenReader(size: file.size) }
        let gate = CountingGate()
        try await with({ _, _, _ in nil }, gate: gate, openBody: reader) { pool, server in
            let result = await pool.attempt(try delivery(7, body: .file(SpoolFile(id: try #require(QueueID(7)), size: 1000, checksum: 1))))
            #expect(word(result) == "unreadable")
            try await until("the server to notice") { server.open == 0 }
            #expect(server.messages.isEmpty && !server.lines.joined().contains("."))
            #expect(gate.counts.taken == 0)
        }
    }

    final class BrokenReader: SpoolReader {
        let size: Int
        private let pieces = Mutex(0)
        init(size: Int) { self.size = size }
        func next(_ completion: @escaping @Sendable (Result<[UInt8]?, QueueError>) -> Void) {
            let number = pieces.withLock { count in
                count += 1
                return count
            }
            completion(number < 3 ? .success(Array("first lines\r\n".utf8)) : .failure(.damaged(QueueIDs.seven, "checksum")))
        }
    }
}

enum QueueIDs {
    static let seven: QueueID = {
        guard let id = QueueID(7) else { fatalError("7 is an id") }
        return id
    }()
}
