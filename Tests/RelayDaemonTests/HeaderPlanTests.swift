import ControlProtocol
import Cryptography
import DKIM
import Intake
import MailModel
import MailQueue
import MessageFormat
@testable import RelayDaemon
import Rewriting
import Submission
import Testing

/// What `queue rewrite` would do to one message.
@Suite struct HeaderPlanTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let id = QueueID(200_000_000_000 << 21)

    private func settings(_ domain: String = "mail.example.com", generation: String = "one") throws -> IntakeSettings {
        let domain = try Domain(Array(domain.utf8))
        let sender = try Mailbox(parsing: Array("no-reply@\(domain)".utf8))
        let signer = HeaderSigner(
            domain: domain, selector: try #require(Selector("fl2026")), key: RSASigningKey(try RSAPrivateKey.generate()))
        var settings = IntakeSettings(
            hostname: try Domain(Array("relay.example.com".utf8)),
            rules: RewriteRules(identities: [Identity(.domain(domain), defaultSender: sender)]), signers: [signer])
        settings.generation = generation
        return settings
    }

    private func queued(_ settings: IntakeSettings, to address: String = "anna@corp.example") throws -> (QueuedMessage, KeptOriginal) {
        let id = try #require(Self.id)
        let account = try #require(AccountName("crm"))
        var reader = MessageReader(settings: settings)
        let octets = Array("From: \"App\" <app@localhost>\r\nSubject: x\r\n\r\nHello\r\n".utf8)
        let body = octets.withUnsafeBytes { Array(reader.feed($0)) }
        let to = try Mailbox(parsing: Array(address.utf8))
        let all = try reader.finishGroups(
            envelope: Envelope(reversePath: .null, recipients: [to]), account: account, queueID: id, nextID: { id },
            isSuppressed: { _ in false },
            received: ReceivedInfo(helloName: Array("app".utf8), address: "192.0.2.7", transfer: .esmtpAuthenticated), now: Self.now)
        let prepared = try #require(all.first)
        var facts = MessageFacts()
        facts.take(prepared, by: settings)
        facts.alias = prepared.alias?.description
        let message = QueuedMessage(
            id: id, account: account, acceptedAt: Self.now, reversePath: prepared.envelope.reversePath,
            recipients: prepared.envelope.recipients.map { QueuedRecipient(index: 0, mailbox: $0, nextAttempt: Self.now) },
            header: prepared.headerOctets,
            body: .inline(body), is8Bit: false, facts: facts)
        let original = prepared.original
        return (
            message,
            KeptOriginal(
                header: original.header, reversePath: original.envelope.reversePath,
                recipients: prepared.alias == nil ? nil : original.envelope.recipients, bodyRepair: original.repair.code,
                bodyHash: original.bodyHash, helloName: original.received.helloName, client: original.received.address,
                transfer: original.received.transfer.rawValue, generation: original.generation)
        )
    }

    @Test func theSameSettingsNeedNothing() throws {
        let settings = try settings()
        let (message, kept) = try queued(settings)
        let plan = HeaderPlan(message, kept, settings: settings, now: Self.now + .seconds(60))
        #expect(plan.outcome.result == .unchanged && plan.replacement == nil)
    }

    /// Another key under the same name makes other settings, and the same header but for the signature.
    @Test func otherSettingsSignAnew() throws {
        let (message, kept) = try queued(try settings())
        let plan = HeaderPlan(message, kept, settings: try settings(generation: "two"), now: Self.now + .seconds(60))
        #expect(plan.outcome.result == .rewritten && plan.outcome.fromBefore == plan.outcome.fromAfter)
        #expect(plan.outcome.generationBefore == "one" && plan.outcome.generationAfter == "two")
    }

    /// What an alias sent on stays its: From is the alias, the targets are the same, and only the rules are today's.
    @Test func anAliasSendsOnByTodaysRules() throws {
        var settings = try settings()
        let alias = try Mailbox(parsing: Array("support@mail.example.com".utf8))
        let anna = try Mailbox(parsing: Array("anna@corp.example".utf8))
        settings.aliases.table = AliasTable.make([.init(name: .address(alias), targets: [anna])], mailboxes: []).table
        let (message, kept) = try queued(settings, to: "support+7@mail.example.com")
        #expect(message.facts.alias == alias.description && message.recipients.map(\.mailbox.description) == ["anna@corp.example"])
        #expect(HeaderPlan(message, kept, settings: settings, now: Self.now).outcome.result == .unchanged)
        settings.generation = "two"
        settings.rules.fields = FieldRules(added: [try HeaderField(named: "X-Added", text: "1")])
        let plan = HeaderPlan(message, kept, settings: settings, now: Self.now)
        let header = String(decoding: try #require(plan.replacement).header, as: UTF8.self)
        #expect(header.contains("<support@mail.example.com>") && header.contains("X-Added: 1") && !header.contains("anna@"))
        settings.rules.identities = []
        let refused = HeaderPlan(message, kept, settings: settings, now: Self.now)
        #expect(refused.outcome.result == .refused && refused.replacement == nil)
    }

    @Test func anotherIdentityTakesItsPlace() throws {
        let (message, kept) = try queued(try settings())
        let plan = HeaderPlan(message, kept, settings: try settings("news.example.org", generation: "two"), now: Self.now)
        let replacement = try #require(plan.replacement)
        #expect(plan.outcome.fromBefore == "no-reply@mail.example.com" && plan.outcome.fromAfter == "no-reply@news.example.org")
        #expect(replacement.facts.identity == "news.example.org" && replacement.reversePath.description == "no-reply@news.example.org")
        #expect(replacement.before == message.header && replacement.facts.messageID == message.facts.messageID)
        let event = try #require(replacement.events.first)
        #expect(event.name == .rewritten && event.fromAfter == "no-reply@news.example.org")
        #expect(event.reply?.contains("reverse-path no-reply@mail.example.com -> no-reply@news.example.org") == true)
        #expect(event.reply?.contains("identity mail.example.com -> news.example.org") == true)
    }

    @Test func whatTodaysRulesRefuseStays() throws {
        let (message, kept) = try queued(try settings())
        var strict = try settings(generation: "two")
        strict.rules.unverifiedFrom = .reject
        let plan = HeaderPlan(message, kept, settings: strict, now: Self.now)
        #expect(plan.outcome.result == .refused && plan.replacement == nil)
        #expect(plan.outcome.reason?.contains("app@localhost is not allowed") == true)
    }

    /// One that went to others than the client named is not made anew by rules that would send it elsewhere.
    @Test func whoGetsItIsNotChanged() throws {
        let (message, kept) = try queued(try settings())
        var other = kept
        other.recipients = [try Mailbox(parsing: Array("team@mail.example.com".utf8))]
        let plan = HeaderPlan(message, other, settings: try settings(generation: "two"), now: Self.now)
        #expect(plan.outcome.result == .refused && plan.replacement == nil)
    }
}
