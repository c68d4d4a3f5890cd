import Cryptography
import MailModel
import Networking
@testable import Submission
import Testing

private func network(_ text: String) throws -> NetworkRange { try #require(NetworkRange(parsing: text)) }
private func client(_ text: String) throws -> SocketAddress { try #require(SocketAddress(parsing: "\(text):40000")) }

@Suite struct FadingCountersTests {
    private let start = ContinuousClock.now

    @Test func fadesAndStopsAtTheCeiling() {
        var counters = FadingCounters<Int>(fadingPerMinute: 6, ceiling: 10)
        for _ in 0..<1000 { counters.add(to: 1, at: start) }
        #expect(counters.value(of: 1, at: start) == 10)
        #expect(counters.value(of: 1, at: start + .seconds(30)) == 7)
        #expect(counters.value(of: 1, at: start + .seconds(3600)) == 0)
        #expect(counters.value(of: 2, at: start) == 0)
        counters.halve(1, at: start)
        #expect(counters.value(of: 1, at: start) == 5)
    }

    /// A million keys do not grow memory, and the worst is still remembered.
    @Test func isBounded() {
        var counters = FadingCounters<Int>(fadingPerMinute: 1, ceiling: 50, capacity: 1000)
        for _ in 0..<40 { counters.add(to: -1, at: start) }
        for key in 0..<100_000 { counters.add(to: key, at: start) }
        #expect(counters.count <= 1001)
        #expect(counters.value(of: -1, at: start) == 40)
    }
}

@Suite struct LoginThrottleTests {
    private let start = ContinuousClock.now
    private let app = AccountName("app")

    @Test func slowsDownThenRefusesThenForgives() throws {
        let throttle = LoginThrottle()
        let network = try network("198.51.100.7")
        for count in 0..<20 {
            guard case .check(let delay) = throttle.verdict(network: network, account: app, at: start) else {
                Issue.record("refused after \(count)")
                return
            }
            #expect(delay == .milliseconds(max(0, count - 3) * 250))
            throttle.failed(network: network, account: app, at: start)
        }
        #expect(throttle.verdict(network: network, account: app, at: start) == .refuse)
        #expect(throttle.verdict(network: network, account: app, at: start + .seconds(59)) == .refuse)
        guard case .check = throttle.verdict(network: network, account: app, at: start + .seconds(61)) else {
            Issue.record("not forgiven")
            return
        }
    }

    /// However long and hard the attack: a minute later the network is let in again, a guess at a time.
    @Test func pointsDoNotPileUp() throws {
        let throttle = LoginThrottle()
        let network = try network("198.51.100.7")
        for _ in 0..<100_000 { throttle.failed(network: network, account: app, at: start) }
        guard case .check = throttle.verdict(network: network, account: nil, at: start + .seconds(61)) else {
            Issue.record("locked out")
            return
        }
    }

    /// Guessing at an account from everywhere does not lock its owner out, even from an address never seen before.
    @Test func theVictimIsNotLockedOut() throws {
        let throttle = LoginThrottle()
        for number in 0..<1000 { throttle.failed(network: try network("203.0.\(number / 250).\(number % 250)"), account: app, at: start) }
        #expect(throttle.verdict(network: try network("198.51.100.1"), account: app, at: start) == .check(delayIfWrong: .zero))
        // Each of the attackers gets no second guess.
        #expect(throttle.verdict(network: try network("203.0.1.17"), account: app, at: start) == .refuse)
        // One that logged in before may mistype.
        let known = try network("198.51.100.2")
        throttle.succeeded(network: known, account: try #require(app), at: start)
        throttle.failed(network: known, account: app, at: start)
        #expect(throttle.verdict(network: known, account: app, at: start) == .check(delayIfWrong: .zero))
        // Another account is not touched.
        #expect(throttle.verdict(network: try network("203.0.1.17"), account: AccountName("crm"), at: start) == .check(delayIfWrong: .zero))
    }

    @Test func successForgivesHalf() throws {
        let throttle = LoginThrottle()
        let network = try network("198.51.100.7")
        for _ in 0..<10 { throttle.failed(network: network, account: app, at: start) }
        throttle.succeeded(network: network, account: try #require(app), at: start)
        #expect(throttle.verdict(network: network, account: app, at: start) == .check(delayIfWrong: .milliseconds(500)))
    }
}

@Suite struct StrangerLimiterTests {
    private let start = ContinuousClock.now

    @Test(arguments: [
        ("203.0.113.5", 60), ("127.0.0.1", 600), ("10.1.2.3", 600), ("192.168.0.9", 600), ("[2001:db8::1]", 60), ("[fd00::1]", 600),
    ])
    func limits(address: String, limit: Int) throws {
        let limiter = StrangerLimiter()
        let client = try client(address)
        for count in 0..<limit {
            try #require(limiter.admits(client, at: start), "after \(count)")
            limiter.leftUnknown(client, at: start)
        }
        #expect(!limiter.admits(client, at: start))
        for _ in 0..<10_000 { limiter.leftUnknown(client, at: start) }
        // One is free again after a sixtieth, or six-hundredth, of a minute; all after a minute.
        #expect(limiter.admits(client, at: start + .seconds(60.5 / Double(limit))))
        #expect(!limiter.admits(client, at: start + .seconds(59.5 / Double(limit))))
    }

    @Test func otherNetworksAreNotTouched() throws {
        let limiter = StrangerLimiter()
        for _ in 0..<100 { limiter.leftUnknown(try client("203.0.113.5"), at: start) }
        #expect(limiter.admits(try client("203.0.113.6"), at: start))
        // An IPv6 customer is a /64.
        for number in 1...100 { limiter.leftUnknown(try client("[2001:db8::\(number)]"), at: start) }
        #expect(!limiter.admits(try client("[2001:db8::ffff]"), at: start))
        #expect(limiter.admits(try client("[2001:db8:0:1::1]"), at: start))
    }
}

@Suite struct ConnectionLimiterTests {
    @Test func countsInAllAndByNetwork() throws {
        let limiter = ConnectionLimiter()
        let (one, two) = (try network("203.0.113.5"), try network("203.0.113.6"))
        let entered = (0..<3).map { _ in limiter.enter(network: one, limit: 5, limitPerNetwork: 2) }
        #expect(entered == [true, true, false])
        let others = (0..<4).map { _ in limiter.enter(network: two, limit: 5, limitPerNetwork: 10) }
        #expect(others == [true, true, true, false])
        #expect(limiter.count == 5)
        limiter.leave(network: one)
        #expect(limiter.enter(network: one, limit: 5, limitPerNetwork: 2))
        for network in [one, one, two, two, two] { limiter.leave(network: network) }
        #expect(limiter.count == 0)
    }
}

@Suite struct AccountRateLimiterTests {
    @Test func aPeriodsWorthAtOnceThenEvenly() throws {
        let limiter = AccountRateLimiter()
        let start = ContinuousClock.now
        let (app, crm) = (try #require(AccountName("app")), try #require(AccountName("crm")))
        let rate = Account.Rate(count: 5, per: .seconds(1))
        #expect((0..<5).allSatisfy { _ in limiter.take(1, account: app, rate: rate, at: start) == nil })
        let wait = try #require(limiter.take(1, account: app, rate: rate, at: start))
        #expect(abs(wait.inSeconds - 0.2) < 0.001)
        #expect(limiter.take(1, account: crm, rate: rate, at: start) == nil)
        #expect(limiter.take(1, account: app, rate: rate, at: start + .milliseconds(201)) == nil)
        #expect(limiter.take(1, account: app, rate: rate, at: start + .milliseconds(202)) != nil)
        // More at once than a period allows passes when nothing else was sent.
        #expect(limiter.take(50, account: app, rate: rate, at: start + .seconds(60)) == nil)
        #expect(limiter.take(1, account: app, rate: rate, at: start + .seconds(61)) != nil)
    }

    @Test func zeroIsNotAnEndlessWait() throws {
        let limiter = AccountRateLimiter()
        let app = try #require(AccountName("app"))
        #expect(limiter.take(1, account: app, rate: Account.Rate(count: 0, per: .zero), at: .now) == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct PasswordVerifierTests {
    private let start = ContinuousClock.now

    private func account(_ hash: String?) throws -> Account { Account(name: try #require(AccountName("app")), passwordHash: hash) }
    private func secret(_ text: String) -> Secret { Secret(Array(text.utf8)) }

    private func verify(_ verifier: PasswordVerifier, _ password: String, of account: Account?) async -> PasswordVerifier.Verdict {
        await withCheckedContinuation { continuation in
            verifier.verify(secret(password), of: account, at: start) { continuation.resume(returning: $0) }
        }
    }

    @Test func remembersOnlyWhatIsRight() async throws {
        let verifier = try PasswordVerifier(concurrency: 1)
        let account = try account(try Service.hash.get())
        #expect(!verifier.remembers(secret("right"), of: account, at: start))
        #expect(await verify(verifier, "wrong", of: account) == .wrong)
        #expect(!verifier.remembers(secret("wrong"), of: account, at: start))
        #expect(await verify(verifier, "right", of: account) == .right)
        #expect(verifier.remembers(secret("right"), of: account, at: start))
        #expect(!verifier.remembers(secret("wrong"), of: account, at: start))
        #expect(!verifier.remembers(secret("right "), of: account, at: start))
        #expect(verifier.remembers(secret("right"), of: account, at: start + .seconds(3599)))
        #expect(!verifier.remembers(secret("right"), of: account, at: start + .seconds(3601)))
        // Another hash, even of the same password, and the memory is void; the same goes for no hash at all.
        #expect(!verifier.remembers(secret("right"), of: try self.account(try PasswordHash.make(Array("right".utf8))), at: start))
        #expect(!verifier.remembers(secret("right"), of: try self.account(nil), at: start))
    }

    @Test func admitsAPasswordForAWhile() async throws {
        let verifier = try PasswordVerifier(concurrency: 1)
        let account = try account(try Service.hash.get())
        #expect(verifier.admit(secret("once"), of: account, at: start, for: .seconds(60)))
        #expect(verifier.remembers(secret("once"), of: account, at: start + .seconds(59)))
        #expect(!verifier.remembers(secret("once"), of: account, at: start + .seconds(60)))
        #expect(await verify(verifier, "once", of: account) == .wrong, "it is nobody's password")
        #expect(await verify(verifier, "right", of: account) == .right, "and the account's own goes on working")
        #expect(!verifier.remembers(secret("once"), of: try self.account(try PasswordHash.make(Array("new".utf8))), at: start))
        #expect(!verifier.admit(secret("once"), of: try self.account(nil), at: start, for: .seconds(60)))
    }

    @Test func unknownAndClosedAccountsAreWrong() async throws {
        let verifier = try PasswordVerifier(concurrency: 1)
        #expect(await verify(verifier, "right", of: nil) == .wrong)
        #expect(await verify(verifier, "", of: nil) == .wrong)
        #expect(await verify(verifier, "right", of: try account(nil)) == .wrong)
        let long = String(repeating: "x", count: 1 << 20)
        #expect(await verify(verifier, long, of: try account(try Service.hash.get())) == .wrong)
    }

    @Test func refusesMoreThanItCanCheck() async throws {
        let verifier = try PasswordVerifier(concurrency: 1)
        let account = try account(try Service.hash.get())
        let verdicts = await withTaskGroup(of: PasswordVerifier.Verdict.self) { group in
            for _ in 0..<600 { group.addTask { await verify(verifier, "wrong", of: account) } }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(verdicts[.overloaded, default: 0] > 0)
        #expect(verdicts[.wrong, default: 0] >= 512)
        #expect(await verify(verifier, "right", of: account) == .right, "and goes on after that")
    }
}
