import Cryptography
import DKIM
import Intake
import MailModel
import MessageFormat
import Rewriting
import Testing

/// What each group of recipients gets when some of them are aliases.
@Suite struct AliasGroupTests {
    private static let inbound = AccountName("ses")!
    private static let app = AccountName("crm")!

    private static func made(_ change: (inout IntakeSettings) -> Void = { _ in }) throws -> IntakeSettings {
        var settings = try settings()
        let (table, faults) = AliasTable.make(
            [
                .init(
                    name: .address(try mailbox("support@mail.example.com")),
                    targets: [try mailbox("anna@c.example"), try mailbox("ben@d.example")]),
                .init(
                    name: .address(try mailbox("sales@mail.example.com")),
                    targets: [try mailbox("ben@d.example"), try mailbox("carl@c.example")]),
                .init(name: .catchAll(try Domain(octets("desk.mail.example.com"))), targets: [try mailbox("ops@c.example")]),
            ], mailboxes: [])
        #expect(faults.isEmpty)
        settings.aliases.table = table
        settings.aliases.inbound[inbound] = InboundPolicy(spam: .mark, virus: .refuse)
        change(&settings)
        return settings
    }

    private static func groups(
        _ header: String, to recipients: [String], account: AccountName = inbound, suppressed: Set<Mailbox> = [],
        settings: IntakeSettings? = nil
    ) throws -> [PreparedMessage] {
        let message = octets(header + "\r\n\r\nbody\r\n")
        var reader = MessageReader(settings: try settings ?? made())
        message.withUnsafeBytes { _ = reader.feed($0) }
        let needsRepair = reader.beginRepair()
        #expect(!needsRepair)
        var next: Int64 = 0x2000
        return try reader.finishGroups(
            envelope: Envelope(reversePath: .null, recipients: try recipients.map(mailbox)), account: account, queueID: QueueID(0x1000)!,
            nextID: {
                next += 1
                return QueueID(next)!
            }, isSuppressed: { suppressed.contains($0) },
            received: ReceivedInfo(helloName: octets("mx"), address: "192.0.2.7", transfer: .esmtpOverTLS), now: arrival)
    }

    private static let from = "From: Ann Example <ann@far.example>\r\nTo: support@mail.example.com"

    /// The fields of that name, unfolded.
    private static func values(_ name: String, in message: PreparedMessage) throws -> [String] {
        try HeaderBlock(parsing: Array(message.headerOctets.dropLast(2))).fields.filter { text($0.nameOctets) == name }.map {
            text($0.unfolded)
        }
    }

    @Test(
        arguments: [
            (["support@mail.example.com"], ["support@mail.example.com": "anna@c.example ben@d.example"]),
            (["support+x@mail.example.com", "Support@mail.example.com"], ["support@mail.example.com": "anna@c.example ben@d.example"]),
            (
                ["support@mail.example.com", "ben@d.example", "x@y.example"],
                [nil: "ben@d.example x@y.example", "support@mail.example.com": "anna@c.example"]
            ),
            (
                ["sales@mail.example.com", "support@mail.example.com"],
                ["sales@mail.example.com": "ben@d.example carl@c.example", "support@mail.example.com": "anna@c.example"]
            ),
            (["sales@mail.example.com", "carl@c.example", "ben@d.example"], [nil: "carl@c.example ben@d.example"]),
            (["a+b@desk.mail.example.com", "c@desk.mail.example.com"], ["a@desk.mail.example.com": "ops@c.example"]),
            (["x@y.example"], [nil: "x@y.example"]),
        ] as [([String], [String?: String?])])
    func groups(_ recipients: [String], _ expected: [String?: String?]) throws {
        let prepared = try Self.groups(Self.from, to: recipients, account: Self.app)
        let found = Dictionary(
            uniqueKeysWithValues: prepared.map { ($0.alias?.description, $0.envelope.recipients.map(\.description).joined(separator: " ")) }
        )
        #expect(found == expected.compactMapValues { $0 })
        #expect(Set(prepared.map(\.queueID)).count == prepared.count)
        #expect(prepared.first?.queueID == QueueID(0x1000)!)
    }

    @Test func theAliasIsTheAuthor() throws {
        let message = try #require(try Self.groups(Self.from, to: ["support+x@mail.example.com"]).first)
        #expect(try Self.values("From", in: message) == ["Ann Example via support <support@mail.example.com>"])
        #expect(try Self.values("Reply-To", in: message) == ["Ann Example <ann@far.example>"])
        #expect(try Self.values("X-Original-From", in: message) == ["Ann Example <ann@far.example>"])
        #expect(try Self.values("To", in: message) == ["support@mail.example.com"])
        #expect(try Self.values("Received", in: message).first?.contains("for <support+x@mail.example.com>;") == true)
        #expect(message.envelope.reversePath == .mailbox(try mailbox("no-reply@mail.example.com")))
        #expect(!text(message.headerOctets).contains("anna@"))
        try verify(Taken(prepared: message, body: octets("body\r\n")))
    }

    @Test(
        arguments: [
            // (header, From, Reply-To)
            ("From: ann@far.example", "ann via support <support@mail.example.com>", "ann@far.example"),
            (
                "From: \"ann@bank.example\" <a@far.example>", "a via support <support@mail.example.com>",
                "\"ann@bank.example\" <a@far.example>"
            ),
            ("From: Ann <a@far.example>\r\nReply-To: b@far.example", "Ann via support <support@mail.example.com>", "b@far.example"),
            ("From: root@localhost", "root via support <support@mail.example.com>", nil),
            ("From: Crm <crm@mail.example.com>", "Crm via support <support@mail.example.com>", "Crm <crm@mail.example.com>"),
            ("From: Team <support@mail.example.com>", "Team <support@mail.example.com>", nil),
            ("From: Team <support+x@mail.example.com>", "Team <support+x@mail.example.com>", nil),
        ] as [(String, String, String?)])
    func names(_ header: String, _ from: String, _ replyTo: String?) throws {
        let message = try #require(try Self.groups(header, to: ["support@mail.example.com"], account: Self.app).first)
        #expect(try Self.values("From", in: message) == [from])
        #expect(try Self.values("Reply-To", in: message).first == replyTo)
    }

    @Test func oneMessageForEachTargetThatSeesItself() throws {
        let settings = try Self.made { $0.aliases.showsTarget = true }
        let header = "From: ann@far.example\r\nTo: \"Help\" <support+x@mail.example.com>, bob@far.example\r\nCc: sales@mail.example.com"
        let prepared = try Self.groups(header, to: ["support+x@mail.example.com"], settings: settings)
        #expect(
            try prepared.map { try Self.values("To", in: $0) } == [
                ["Help <anna@c.example>, bob@far.example"], ["Help <ben@d.example>, bob@far.example"],
            ])
        #expect(try prepared.allSatisfy { try Self.values("Cc", in: $0) == ["sales@mail.example.com"] })
        #expect(prepared.map { $0.envelope.recipients.count } == [1, 1])
    }

    @Test(
        arguments: [
            ("X-SES-Spam-Verdict: FAIL\r\nSubject: Buy", "[SPAM] Buy"),
            ("X-SES-Spam-Verdict:  fail \r\nX-SES-Spam-Verdict: PASS\r\nSubject: Buy", "[SPAM] Buy"),
            ("X-SES-Spam-Verdict: PASS\r\nSubject: Buy", "Buy"),
            ("X-SES-Spam-Verdict: GRAY\r\nSubject: Buy", "Buy"),
            ("X-SES-Spam-Verdict: FAIL\r\nSubject: [SPAM] Buy", "[SPAM] Buy"),
            ("X-SES-Spam-Verdict: FAIL\r\nSubject: ", "[SPAM]"),
            ("X-SES-Spam-Verdict: FAIL", "[SPAM]"),
            ("X-SES-Spam-Verdict: FAIL\r\nSubject: =?utf-8?q?K=C3=B6ln?=\r\n today", "[SPAM] =?utf-8?q?K=C3=B6ln?= today"),
            ("X-SES-Spam-Verdict: FAIL\r\nSubject: " + String(repeating: "x", count: 985), "[SPAM] " + String(repeating: "x", count: 985)),
        ] as [(String, String)])
    func marks(_ fields: String, _ subject: String) throws {
        let message = try #require(try Self.groups(Self.from + "\r\n" + fields, to: ["support@mail.example.com"]).first)
        #expect(try Self.values("Subject", in: message) == [subject])
        #expect(!text(message.headerOctets).lowercased().contains("x-ses-"))
    }

    @Test(
        arguments: [
            ("X-SES-Virus-Verdict: FAIL", ["support@mail.example.com"], "550 5.7.1 Amazon SES found a virus"),
            ("Subject: x", ["support@mail.example.com", "x@y.example"], "451 4.2.4 The aliases changed"),
            ("Subject: x", ["x@y.example"], "451 4.2.4 The aliases changed"),
        ] as [(String, [String], String)])
    func refusals(_ fields: String, _ recipients: [String], _ expected: String) throws {
        #expect(refusal { try Self.groups(Self.from + "\r\n" + fields, to: recipients) }.hasPrefix(expected))
    }

    @Test(
        arguments: [
            ("support@mail.example.com", inbound, "554 5.4.6"), ("Sales+x@mail.example.com", inbound, "accepted"),
            ("a@desk.mail.example.com", inbound, "accepted"), ("crm@mail.example.com", inbound, "accepted"),
            ("support@mail.example.com", app, "accepted"),
        ] as [(String, AccountName, String)])
    func loops(_ author: String, _ account: AccountName, _ expected: String) throws {
        let said = refusal { try Self.groups("From: \(author)", to: ["support@mail.example.com"], account: account) }
        #expect(said.hasPrefix(expected), "\(said)")
    }

    @Test func suppressedTargets() throws {
        let anna = try mailbox("anna@c.example")
        let prepared = try Self.groups(Self.from, to: ["support@mail.example.com"], suppressed: [anna])
        #expect(prepared.map { $0.envelope.recipients.map(\.description) } == [["ben@d.example"]])
        let both: Set<Mailbox> = [anna, try mailbox("ben@d.example")]
        #expect(refusal { try Self.groups(Self.from, to: ["support@mail.example.com"], suppressed: both) }.hasPrefix("550 5.1.1 No target"))
    }

    @Test func theSameAgainForSomeTargets() throws {
        let first = try #require(try Self.groups(Self.from, to: ["support@mail.example.com"]).first)
        let message = octets(Self.from + "\r\n\r\nbody\r\n")
        var reader = MessageReader(settings: try Self.made())
        message.withUnsafeBytes { _ = reader.feed($0) }
        let again = try reader.finish(
            envelope: first.original.envelope, targets: [try mailbox("ben@d.example")], account: Self.inbound,
            queueID: first.queueID, sentOnBy: try mailbox("support@mail.example.com"),
            received: ReceivedInfo(helloName: octets("mx"), address: "192.0.2.7", transfer: .esmtpOverTLS), now: arrival)
        for name in ["From", "Reply-To", "To", "Received", "X-Original-From"] {
            #expect(try Self.values(name, in: again) == Self.values(name, in: first))
        }
        #expect(again.envelope.recipients.map(\.description) == ["ben@d.example"])
        #expect(again.envelope.reversePath == first.envelope.reversePath && again.alias == first.alias)
    }

    /// A test system that sends all to one address mails no target.
    @Test func stagingIsNotExpanded() throws {
        let settings = try Self.made { settings in
            var account = RewriteRules.Account()
            account.redirect = try? mailbox("tester@c.example")
            settings.rules.accounts[Self.app] = account
        }
        let prepared = try Self.groups(Self.from, to: ["support@mail.example.com"], account: Self.app, settings: settings)
        #expect(prepared.map { $0.envelope.recipients.map(\.description) } == [["tester@c.example"]])
        #expect(prepared.map(\.alias) == [nil])
    }

    @Test func aMessageOfItsOwnForBounces() throws {
        let settings = try Self.made { $0.rules.isVERP = true }
        let prepared = try Self.groups(Self.from, to: ["support@mail.example.com", "sales@mail.example.com"], settings: settings)
        #expect(prepared.count == 2)
        for message in prepared { #expect(message.envelope.reversePath.description == "bounce+\(message.queueID)@mail.example.com") }
    }

    private func refusal(_ work: () throws -> [PreparedMessage]) -> String {
        do {
            _ = try work()
            return "accepted"
        } catch let refusal as Refusal { return refusal.reply.oneLine } catch { return "\(error)" }
    }
}
