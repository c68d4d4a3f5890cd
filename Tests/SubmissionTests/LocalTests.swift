import Intake
import MailModel
import MailQueue
import Rewriting
@testable import Submission
import Testing
import TestSupport

/// Sessions of programs of this host.
@Suite(.timeLimit(.minutes(2))) struct LocalTests {
    private static func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: Array(text.utf8)) }

    private func service(identity: String = "mail.example.com", mode: Account.Mode = .live) throws -> Service {
        let entries: [(AliasTable.Name, String)] = [
            (.address(try Self.mailbox("root@mail.example.com")), "admin@corp.example"),
            (.catchAll(try Domain("mail.example.com".utf8)), "everybody@corp.example"),
        ]
        let table = try AliasTable.make(entries.map { .init(name: $0.0, targets: [try Self.mailbox($0.1)]) }, mailboxes: []).table
        let local = try #require(AccountName("local"))
        return try Service { settings in
            settings.intake.aliases.table = table
            settings.accounts = AccountDirectory([Account(name: local, passwordHash: nil, mode: mode)])
            guard identity != "mail.example.com", let domain = try? Domain(identity.utf8), let sender = try? Self.mailbox("x@\(identity)")
            else { return }
            settings.intake.rules.identities.append(Identity(.domain(domain), defaultSender: sender))
        }
    }

    private func recipients(of service: Service, _ written: String, policy: ListenerPolicy.Security? = nil) async throws -> (Int, [String])
    {
        let account = try #require(AccountName("local"))
        let client = try await service.connect(policy ?? .local(account, user: 4711))
        _ = await client.reply()
        #expect(await client.ask("EHLO localhost") == 250)
        #expect(await client.ask("MAIL FROM:<daemon>") == (policy == nil ? 250 : 501))
        if policy != nil { _ = await client.ask("MAIL FROM:<>") }
        let code = await client.ask("RCPT TO:<\(written)>")
        if code == 250 {
            #expect(await client.ask("DATA") == 354)
            await client.send(Service.message() + ".\r\n")
            #expect(await client.code() == 250)
        }
        await client.hangUp()
        let stored = service.memory.messages
        return (code, stored.flatMap { $0.recipients.map(\.mailbox.description) })
    }

    @Test(arguments: [
        ("root", "admin@corp.example"), ("Root+x", "admin@corp.example"), ("root@localhost", "admin@corp.example"),
        ("root@relay.example.com", "admin@corp.example"),
        // No alias of their own: a catch-all is for mail from elsewhere.
        ("www-data", "ops@example.com"), ("postmaster", "ops@example.com"), ("www-data@relay.example.com", "ops@example.com"),
        ("other@mail.example.com", "everybody@corp.example"), ("ann@far.example", "ann@far.example"),
    ]) func users(written: String, expected: String) async throws {
        #expect(try await recipients(of: try service(), written) == (250, [expected]))
    }

    /// A host that is called as an identity: real mailboxes elsewhere have its addresses.
    @Test func hostThatIsAnIdentity() async throws {
        #expect(
            try await recipients(of: try service(identity: "relay.example.com"), "ann@relay.example.com") == (
                250, ["ann@relay.example.com"]
            ))
    }

    @Test func onlyForProgramsOfThisHost() async throws {
        let account = try #require(AccountName("local"))
        for written in ["root", "root@localhost"] {
            let (code, stored) = try await recipients(of: try service(), written, policy: .trusted(account))
            #expect(code / 100 == 5 && stored == [])
        }
    }

    /// What a test system may not reach includes no users: their mail goes to the operator.
    @Test func stagingMode() async throws {
        #expect(try await recipients(of: try service(mode: .allow([])), "www-data") == (250, ["ops@example.com"]))
        #expect(try await recipients(of: try service(mode: .allow([])), "ann@far.example").0 == 550)
        #expect(try await recipients(of: try service(mode: .allow([])), "ops@example.com").0 == 550)
    }

    @Test func whoItWas() async throws {
        let service = try service()
        _ = try await recipients(of: service, "root")
        let stored = try #require(service.memory.messages.first)
        #expect(stored.facts.client == "uid 4711")
        #expect(stored.facts.sender == "daemon@localhost")
        let header = String(decoding: stored.header, as: UTF8.self).replacing("\r\n", with: "")
        #expect(header.contains("from localhost (userid 4711) by relay.example.com"))
    }
}
