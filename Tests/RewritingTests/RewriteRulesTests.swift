import MailModel
import MessageFormat
import Rewriting
import Testing

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ octets: some Sequence<UInt8>) -> String { String(decoding: Array(octets), as: UTF8.self) }
func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: octets(text)) }

/// What the rules make of a message, in a form that reads like one.
struct Result: Equatable {
    var header: String
    var reversePath: String
}

@Suite struct RewriteRulesTests {
    private let crm = AccountName("crm")!

    private func rules(_ edit: (inout RewriteRules) throws -> Void = { _ in }) throws -> RewriteRules {
        var rules = RewriteRules(identities: [
            Identity(
                .domain(try Domain(octets("mail.example.com"))), defaultSender: try mailbox("no-reply@mail.example.com"),
                returnPath: try mailbox("bounces@mail.example.com")),
            Identity(.address(try mailbox("billing@partner.example")), defaultSender: try mailbox("billing@partner.example")),
            Identity(.domain(try Domain(octets("news.mail.example.com"))), defaultSender: try mailbox("hello@news.mail.example.com")),
        ])
        try edit(&rules)
        return rules
    }

    private func apply(
        _ header: String, from reversePath: String = "app@mail.example.com", _ rules: RewriteRules, account: AccountName? = nil
    ) throws -> RewrittenMessage {
        let path: ReversePath = reversePath.isEmpty ? .null : .mailbox(try Mailbox(parsingSender: octets(reversePath)))
        let envelope = Envelope(reversePath: path, recipients: [try mailbox("bob@c.example")])
        return try rules.apply(to: try HeaderBlock(parsing: octets(header)), envelope: envelope, account: account ?? crm)
    }

    private func result(_ message: RewrittenMessage) -> Result {
        var header: [UInt8] = []
        message.header.write(to: &header)
        return Result(header: text(header), reversePath: message.envelope.reversePath.description)
    }

    private func refusal(_ header: String, _ rules: RewriteRules, account: AccountName? = nil) -> String {
        do {
            _ = try apply(header, rules, account: account)
            return "accepted"
        } catch let refusal as Refusal { return refusal.reply.oneLine } catch { return "\(error)" }
    }

    @Test(arguments: [
        "From: anna@mail.example.com\r\n", "From:  \"Anna\"\r\n\t<anna@MAIL.example.com> (hi)\r\n",
        "fRoM: <a@deep.below.mail.example.com>\r\n",
        "From: billing@partner.example\r\n", "From: Bill <billing+7@partner.example>\r\n",
    ])
    func averifiedFromStaysByteForByte(from: String) throws {
        let header = "X-First: 1\r\n" + from + "To: Bob <bob@c.example>\r\nSubject:  x\r\n\ty\r\nReply-To: r@s.example\r\n"
        let message = try apply(header, try rules())
        #expect(result(message) == Result(header: header, reversePath: "app@mail.example.com"))
        #expect(message.author == message.authorBefore)
    }

    @Test(
        arguments: [
            ("anna@mail.example.com", "mail.example.com"), ("a@news.mail.example.com", "news.mail.example.com"),
            ("a@b.news.mail.example.com", "news.mail.example.com"), ("billing@partner.example", "billing@partner.example"),
            ("billing+x@partner.example", "billing@partner.example"), ("Billing@partner.example", nil), ("other@partner.example", nil),
            ("billing@sub.partner.example", nil), ("a@example.com", nil), ("a@evilmail.example.com", nil),
            ("a@mail.example.com.evil.example", nil),
        ] as [(String, String?)])
    func theMostSpecificIdentityCovers(address: String, expected: String?) throws {
        #expect(try rules().identity(covering: mailbox(address))?.scope.description == expected)
    }

    @Test(arguments: [
        ("Anna Berg <anna@corp.example>", "\"Anna Berg via mail.example.com\"", "Anna Berg <anna@corp.example>"),
        ("anna@corp.example", "\"anna via mail.example.com\"", "anna@corp.example"),
        (
            "=?utf-8?q?J=C3=B6rg?= <j@corp.example>", "=?utf-8?Q?J=C3=B6rg_via_mail=2Eexample=2Ecom?=",
            "=?utf-8?Q?J=C3=B6rg?= <j@corp.example>"
        ),
        ("\"ceo@mail.example.com\" <x@evil.example>", "\"x via mail.example.com\"", "\"ceo@mail.example.com\" <x@evil.example>"),
        ("=?utf-8?q?a=40mail.example.com?= <x@evil.example>", "\"x via mail.example.com\"", "\"a@mail.example.com\" <x@evil.example>"),
        ("x@evil.example (a@mail.example.com)", "\"x via mail.example.com\"", "\"a@mail.example.com\" <x@evil.example>"),
        ("<@mail.example.com:x@evil.example>", "\"x via mail.example.com\"", "x@evil.example"),
        (
            "\"Evil\\\" <a@mail.example.com>, \\\"\" <x@evil.example>", "\"x via mail.example.com\"",
            "\"Evil\\\" <a@mail.example.com>, \\\"\" <x@evil.example>"
        ),
    ])
    func aforeignAuthorIsRewritten(from: String, name: String, replyTo: String) throws {
        let message = try apply("Subject: s\r\nFrom: \(from)\r\nTo: b@c.example\r\n", try rules())
        let unfolded = message.header.fields.map { "\(text($0.nameOctets)): \(text($0.unfolded))" }
        #expect(
            unfolded == [
                "Subject: s", "From: \(name) <no-reply@mail.example.com>", "To: b@c.example", "X-Original-From: \(replyTo)",
                "Reply-To: \(replyTo)",
            ])
        #expect(message.author == (try mailbox("no-reply@mail.example.com")))
        #expect(message.identity.scope.description == "mail.example.com")
        for field in message.header.fields { for line in text(field.octets).split(separator: "\r\n") { #expect(line.utf8.count <= 78) } }
        // The second pass changes nothing (H09).
        let again = try rules().apply(to: message.header, envelope: message.envelope, account: crm)
        #expect(again.header == message.header && again.envelope == message.envelope)
        #expect(again.changes == [.fromKept(message.identity.scope)])
    }

    @Test func anExistingReplyToIsKept() throws {
        let message = try apply("From: a@b.example\r\nREPLY-TO:  r@s.example \r\nX-Original-From: forged\r\n", try rules())
        #expect(
            result(message).header == "From: \"a via mail.example.com\" <no-reply@mail.example.com>\r\nREPLY-TO:  r@s.example \r\n"
                + "X-Original-From: a@b.example\r\n")
    }

    @Test func anAuthorWhoCannotBeAnsweredBecomesNoReplyTo() throws {
        let message = try apply("From: root@host (Cron Daemon)\r\nReply-To: \r\n", try rules())
        #expect(
            result(message).header
                == "From: \"Cron Daemon via mail.example.com\" <no-reply@mail.example.com>\r\nX-Original-From: Cron Daemon <root@host>\r\n")
        #expect(message.changes.contains(.emptyFieldRemoved("Reply-To")))
        let quoted = try apply("From: \"a:b@c\"@d.example\r\n", try rules())
        #expect(result(quoted).header.hasPrefix("From: \"a:b via mail.example.com\" <no-reply@mail.example.com>\r\n"))
        #expect(quoted.header.first(.replyTo) == nil)
    }

    @Test func obsoleteColonsGo() throws {
        let message = try apply("From : a@mail.example.com\r\nSubject\t: x\r\nX-Own : y\r\n", try rules())
        #expect(result(message).header == "From: a@mail.example.com\r\nSubject: x\r\nX-Own : y\r\n")
    }

    @Test(arguments: [
        ("app@mail.example.com", "app@mail.example.com"), ("app+v@news.mail.example.com", "app+v@news.mail.example.com"),
        ("", "bounces@mail.example.com"),
        ("x@foreign.example", "bounces@mail.example.com"), ("root@localhost", "bounces@mail.example.com"),
        ("other@partner.example", "bounces@mail.example.com"), ("billing+9@partner.example", "billing+9@partner.example"),
    ])
    func reversePath(before: String, after: String) throws {
        let message = try apply("From: a@mail.example.com\r\n", from: before, try rules())
        #expect(message.envelope.reversePath.description == after)
        #expect((before == after) == !message.changes.contains { if case .reversePathReplaced = $0 { true } else { false } })
    }

    @Test func theReversePathOfTheAuthorsIdentityStandsInForNull() throws {
        #expect(
            try apply("From: billing@partner.example\r\n", from: "", try rules()).envelope.reversePath.description
                == "billing@partner.example")
    }

    @Test func whatNeverLeaves() throws {
        let header =
            "Return-Path: <a@b.c>\r\nDelivered-To: x\r\nDelivered-To: y\r\nDKIM-Signature: v=1;\r\n b=x\r\nDKIM-Signature: v=1\r\n"
            + "DomainKey-Signature: z\r\nFrom: a@mail.example.com\r\nSender: x@y.example\r\nBcc: a@b.c,\r\n d@e.f\r\nBCC : g\r\n"
            + "resent-bcc: h\r\nFeedback-ID: f\r\nTo: b@c.example\r\nX-Bcc: stays\r\nReceived: stays\r\nResent-From: stays\r\n"
        let message = try apply(header, try rules())
        #expect(
            result(message).header
                == "From: a@mail.example.com\r\nTo: b@c.example\r\nX-Bcc: stays\r\nReceived: stays\r\nResent-From: stays\r\n")
        #expect(message.changes.first == .fieldRemoved("Return-Path"))
        #expect(message.changes.count == 12)
    }

    @Test(arguments: [
        ("To: b@c.example\r\n", "554 5.6.0 The header has no From field; add one with the author's address"),
        ("From:\r\n", "554 5.6.0 The From field names no address"),
        ("From: (x)\r\n", "554 5.6.0 The From field names no address"),
        ("From: ,,,\r\n", "554 5.6.0 The From field names no address"),
        ("From: a@mail.example.com, b@mail.example.com\r\n", "554 5.6.0 The From field must name exactly one address, and no group"),
        ("From: a@mail.example.com, x@evil.example\r\n", "554 5.6.0 The From field must name exactly one address, and no group"),
        ("From: Team: a@mail.example.com;\r\n", "554 5.6.0 The From field must name exactly one address, and no group"),
        ("From: x:;\r\n", "554 5.6.0 The From field must name exactly one address, and no group"),
        ("From: <>\r\n", "554 5.6.0 From field: '<>' at octet 2 is no address"),
        ("From: root\r\n", "554 5.6.0 From field: the address at octet 2 has no '@domain'"),
        (
            "From: a@[192.0.2.1]\r\n",
            "554 5.6.0 From field: the address at octet 2 has an IP address in place of a domain, which Amazon SES cannot send to"
        ),
        (
            "From: a@mail.example.com <x@evil.example>\r\n",
            "554 5.6.0 From field: unexpected '<' at octet 21; put a display name with special characters in double quotes"
        ),
        (
            "From: a@mail.example.com(c)evil.example\r\n",
            "554 5.6.0 From field: unexpected 'e' at octet 23; put a display name with special characters in double quotes"
        ),
        ("From: a@mail.example.com\r\nfrom : x@evil.example\r\n", "554 5.6.0 The header has two From fields; only one is allowed"),
        ("From: a@mail.example.com\r\nSender: a\r\nSender: b\r\n", "554 5.6.0 The header has two Sender fields; only one is allowed"),
        ("From: a@mail.example.com\r\nTo: a@b.c\r\nto: a@b.c\r\n", "554 5.6.0 The header has two To fields; only one is allowed"),
        (
            "From: a@mail.example.com\r\nMessage-ID: <a>\r\nMessage-Id: <b>\r\n",
            "554 5.6.0 The header has two Message-ID fields; only one is allowed"
        ),
        (
            "From: a@mail.example.com\r\nThread-Topic: a\r\nThread-Topic: b\r\n",
            "554 5.6.0 The header has two Thread-Topic fields; only one is allowed"
        ),
        ("From: a@mail.example.com\r\nTo: bob\r\n", "554 5.6.0 To field: the address at octet 2 has no '@domain'"),
        ("From: a@mail.example.com\r\nCC: a@b.c; d@e.f\r\n", "554 5.6.0 CC field: ';' at octet 7; addresses are separated by commas"),
        (
            "From: a@mail.example.com\r\nReply-To: \"a:b\"@c.example\r\n",
            "554 5.6.0 Reply-To field: Amazon SES takes no ':' or '@' before the '@' of \"a:b\"@c.example"
        ),
        (
            "From: a@mail.example.com\r\nX-SES-Configuration-Set: c\r\n",
            "550 5.7.1 X-SES-Configuration-Set may not be set by clients; the setting rewrite.ses_headers can allow or strip it"
        ),
        (
            "From: a@mail.example.com\r\nx-ses-new : c\r\n",
            "550 5.7.1 x-ses-new may not be set by clients; the setting rewrite.ses_headers can allow or strip it"
        ),
    ])
    func refused(header: String, reply: String) throws { #expect(refusal(header, try rules()) == reply) }

    @Test(arguments: ["undisclosed-recipients:;", "Team: a@b.c, d@e.f;", "root@localhost", "a@b.c,\r\n\t\"x, y\" <d@e.f>"])
    func recipientFieldsThatPass(value: String) throws {
        #expect(refusal("From: a@mail.example.com\r\nTo: \(value)\r\n", try rules()) == "accepted")
    }

    @Test func sesHeaders() throws {
        let header = "From: a@mail.example.com\r\nX-SES-CONFIGURATION-SET: c\r\nx-ses-message-tags: a=b\r\n"
        let strip = try rules { $0.sesHeaders = .strip }
        #expect(result(try apply(header, strip)).header == "From: a@mail.example.com\r\n")
        let names = FieldNameSet(["configuration-set", "message-tags"].compactMap { SESHeaderPolicy.field(named: octets($0)) })
        #expect(names == [.xSESConfigurationSet, .xSESMessageTags])
        #expect(SESHeaderPolicy.field(named: octets("nonsense")) == nil)
        #expect(result(try apply(header, try rules { $0.sesHeaders = .allow(names) })).header == header)
        #expect(refusal(header, try rules { $0.sesHeaders = .allow([.xSESConfigurationSet]) }).hasPrefix("550 5.7.1 x-ses-message-tags"))
        // An account's own policy goes before that of all.
        let own = try rules { $0.accounts[crm] = .init(sesHeaders: .strip) }
        #expect(result(try apply(header, own)).header == "From: a@mail.example.com\r\n")
        #expect(refusal(header, own, account: AccountName("other")).hasPrefix("550 5.7.1"))
    }

    @Test func rejectingUnverifiedAuthors() throws {
        let reject = try rules { $0.unverifiedFrom = .reject }
        #expect(
            refusal("From: x@y.example\r\n", reject)
                == "550 5.7.1 From address x@y.example is not allowed for account crm; "
                + "allowed: *@mail.example.com, billing@partner.example, *@news.mail.example.com"
        )
        #expect(refusal("From: x@mail.example.com\r\n", reject) == "accepted")
        let limited = try rules {
            $0.unverifiedFrom = .reject
            $0.accounts[crm] = .init(from: [try AddressPattern(parsing: octets("*@mail.example.com"))])
        }
        #expect(
            refusal("From: x@y.example\r\n", limited)
                == "550 5.7.1 From address x@y.example is not allowed for account crm; "
                + "allowed: *@mail.example.com")
    }

    /// An account's `from` limits the address that leaves.
    @Test(
        arguments: [
            (["*@mail.example.com"], "a@mail.example.com", "a@mail.example.com"),
            (["*@mail.example.com"], "foreign@y.example", "no-reply@mail.example.com"),
            (["*@mail.example.com"], "a@news.mail.example.com", nil),
            (["*@mail.example.com"], "billing@partner.example", nil),
            (["a@mail.example.com"], "a@mail.example.com", "a@mail.example.com"),
            (["a@mail.example.com"], "b@mail.example.com", nil),
            (["a@mail.example.com"], "foreign@y.example", nil),
            (["*@news.mail.example.com"], "foreign@y.example", "hello@news.mail.example.com"),
            (["a@x.example", "billing@partner.example"], "foreign@y.example", "billing@partner.example"),
        ] as [([String], String, String?)])
    func accountPatterns(patterns: [String], from: String, leaves: String?) throws {
        let rules = try rules { $0.accounts[crm] = .init(from: try patterns.map { try AddressPattern(parsing: octets($0)) }) }
        if let leaves {
            #expect(try apply("From: \(from)\r\n", rules).author == mailbox(leaves))
        } else {
            let reply = refusal("From: \(from)\r\n", rules)
            #expect(
                reply.hasPrefix("550 5.7.1 From address ")
                    && reply.hasSuffix("is not allowed for account crm; allowed: \(patterns.joined(separator: ", "))"))
        }
        #expect(refusal("From: \(from)\r\n", rules, account: AccountName("other")) == "accepted")
    }

    @Test(arguments: ["*", "*@", "*@localhost", "@b.c", "a", "**", "a b@c.d"])
    func patternsThatAreNone(pattern: String) { #expect(throws: AddressError.self) { try AddressPattern(parsing: octets(pattern)) } }

    @Test(
        arguments: [
            ("{name} via {domain}", "Anna via mail.example.com"), ("{domain}: {name}", "mail.example.com: Anna"), ("Support", "Support"),
            ("{name}\r\nBcc: x", "Anna Bcc: x"), ("{name}{name}", "AnnaAnna"), ("{", nil), ("}", nil), ("{nam}", nil), ("", nil),
            ("  ", nil),
            ("{name} {domain", nil),
        ] as [(String, String?)])
    func templates(template: String, expected: String?) throws {
        guard let parsed = DisplayNameTemplate(template) else {
            #expect(expected == nil)
            return
        }
        let message = try apply("From: Anna <a@b.example>\r\n", try rules { $0.displayName = parsed })
        let list = try AddressList(parsing: try #require(message.header.first(.from)).value)
        #expect(list.mailboxes.first?.displayName == expected.map { DisplayName(text: octets($0)) })
    }

    /// H07, H08: whatever the author is called, one From line set leaves, with one address.
    @Test(arguments: [
        String(repeating: "x", count: 500), String(repeating: "\u{1F600}", count: 60), "\u{202E}evil", "a\u{B}b", "a\u{2028}Bcc: x",
        "\\\"", "", "via", "=?utf-8?q?=0D=0ABcc:_x?=",
    ])
    func namesOfAllKinds(name: String) throws {
        let field = try HeaderField(.from, try mailbox("a@b.example"), called: DisplayName(text: octets(name)))
        var header: [UInt8] = []
        HeaderBlock(fields: [field]).write(to: &header)
        let message = try apply(text(header), try rules())
        #expect(message.header.fields.compactMap(\.name) == [.from, .xOriginalFrom, .replyTo])
        for field in message.header.fields {
            #expect(try AddressList(parsing: field.value).mailboxes.count == 1)
            for line in text(field.octets).split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
        }
    }

    @Test func encodedLineEndsInAName() throws {
        let message = try apply("From: =?utf-8?q?a=0D=0ABcc=3A_x=40y.z?= <a@b.example>\r\n", try rules())
        #expect(message.header.fields.compactMap(\.name) == [.from, .xOriginalFrom, .replyTo])
        #expect(result(message).header.hasPrefix("From: \"a via mail.example.com\" <no-reply@mail.example.com>\r\n"))
    }

    @Test func changesExplainThemselves() throws {
        let message = try apply("From: x@y.example\r\nBcc: b@c.d\r\nCc:\r\n", from: "", try rules())
        #expect(
            message.changes.map(\.description) == [
                "Bcc removed",
                "Cc removed: it names no address",
                "From x@y.example is in no verified identity; no-reply@mail.example.com of mail.example.com takes its place",
                "Reply-To x@y.example added, so that answers reach the author",
                "the null reverse-path, which Amazon SES refuses, became bounces@mail.example.com",
            ])
    }

    /// ses.md 5.4: a copy says nothing new; two that differ have no right answer.
    @Test(arguments: [
        ("Priority: 1\r\nX-A: b\r\nPRIORITY:  1\r\n", "Priority: 1\r\nX-A: b\r\n"),
        ("List-Id: <a.b>\r\nList-Id: <a.b>\r\nList-Id:\r\n <a.b>\r\n", "List-Id: <a.b>\r\n"),
        ("Comments: a\r\nX-A: b\r\nComments: c\r\nComments: d\r\n", "Comments: a\r\n c\r\n d\r\nX-A: b\r\n"),
        ("Keywords: a, b\r\nkeywords: c\r\n", "Keywords: a, b,\r\n c\r\n"),
    ])
    func repeatedFieldsBecomeOne(fields: String, expected: String) throws {
        let from = "From: anna@mail.example.com\r\n"
        #expect(result(try apply(from + fields, rules())).header == from + expected)
    }

    @Test(arguments: ["Subject", "MIME-Version", "Content-Type", "Reply-To", "References", "Cc"])
    func ofTheseACopyIsRefusedToo(name: String) throws {
        let field = "\(name): <a@b.c>\r\n"
        #expect(
            refusal("From: anna@mail.example.com\r\n" + field + field, try rules())
                == "554 5.6.0 The header has two \(name) fields; only one is allowed")
    }
}
