import MailModel
import MailQueue
@testable import Submission
import Testing

/// What an account may still send, and to whom nobody may.
@Suite(.timeLimit(.minutes(1))) struct AllowanceTests {
    // MARK: Daily

    @Test func theDailyLimitIsKeptToTheRecipient() async throws {
        let service = try Service(daily: 3)
        let client = try await service.trusted()
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == 250)
        for name in ["a", "b", "c"] { #expect(await client.ask("RCPT TO:<\(name)@example.net>") == 250) }
        #expect(await client.ask("RCPT TO:<d@example.net>") == 450)
        #expect(await client.ask("DATA") == 354)
        #expect(await client.ask(Service.message() + ".") == 250)
        #expect(service.memory.ledger.accepted(try #require(AccountName("local")), at: Service.now) == 3)
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == 250)
        #expect(await client.ask("RCPT TO:<e@example.net>") == 450)
    }

    /// Two sessions that ask at the same time do not get the same places.
    @Test func placesAreTakenAtTheFinalDot() throws {
        let use = AccountUse()
        let store = MemoryQueueStore()
        let name = try #require(AccountName("crm"))
        let now = Timestamp(seconds: 0)
        #expect(use.take(2, of: 3, account: name, ledger: store.ledger, at: now))
        #expect(!use.take(2, of: 3, account: name, ledger: store.ledger, at: now))
        #expect(use.left(of: 3, account: name, ledger: store.ledger, at: now) == 1)
        use.settled(2, account: name)
        #expect(use.left(of: 3, account: name, ledger: store.ledger, at: now) == 3)
    }

    // MARK: Backlog

    private struct TooLong: BacklogGuard {
        func refusal(for account: AccountName) -> String? { account.description == "local" ? "The queue is too long" : nil }
    }

    @Test func aBacklogThatCannotLeaveInTimeRefusesAtMail() async throws {
        let service = try Service(backlog: TooLong())
        let client = try await service.trusted()
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == 452)
        let other = try await service.loggedIn()
        #expect(await other.ask("MAIL FROM:<app@mail.example.com>") == 250)
    }

    @Test(arguments: [
        // Own backlog, another's, rate, lifetime in seconds, refused?
        (0, 0, 14.0, 900, false), (6299, 0, 14, 900, false), (6301, 0, 14, 900, true),
        // Another's backlog counts as far as one's own goes: the road is shared.
        (1000, 1_000_000, 14, 900, false), (4000, 1_000_000, 14, 900, true), (10, 1_000_000, 14, 900, false),
        (5_000_000, 0, 14, 4 * 86_400, true), (2_000_000, 0, 14, 4 * 86_400, false), (1_000_000, 0, 0, 900, false),
    ])
    func estimates(own: Int, other: Int, rate: Double, lifetime: Int, isRefused: Bool) throws {
        let name = try #require(AccountName("own"))
        let estimate = BacklogEstimate(open: [name: own, try #require(AccountName("other")): other], rate: rate)
        #expect((estimate.refusal(for: name, lifetime: .seconds(lifetime)) != nil) == isRefused)
    }

    // MARK: Suppression

    @Test(arguments: [(Suppression.Origin.bounce, "5.1.1"), (.operator, "5.7.1")])
    func aSuppressedAddressIsRefusedWithTheReason(origin: Suppression.Origin, status: String) async throws {
        let service = try Service()
        let gone = try Mailbox(parsing: Array("gone@example.net".utf8))
        try await service.memory.suppress(
            Suppression(mailbox: gone, since: Timestamp(seconds: 1_767_312_000), reason: "550 user unknown", origin: origin))
        let client = try await service.trusted()
        #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == 250)
        await client.send("RCPT TO:<gone@EXAMPLE.net>\r\n")
        let reply = try #require(await client.reply())
        #expect(reply.hasPrefix("550 \(status) gone@example.net is suppressed"), "\(reply)")
        #expect(reply.contains("2026-01-02") && reply.contains("550 user unknown") && reply.contains("fairlead suppress remove"))
        #expect(await client.ask("RCPT TO:<here@example.net>") == 250)
    }
}
