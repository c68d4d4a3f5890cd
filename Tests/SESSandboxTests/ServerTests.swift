internal import Cryptography
internal import Glibc
internal import MailModel
internal import Networking
internal import SafeIO
@testable import SESSandbox
import Synchronization
import Testing

/// The same over real sockets, with TLS, files and timers.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    /// A running sandbox with a folder of its own.
    final class Fixture: Sendable {
        let server: SandboxServer
        let folder: String
        let trust: TLSContext
        let transactions: Recorder

        init(
            faults: [String] = [], keep: Keep = .messages,
            _ change: (inout SandboxRules) -> Void = { _ in }
        ) throws {
            folder = "/tmp/sandbox-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60)))"
            let (certificate, key) = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 1)
            _ = try Directory.create(path: folder)
            try WholeFile.replace(folder + "/ca.pem", with: certificate, mode: 0o600)
            trust = try TLSContext.client(trust: .file(path: folder + "/ca.pem"))
            var rules = try exampleRules()
            change(&rules)
            let kept: SandboxConfiguration.Keep =
                switch keep {
                case .messages: .messages(folder: folder + "/kept")
                case .journal: .journal(folder: folder + "/kept")
                case .nothing: .nothing
                }
            var configuration = SandboxConfiguration(
                listeners: try ["127.0.0.1:0", "127.0.0.1:0/implicit"].map { try #require(SandboxListener(parsing: $0)) },
                tls: try TLSContext.server(certificateChainPEM: certificate, privateKeyPEM: key), rules: rules, keep: kept)
            configuration.faults = try faults.map { try SandboxFault(parsing: $0) }
            let transactions = Recorder()
            self.transactions = transactions
            server = try SandboxServer(
                configuration, workers: WorkerPool(count: 1), now: { Timestamp(seconds: 1_772_355_907) },
                onTransaction: { transactions.add($0) })
            server.start()
        }

        func client() async throws -> SandboxClient { try await SandboxClient(server.addresses[0]) }

        func loggedIn() async throws -> SandboxClient {
            let client = try await client()
            try await client.logIn(trust)
            return client
        }

        func names() throws -> [String] { try Directory(path: folder + "/kept").names().sorted() }
        func text(_ name: String) throws -> String { String(decoding: try WholeFile.read("\(folder)/kept/\(name)"), as: UTF8.self) }

        func finish() async throws {
            await server.stop()
            for path in [folder + "/kept", folder] {
                guard let directory = try? Directory(path: path) else { continue }
                for name in try directory.names() { _ = try? directory.remove(name) }
                rmdir(path)
            }
        }
    }

    enum Keep { case messages, journal, nothing }

    final class Recorder: Sendable {
        private let kept = Mutex<[SandboxTransaction]>([])
        func add(_ transaction: SandboxTransaction) { kept.withLock { $0.append(transaction) } }
        var all: [SandboxTransaction] { kept.withLock { $0 } }
    }

    private func with(_ fixture: Fixture, _ body: (Fixture) async throws -> Void) async throws {
        do { try await body(fixture) } catch {
            try await fixture.finish()
            throw error
        }
        try await fixture.finish()
    }

    @Test func theWholeDialogue() async throws {
        try await with(Fixture()) { fixture in
            let client = try await fixture.client()
            let greeting = try #require(await client.reply())
            #expect(greeting.hasPrefix("220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-"))
            #expect(greeting.split(separator: " ").last?.utf8.count == 20)
            #expect(await client.ask("EHLO relay.example.com") == "250 email-smtp.amazonaws.com 8BITMIME STARTTLS AUTH PLAIN LOGIN Ok")
            #expect(await client.ask("STARTTLS") == "220 Ready to start TLS")
            try await client.startTLS(fixture.trust)
            #expect(await client.ask("MAIL FROM:<a@mail.example.com>") == "530 Authentication required")
            #expect(await client.ask("EHLO relay.example.com") == SessionTests.ehloTLS)
            #expect(await client.ask("AUTH PLAIN AEFLSUFFWEFNUExFAHdyb25n") == "535 Authentication Credentials Invalid")
            #expect(await client.ask("AUTH PLAIN \(SessionTests.plain)") == "235 Authentication successful.")
            let submitted = message(["Return-Path: <app@mail.example.com>", "X-Token: t-1", "Subject: Hi"], body: ["Hello", "", "..dots"])
            let sent = octets(String(decoding: submitted, as: UTF8.self).replacing("\r\n..dots", with: "\r\n...dots"))
            let reply = try #require(await client.submit(sent, to: ["user@example.net", "Other@EXAMPLE.net"]))
            #expect(reply.hasPrefix("250 Ok 0102"))
            let id = try #require(reply.split(separator: " ").last.map(String.init))
            #expect(try fixture.names() == ["\(id).eml", "\(id).json", "\(id).raw.eml", "journal.jsonl"])
            #expect(try fixture.text("\(id).raw.eml") == String(decoding: submitted, as: UTF8.self))
            let delivered = try fixture.text("\(id).eml")
            #expect(delivered.contains("\r\nMessage-ID: <\(id)@eu-west-1.amazonses.com>\r\n"))
            #expect(delivered.contains("\r\nDate: Sun, 1 Mar 2026 09:05:07 +0000\r\n"))
            #expect(!delivered.contains("Return-Path"))
            #expect(delivered.hasSuffix("-192.0.2.10\r\n\r\nHello\r\n\r\n..dots\r\n"))
            let json = try fixture.text("\(id).json")
            #expect(json.contains("\"mail_from\":\"bounce@mail.example.com\",\"rcpt_to\":[\"user@example.net\",\"Other@EXAMPLE.net\"]"))
            #expect(json.contains("\"ses_id\":\"\(id)\",\"received_at\":\"2026-03-01T09:05:07.000Z\",\"user\":\"AKIAEXAMPLE\""))
            #expect(json.contains("\"tls\":\"TLSv1.3\""))
            #expect(json.contains("\"token\":\"t-1\",\"size\":\(submitted.count),\"findings\":[]"))
            #expect(
                try fixture.text("journal.jsonl").split(separator: "\n").last.map(String.init)
                    == json.split(separator: "\n").first.map(String.init))
            #expect(await client.ask("QUIT") == "221 Bye")
            #expect(await client.reply() == nil)
            #expect(fixture.transactions.all.map(\.outcome) == [.refused, .refused, .accepted])
            #expect(fixture.transactions.all.map(\.phase) == [.mail, .auth, .dot])
            #expect(fixture.server.statistics.accepted == 1)
            #expect(fixture.server.statistics.recipients == 2)
        }
    }

    @Test func implicitTLS() async throws {
        try await with(Fixture()) { fixture in
            let client = try await SandboxClient(fixture.server.addresses[1])
            try await client.startTLS(fixture.trust)
            #expect(await client.reply()?.hasPrefix("220 ") == true)
            #expect(await client.ask("EHLO x") == SessionTests.ehloTLS)
            #expect(await client.ask("STARTTLS") == "454 TLS not available due to temporary reason: TLS already active")
            #expect(await client.ask("AUTH LOGIN") == "334 VXNlcm5hbWU6")
            #expect(await client.ask("QUtJQUVYQU1QTEU=") == "334 UGFzc3dvcmQ6")
            #expect(await client.ask("cCthL3M9cw==") == "235 Authentication successful.")
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
        }
    }

    @Test func idle() async throws {
        try await with(Fixture { $0.idleTimeout = .milliseconds(1) }) { fixture in
            let client = try await fixture.client()
            #expect(await client.reply()?.hasPrefix("220 ") == true)
            #expect(await client.reply() == "451 4.4.2 Timeout waiting for data from client.")
            #expect(await client.reply() == nil)
        }
    }

    @Test func idleInsideDATA() async throws {
        try await with(Fixture()) { fixture in
            let client = try await fixture.loggedIn()
            _ = await client.ask("MAIL FROM:<a@mail.example.com>")
            _ = await client.ask("RCPT TO:<user@example.net>")
            fixture.server.update { $0.idleTimeout = .milliseconds(1) }
            _ = await client.ask("DATA")
            await client.send("From: half\r\n")
            #expect(await client.reply() == "451 4.4.2 Timeout waiting for data from client.")
            #expect(await client.reply() == nil)
            #expect(fixture.transactions.all.map(\.phase) == [.data])
            #expect(try fixture.names() == ["journal.jsonl"])
        }
    }

    @Test func messageCap() async throws {
        try await with(Fixture { $0.maximumMessagesPerConnection = 2 }) { fixture in
            let client = try await fixture.loggedIn()
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
            #expect(
                await client.submit(message()) == "421 Connection closed by server. Maximum message count per session reached.")
            #expect(await client.reply() == nil)
        }
    }

    @Test func tooManyConnections() async throws {
        try await with(Fixture { $0.maximumConnections = 1 }) { fixture in
            let first = try await fixture.client()
            #expect(await first.reply()?.hasPrefix("220 ") == true)
            let second = try await fixture.client()
            #expect(await second.reply() == "421 Too many concurrent SMTP connections")
            #expect(await second.reply() == nil)
            #expect(await first.ask("NOOP") == "250 Ok")
        }
    }

    @Test func throttling() async throws {
        try await with(
            Fixture {
                $0.maximumSendRate = 1; $0.dailyQuota = 1
            }
        ) { fixture in
            let client = try await fixture.loggedIn()
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
            fixture.server.update { $0.maximumSendRate = nil }
            #expect(await client.submit(message()) == "454 Throttling failure: Daily message quota exceeded.")
            fixture.server.update { $0.dailyQuota = nil }
            fixture.server.update { $0.account = .sendingPaused }
            #expect(await client.submit(message())?.hasPrefix("554 Message rejected: Sending paused") == true)
            fixture.server.update { $0.account = .active }
            #expect(await client.submit(message(from: "eve@evil.example"))?.hasSuffix("EU-WEST-1: eve@evil.example") == true)
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
            #expect(try fixture.names().count == 7)
            #expect(fixture.server.statistics.refused == 3)
        }
    }

    @Test func pipelining() async throws {
        try await with(Fixture(keep: .journal)) { fixture in
            let client = try await fixture.loggedIn()
            await client.send("MAIL FROM:<a@mail.example.com>\r\nRCPT TO:<user@example.net>\r\nDATA\r\n")
            for code in ["250", "250", "354"] { #expect(await client.reply()?.hasPrefix(code) == true) }
            await client.send(message() + octets(".\r\n"))
            #expect(await client.reply()?.hasPrefix("250 Ok ") == true)
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
            #expect(fixture.transactions.all.map(\.findings) == [[.pipelined], []])
            #expect(try fixture.names() == ["journal.jsonl"])
        }
    }

    @Test func commandsInjectedBeforeTLS() async throws {
        try await with(Fixture(keep: .nothing)) { fixture in
            let client = try await fixture.client()
            _ = await client.reply()
            await client.send("STARTTLS\r\nEHLO evil\r\n")
            let reply = await client.reply()
            #expect(reply == nil || reply == "220 Ready to start TLS")
            #expect(await client.reply() == nil)
        }
    }

    @Test(arguments: [
        (String(repeating: "x", count: 1100), "501 Input line length is too long!"),
        ("NOOP\n", "501 Syntax error at character position 4. CR and LF must always be CRLF paired.  See RFC 2821 #2.7.1."),
        ("NO\rOP\r\n", "501 Syntax error at character position 6. CR and LF must always be CRLF paired.  See RFC 2821 #2.7.1."),
    ]) func linesThatAreNone(_ sent: String, _ reply: String) async throws {
        try await with(Fixture(keep: .nothing)) { fixture in
            let client = try await fixture.client()
            _ = await client.reply()
            await client.send(sent)
            #expect(await client.reply() == reply)
            #expect(await client.reply() == nil)
        }
    }

    @Test func largeMessageStreams() async throws {
        try await with(Fixture()) { fixture in
            let client = try await fixture.loggedIn()
            let line = Array((String(repeating: "QUJD", count: 19) + "\r\n").utf8)
            let large = message() + Array(repeatElement(line, count: 40_000).joined())
            let reply = try #require(await client.submit(large))
            #expect(reply.hasPrefix("250 Ok "))
            let id = try #require(reply.split(separator: " ").last.map(String.init))
            #expect(try WholeFile.read("\(fixture.folder)/kept/\(id).raw.eml") == large)
            #expect(try WholeFile.read("\(fixture.folder)/kept/\(id).eml").suffix(3_000_000) == large.suffix(3_000_000))
            fixture.server.update { $0.maximumMessageOctets = 1_000_000 }
            #expect(await client.submit(large) == "552 Message is too long.")
            #expect(await client.submit(message())?.hasPrefix("250 Ok ") == true)
            #expect(try fixture.names().count == 7)
        }
    }

    @Test func diskTrouble() async throws {
        try await with(Fixture()) { fixture in
            let client = try await fixture.loggedIn()
            let folder = try Directory(path: fixture.folder + "/kept")
            try folder.remove("journal.jsonl")
            rmdir(fixture.folder + "/kept")
            #expect(await client.submit(message()) == "451 Temporary service failure")
            #expect(fixture.server.statistics.storageFailures == 1)
        }
    }

    @Test func faultsThatAnswer() async throws {
        try await with(Fixture(faults: ["rcpt,to=*@slow.example:450 4.2.1 later", "dot,from=x@*,times=1:554 no", "mail,from=b@*:421 bye"]))
        { fixture in
            let client = try await fixture.loggedIn()
            #expect(await client.submit(message(), to: ["a@slow.example"]) == "450 4.2.1 later")
            #expect(await client.ask("RSET") == "250 Ok")
            #expect(await client.submit(message(), from: "x@mail.example.com") == "554 no")
            #expect(await client.submit(message(), from: "x@mail.example.com")?.hasPrefix("250 Ok ") == true)
            #expect(await client.submit(message(), from: "b@mail.example.com") == "421 bye")
            #expect(await client.reply() == nil)
            #expect(fixture.transactions.all.map(\.phase) == [.rcpt, .dot, .dot, .mail])
        }
    }

    @Test(arguments: [
        ("dot:lose-reply", SandboxTransaction.Outcome.replyLost, 4), ("dot:lose-message", .messageLost, 1), ("dot:close", .messageLost, 1),
    ])
    func faultsThatSayNothing(_ fault: String, _ outcome: SandboxTransaction.Outcome, _ files: Int) async throws {
        try await with(Fixture(faults: [fault])) { fixture in
            let client = try await fixture.loggedIn()
            #expect(await client.submit(message()) == nil)
            #expect(fixture.transactions.all.map(\.outcome) == [outcome])
            #expect(try fixture.names().count == files)
        }
    }

    @Test func faultsThatWait() async throws {
        try await with(Fixture(faults: ["any:delay 1ms"], keep: .nothing)) { fixture in
            let client = try await fixture.loggedIn()
            // Input that comes during a delay waits for its turn.
            await client.send("MAIL FROM:<a@mail.example.com>\r\nRCPT TO:<user@example.net>\r\nDATA\r\n")
            for code in ["250", "250", "354"] { #expect(await client.reply()?.hasPrefix(code) == true) }
            await client.send(message() + octets(".\r\nNOOP\r\n"))
            #expect(await client.reply()?.hasPrefix("250 Ok ") == true)
            #expect(await client.reply() == "250 Ok")
        }
    }

    @Test func stopEndsConnections() async throws {
        let fixture = try Fixture(keep: .nothing)
        let client = try await fixture.loggedIn()
        try await fixture.finish()
        #expect(await client.reply() == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:2587", SandboxListener.TLS?.some(.starttls)), ("127.0.0.1:465", .implicit), ("[::1]:2465", .implicit),
        ("127.0.0.1:465/starttls", .starttls), ("127.0.0.1:0/implicit", .implicit), ("localhost:25", nil), ("127.0.0.1:25/none", nil),
        ("", nil),
    ]) func listeners(_ text: String, _ tls: SandboxListener.TLS?) {
        #expect(SandboxListener(parsing: text)?.tls == tls)
    }
}
