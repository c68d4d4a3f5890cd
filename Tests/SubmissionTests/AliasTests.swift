import Intake
import MailModel
import MailQueue
import Rewriting
@testable import Submission
import Testing
import TestSupport

/// Recipients that are aliases, and accounts that reach nothing else.
@Suite(.timeLimit(.minutes(2))) struct AliasTests {
    private static func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: Array(text.utf8)) }

    private func service(isInbound: Bool = false, daily: Int? = nil, mode: Account.Mode? = nil) throws -> Service {
        let targets = try ["anna@corp.example", "ben@corp.example"].map(Self.mailbox)
        let many = try (0..<600).map { try Self.mailbox("u\($0)@corp.example") }
        let more = try (0..<600).map { try Self.mailbox("v\($0)@corp.example") }
        let table = AliasTable.make(
            [
                .init(name: .address(try Self.mailbox("support@mail.example.com")), targets: targets),
                .init(name: .address(try Self.mailbox("sales@mail.example.com")), targets: [try Self.mailbox("carl@corp.example")]),
                .init(name: .address(try Self.mailbox("many@mail.example.com")), targets: many),
                .init(name: .address(try Self.mailbox("more@mail.example.com")), targets: more),
            ], mailboxes: []
        ).table
        let local = try #require(AccountName("local"))
        return try Service(daily: daily) { settings in
            settings.intake.aliases.table = table
            if isInbound { settings.intake.aliases.inbound[local] = InboundPolicy() }
            if let mode { settings.accounts = AccountDirectory([Account(name: local, passwordHash: nil, mode: mode)]) }
        }
    }

    private func ask(_ client: Client, _ commands: String...) async -> [String] {
        var replies: [String] = []
        for command in commands {
            await client.send(command + "\r\n")
            replies.append(await client.reply() ?? "")
        }
        return replies
    }

    @Test(arguments: ["one\r\n", String(repeating: String(repeating: "x", count: 76) + "\r\n", count: 3000)])
    func oneCommitForAllGroups(_ body: String) async throws {
        let service = try service()
        let client = try await service.trusted()
        #expect(
            await ask(
                client, "MAIL FROM:<app@mail.example.com>", "RCPT TO:<user@example.net>", "RCPT TO:<support+x@mail.example.com>",
                "RCPT TO:<sales@mail.example.com>", "DATA"
            ).map { $0.prefix(3) } == ["250", "250", "250", "250", "354"])
        let calls = service.store.calls
        await client.send(Service.message(body: body) + ".\r\n")
        let reply = try #require(await client.reply())
        let stored = service.memory.messages.sorted { $0.id < $1.id }
        #expect(
            stored.map { $0.recipients.map(\.mailbox.description) } == [
                ["user@example.net"], ["anna@corp.example", "ben@corp.example"], ["carl@corp.example"],
            ])
        #expect(stored.map(\.facts.alias) == [nil, "support@mail.example.com", "sales@mail.example.com"])
        #expect(service.store.calls == calls + 1)
        #expect(reply.hasSuffix("queued as \(try #require(stored.first).id)"))
        #expect(service.next.seen.accepted == stored.map(\.id))
        #expect(Set(stored.map(\.body.count)) == [body.utf8.count])
        for message in stored {
            guard case .file(let file) = message.body else { continue }
            #expect(file.id == message.id)
            let reader = try await service.memory.openBody(file)
            var read = 0
            while let piece = try await reader.next() { read += piece.count }
            #expect(read == body.utf8.count)
        }
        await client.hangUp()
    }

    @Test func inboundAccounts() async throws {
        let service = try service(isInbound: true)
        let client = try await service.trusted()
        let no = "550 5.1.1 This email address is not accepted by this domain."
        let replies = await ask(
            client, "MAIL FROM:<>", "RCPT TO:<user@example.net>", "RCPT TO:<other@mail.example.com>", "RCPT TO:<postmaster>", "DATA",
            "RCPT TO:<Support+x@mail.example.com>", "DATA")
        #expect(replies[1...3] == [no, no, no])
        #expect(replies[4].hasPrefix("5") && replies[5].hasPrefix("250") && replies[6].hasPrefix("354"))
        await client.send("From: A <a@far.example>\r\nX-SES-RECEIPT: x\r\n\r\nHello\r\n.\r\n")
        #expect(await client.code() == 250)
        let stored = try #require(service.memory.messages.first)
        #expect(stored.facts.fromAfter == "support@mail.example.com" && stored.facts.fromBefore == "a@far.example")
        #expect(stored.facts.sender == "")
        await client.hangUp()
    }

    @Test func limitsCountTargets() async throws {
        let service = try service(daily: 2)
        let client = try await service.trusted()
        let replies = await ask(
            client, "MAIL FROM:<app@mail.example.com>", "RCPT TO:<many@mail.example.com>", "RCPT TO:<support@mail.example.com>", "RSET")
        #expect(replies.map { $0.prefix(3) } == ["250", "450", "250", "250"])
        await client.hangUp()
    }

    @Test func tooManyTargetsInOneMessage() async throws {
        let service = try service()
        let client = try await service.trusted()
        let replies = await ask(
            client, "MAIL FROM:<app@mail.example.com>", "RCPT TO:<many@mail.example.com>", "RCPT TO:<more@mail.example.com>", "RSET",
            "MAIL FROM:<app@mail.example.com>", "RCPT TO:<more@mail.example.com>")
        #expect(replies.map { $0.prefix(9) } == ["250 2.1.0", "250 2.1.5", "452 4.5.3", "250 2.0.0", "250 2.1.0", "250 2.1.5"])
        await client.hangUp()
    }

    /// A test system reaches no target that it may not mail, and does not learn who that is.
    @Test func staging() async throws {
        let service = try service(mode: .allow([try AddressPattern(parsing: "*@mail.example.com".utf8)]))
        let client = try await service.trusted()
        let replies = await ask(client, "MAIL FROM:<app@mail.example.com>", "RCPT TO:<support@mail.example.com>")
        #expect(replies[1].hasPrefix("550 5.7.1 Account local is in staging mode") && !replies[1].contains("anna"))
        await client.hangUp()
    }

    @Test func suppressedTargets() async throws {
        let service = try service()
        for name in ["anna", "ben"] {
            try await service.memory.suppress(
                Suppression(mailbox: try Self.mailbox("\(name)@corp.example"), since: Service.now, reason: "550 gone", origin: .bounce))
            let client = try await service.trusted()
            let replies = await ask(client, "MAIL FROM:<app@mail.example.com>", "RCPT TO:<support@mail.example.com>")
            #expect(replies[1].hasPrefix(name == "anna" ? "250" : "550 5.1.1 No target of the alias support@mail.example.com"))
            await client.hangUp()
        }
    }
}
