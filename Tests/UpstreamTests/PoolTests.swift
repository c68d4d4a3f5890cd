import Cryptography
import MailModel
import Networking
import SESSandbox
import Synchronization
import Testing
@testable import Upstream

/// Many connections over time, most of them to the sandbox.
@Suite(.timeLimit(.minutes(2))) struct PoolTests {
    private final class Fixture: Sendable {
        let server: SandboxServer
        let material: Material
        let transactions = Mutex<[SandboxTransaction]>([])

        init(faults: [String] = [], _ change: (inout SandboxRules) -> Void = { _ in }) throws {
            material = try Material()
            var rules = SandboxRules(
                identities: [try SandboxIdentity(parsing: "mail.example.com")], credentials: ["AKIAEXAMPLE": Secret(Array("p+a/s=s".utf8))])
            change(&rules)
            var configuration = SandboxConfiguration(
                listeners: [SandboxListener(try SocketAddress.loopback(), .starttls)], tls: material.server, rules: rules, keep: .nothing)
            configuration.faults = try faults.map { try SandboxFault(parsing: $0) }
            let box = Box()
            server = try SandboxServer(configuration, workers: WorkerPool(count: 1), onTransaction: { box.fixture?.add($0) })
            box.fixture = self
            server.start()
        }

        private func add(_ transaction: SandboxTransaction) { transactions.withLock { $0.append(transaction) } }
        var all: [SandboxTransaction] { transactions.withLock { $0 } }

        func pool(connections: Int = 10, messages: Int = 50, patience: UpstreamSettings.Patience = .init(), password: String = "p+a/s=s")
            -> UpstreamPool
        {
            UpstreamPool(
                settings: settings(
                    port: server.addresses[0].port, material, password: password, connections: connections, messages: messages,
                    patience: patience),
                gate: CountingGate(), workers: WorkerPool(count: 2))
        }

        private final class Box: Sendable {
            private let held = Mutex<WeakFixture>(WeakFixture())
            var fixture: Fixture? {
                get { held.withLock { $0.fixture } }
                set { held.withLock { $0.fixture = newValue } }
            }
            struct WeakFixture { weak var fixture: Fixture? }
        }
    }

    private func attempts(_ pool: UpstreamPool, _ numbers: ClosedRange<Int>, atOnce: Int, observe: () -> Void = {}) async throws -> [String]
    {
        try await withThrowingTaskGroup(of: String.self) { group in
            var words: [String] = []
            var next = numbers.lowerBound
            for _ in 0..<atOnce where next <= numbers.upperBound {
                let delivery = try delivery(next)
                group.addTask { word(await pool.attempt(delivery)) }
                next += 1
            }
            while let one = try await group.next() {
                words.append(one)
                observe()
                guard next <= numbers.upperBound else { continue }
                let delivery = try delivery(next)
                group.addTask { word(await pool.attempt(delivery)) }
                next += 1
            }
            return words
        }
    }

    @Test func theLimitIsNeverExceeded() async throws {
        let material = try Material()
        let server = try ScriptedServer(material) { line, connection, before in
            // Every connection goes stale sometime, and is slow to answer QUIT never.
            line.hasPrefix("MAIL") && before == 3 ? .last("421 Connection closed by server. Too many messages in one session") : nil
        }
        let pool = UpstreamPool(
            settings: settings(port: server.port, material, connections: 3, messages: 7), gate: CountingGate(),
            workers: WorkerPool(count: 2))
        // More attempts than connections: the rest waits.
        var most = 0
        let words = try await attempts(pool, 1...200, atOnce: 20) { most = max(most, pool.connectionCounts.open) }
        #expect(words.allSatisfy { $0 == "relayed" }, "\(Set(words))")
        #expect(server.messages.count == 200)
        #expect(most <= 3)
        // The server hears of a connection's end a little after the next one's begin.
        #expect(server.mostOpen <= 6)
        await pool.close()
        try await until("the end") { server.open == 0 }
        await server.stop()
    }

    @Test func nothingLeaksOverAThousandFaults() async throws {
        let fixture = try Fixture(faults: [
            "greeting,every=11:close", "helo,every=13:421 no", "starttls,every=17:close",
            "auth,every=19:454 Temporary authentication failure",
            "mail,every=7:close", "rcpt,every=6:421 bye", "data,every=5:close", "dot,every=4:lose-reply", "dot,every=3:lose-message",
            "dot,every=5:554 Transaction failed: x",
        ])
        let pool = fixture.pool(connections: 8)
        let words = try await attempts(pool, 1...1000, atOnce: 8)
        #expect(Set(words).isSuperset(of: ["relayed", "in doubt", "failed 554", "unreachable"]), "\(Set(words))")
        #expect(pool.connectionCounts.busy == 0)
        #expect(pool.connectionCounts.open <= 8)
        await pool.close()
        #expect(pool.connectionCounts.open == 0)
        // What was said to be relayed has arrived, and what arrived more than once had been in doubt.
        let arrived = fixture.all.filter { $0.outcome == .accepted || $0.outcome == .replyLost }.compactMap(\.token)
        #expect(words.count { $0 == "relayed" } <= arrived.count)
        #expect(Set(arrived).count == arrived.count, "each message was attempted once, and is there once")
        await fixture.server.stop()
    }

    @Test func idleConnectionsLeaveByThemselves() async throws {
        let fixture = try Fixture()
        var patience = UpstreamSettings.Patience()
        // Long enough for a loaded machine to see them idle.
        patience.idle = .seconds(3)
        let pool = fixture.pool(patience: patience)
        let words = try await attempts(pool, 1...4, atOnce: 4)
        #expect(words == [String](repeating: "relayed", count: 4))
        #expect(pool.connectionCounts.open > 0)
        try await until("the idle ones to leave") { pool.connectionCounts.open == 0 }
        #expect(await said(pool, try delivery(9)) == "relayed")
        await pool.close()
        await fixture.server.stop()
    }

    @Test func retiresAfterItsMessages() async throws {
        let material = try Material()
        let server = try ScriptedServer(material)
        let pool = UpstreamPool(
            settings: settings(port: server.port, material, messages: 3), gate: CountingGate(), workers: WorkerPool(count: 1))
        for number in 1...7 { #expect(await said(pool, try delivery(number)) == "relayed") }
        #expect(server.connections == 3)
        #expect(server.lines[0].count { $0.hasPrefix("MAIL") } == 3)
        await pool.close()
        await server.stop()
    }

    @Test func retiresWhenOld() async throws {
        let material = try Material()
        let server = try ScriptedServer(material)
        var patience = UpstreamSettings.Patience()
        patience.age = .zero
        let pool = UpstreamPool(
            settings: settings(port: server.port, material, patience: patience), gate: CountingGate(), workers: WorkerPool(count: 1))
        for number in 1...3 { #expect(await said(pool, try delivery(number)) == "relayed") }
        #expect(server.connections == 3)
        await pool.close()
        await server.stop()
    }

    @Test func closes() async throws {
        let fixture = try Fixture(faults: ["dot:delay 200ms"])
        let unused = fixture.pool()
        await unused.close()
        let pool = fixture.pool()
        async let running = pool.attempt(try delivery(1))
        try await until("it to run") { pool.connectionCounts.open == 1 }
        await pool.close()
        // It is let end by itself.
        let result = try await running
        #expect(word(result) == "relayed")
        #expect(pool.connectionCounts.open == 0)
        await fixture.server.stop()
    }

    @Test func tooManyConnectionsLowersTheLimit() async throws {
        let material = try Material()
        let server = try ScriptedServer(material) { line, connection, _ in
            line.isEmpty && connection == 2 ? .last("421 Too many concurrent SMTP connections") : nil
        }
        let pool = UpstreamPool(
            settings: settings(port: server.port, material, connections: 5), gate: CountingGate(), workers: WorkerPool(count: 1))
        #expect(pool.capacity == 5)
        let words = try await attempts(pool, 1...2, atOnce: 2)
        #expect(words.sorted() == ["relayed", "too many connections"])
        #expect(pool.capacity < 5)
        #expect(await said(pool, try delivery(3)) == "relayed")
        await pool.close()
        await server.stop()
    }

    /// SES's own sandbox refuses unverified recipients in the words it has for unverified senders: only the latter are the identity's.
    @Test func whoIsNotVerified() async throws {
        let fixture = try Fixture { $0.requiresVerifiedRecipients = true }
        let pool = fixture.pool()
        #expect(await said(pool, try delivery(1, to: ["user@example.net"])) == "failed 554")
        #expect(
            await said(pool, try delivery(2, to: ["user@example.net"], from: "app@other.example", identity: "other.example")) == "identity")
        #expect(await said(pool, try delivery(3, to: ["me@mail.example.com"])) == "relayed")
        await pool.close()
        await fixture.server.stop()
    }

    @Test func nobodyListens() async throws {
        let material = try Material()
        let server = try ScriptedServer(material)
        let port = server.port
        await server.stop()
        let pool = UpstreamPool(settings: settings(port: port, material), gate: CountingGate(), workers: WorkerPool(count: 1))
        #expect(await said(pool, try delivery()) == "unreachable")
        let trouble = await pool.probe()
        #expect(trouble != nil)
        #expect(pool.connectionCounts.open == 0)
        await pool.close()
    }
}
