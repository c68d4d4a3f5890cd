import MailModel
import MessageFormat
import Rewriting

extension RewritingCase {
    private static func map(_ entries: [String: String]) throws -> SenderMap {
        var map = SenderMap()
        for (from, to) in entries {
            let target: SenderMap.Target =
                to.hasPrefix("@") ? .domain(try Domain(octets(String(to.dropFirst())))) : .mailbox(try mailbox(to))
            if from.hasPrefix("@") {
                map.map(try Domain(allowingSingleLabel: octets(String(from.dropFirst()))), to: target)
            } else {
                map.map(try Mailbox(parsingSender: octets(from)), to: target)
            }
        }
        return map
    }

    private static let mapped = Setting.own { rules, account in
        rules.senderMap = try map([
            "root@web1": "ops@mail.example.com", "@old.example": "@mail.example.com", "sales@old.example": "shop@mail.example.com",
            "@web2": "web@mail.example.com",
        ])
        account.senderMap = try map(["root@web1": "crm@mail.example.com"]).merging(rules.senderMap)
    }
    private static let mappedForAll = Setting.own { rules, _ in rules.senderMap = try map(["root@web1": "ops@mail.example.com"]) }
    private static func replies(_ policy: RewriteRules.ReplyToPolicy) -> Setting { .own { _, account in account.replyTo = policy } }
    private static let fixed = Setting.own { rules, _ in
        rules.fields = FieldRules(
            removed: ["x-mailer"],
            set: [
                try HeaderField(named: "Auto-Submitted", text: "auto-generated"), try HeaderField(named: "X-Environment", text: "staging"),
            ],
            added: [try HeaderField(named: "Organization", text: "Brüder & Söhne")])
    }
    private static let tagged = Setting.own { _, account in
        account.sesFields = [
            try HeaderField(.xSESConfigurationSet, value: octets("crm")),
            try HeaderField(.xSESMessageTags, value: octets("app=crm, tier=1")),
        ]
    }
    private static let taggedOverTheirs = Setting.own { rules, account in
        rules.sesHeaders = .allow([.xSESConfigurationSet, .xSESMessageTags])
        account.sesFields = [try HeaderField(.xSESConfigurationSet, value: octets("crm"))]
    }
    private static let verp = Setting.own { rules, _ in rules.isVERP = true }
    private static let partner = Setting.own { _, account in
        account.identity = .address(try mailbox("billing@partner.example"))
        account.displayName = DisplayNameTemplate("{name} (by {domain})")
    }
    private static let strictAccount = Setting.own { _, account in account.unverifiedFrom = .reject }
    private static let lenientAccount = Setting.own { rules, account in
        rules.unverifiedFrom = .reject
        account.unverifiedFrom = .rewrite
    }

    static let policies: [RewritingCase] = [
        RewritingCase("the map has the author", ["From: root@web1"], setting: mappedForAll, .becomes(["From: ops@mail.example.com"])),
        RewritingCase("in any case of letters", ["From: Root@WEB1"], setting: mappedForAll, .becomes(["From: ops@mail.example.com"])),
        RewritingCase(
            "the name stays", ["From: Cron Daemon <root@web1>"], setting: mappedForAll,
            .becomes(["From: Cron Daemon <ops@mail.example.com>"])),
        RewritingCase("an account's map goes first", ["From: root@web1"], setting: mapped, .becomes(["From: crm@mail.example.com"])),
        RewritingCase(
            "a domain for a domain", ["From: Anna <anna@old.example>"], setting: mapped, .becomes(["From: Anna <anna@mail.example.com>"])),
        RewritingCase(
            "an address before its domain", ["From: sales@old.example"], setting: mapped, .becomes(["From: shop@mail.example.com"])),
        RewritingCase("an address for a domain", ["From: www-data@web2"], setting: mapped, .becomes(["From: web@mail.example.com"])),
        RewritingCase(
            "not a subdomain", ["From: a@x.old.example"], setting: mapped,
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@x.old.example",
                "Reply-To: a@x.old.example",
            ])),
        RewritingCase(
            "who gets it sees addresses that can be answered",
            [
                "From: anna@old.example", "To: \"Bob\" <bob@old.example>, c@d.example", "Cc: sales@old.example",
                "Reply-To: anna@old.example",
            ],
            setting: mapped,
            .becomes([
                "From: anna@mail.example.com", "To: Bob <bob@mail.example.com>, c@d.example", "Cc: shop@mail.example.com",
                "Reply-To: anna@mail.example.com",
            ])),
        RewritingCase(
            "the map has the reverse-path", ["From: anna@mail.example.com"], sender: "sales@old.example", setting: mapped, .unchanged,
            reversePath: "shop@mail.example.com"),
        RewritingCase("the map has nothing", ["From: anna@mail.example.com", "To: c@d.example"], setting: mapped, .unchanged),

        RewritingCase(
            "answers to From: no Reply-To is added", ["From: a@x.example"], setting: replies(.keep),
            .becomes(["From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@x.example"])),
        RewritingCase("keep keeps", ["From: a@mail.example.com", "Reply-To: b@x.example"], setting: replies(.keep), .unchanged),
        RewritingCase(
            "answers to nobody else", ["From: a@mail.example.com", "Reply-To: b@x.example"], setting: replies(.none),
            .becomes(["From: a@mail.example.com"])),
        RewritingCase(
            "answers to the desk", ["From: a@mail.example.com"], setting: replies(.address(try! mailbox("desk@mail.example.com"))),
            .becomes(["From: a@mail.example.com", "Reply-To: desk@mail.example.com"])),
        RewritingCase(
            "answers to the desk, whatever the app says", ["From: a@mail.example.com", "Reply-To: Anna <b@x.example>", "Subject: s"],
            setting: replies(.address(try! mailbox("desk@mail.example.com"))),
            .becomes(["From: a@mail.example.com", "Subject: s", "Reply-To: desk@mail.example.com"])),

        RewritingCase(
            "fields are removed, set and added",
            ["From: a@mail.example.com", "X-Mailer: PHP", "x-mailer: again", "Auto-Submitted: no", "Subject: s"], setting: fixed,
            .becomes([
                "From: a@mail.example.com", "Subject: s", "Auto-Submitted: auto-generated", "X-Environment: staging",
                "Organization: =?utf-8?Q?Br=C3=BCder?= & =?utf-8?Q?S=C3=B6hne?=",
            ])),
        RewritingCase(
            "what is there is not added, and what is right is not set",
            ["Organization: Ours", "Auto-Submitted: auto-generated", "X-Environment: staging", "From: a@mail.example.com"], setting: fixed,
            .unchanged),

        RewritingCase(
            "a configuration set and tags", ["From: a@mail.example.com"], setting: tagged,
            .becomes(["From: a@mail.example.com", "X-SES-CONFIGURATION-SET: crm", "X-SES-MESSAGE-TAGS: app=crm, tier=1"])),
        RewritingCase(
            "the app may not choose another one", ["From: a@mail.example.com", "X-SES-CONFIGURATION-SET: other"], setting: tagged,
            .refused(
                "550 5.7.1 X-SES-CONFIGURATION-SET may not be set by clients; the setting rewrite.ses_headers can allow or strip it")),
        RewritingCase(
            "ours takes the place of an allowed one",
            ["X-SES-Configuration-Set: other", "From: a@mail.example.com", "X-SES-MESSAGE-TAGS: a=b"], setting: taggedOverTheirs,
            .becomes(["From: a@mail.example.com", "X-SES-MESSAGE-TAGS: a=b", "X-SES-CONFIGURATION-SET: crm"])),

        RewritingCase(
            "a reverse-path of its own", ["From: a@mail.example.com"], setting: verp, .unchanged,
            reversePath: "bounces+0d9x2kq7m3f5z@mail.example.com"),
        RewritingCase(
            "also for the null one", ["From: a@mail.example.com"], sender: "", setting: verp, .unchanged,
            reversePath: "bounces+0d9x2kq7m3f5z@mail.example.com"),
        RewritingCase(
            "of the author's identity", ["From: billing@partner.example"], setting: verp, .unchanged,
            reversePath: "billing+0d9x2kq7m3f5z@partner.example"),

        RewritingCase(
            "an account's own identity and name", ["From: Anna <a@x.example>"], setting: partner,
            .becomes([
                "From: \"Anna (by partner.example)\" <billing@partner.example>", "X-Original-From: Anna <a@x.example>",
                "Reply-To: Anna <a@x.example>",
            ])),
        RewritingCase("which changes nothing of what is verified", ["From: a@mail.example.com"], setting: partner, .unchanged),
        RewritingCase(
            "an account that must write as one of ours", ["From: a@x.example"], setting: strictAccount,
            .refused(
                "550 5.7.1 From address a@x.example is not allowed for account crm; allowed: *@mail.example.com, billing@partner.example, *@news.mail.example.com"
            )),
        RewritingCase(
            "an account that need not", ["From: a@x.example"], setting: lenientAccount,
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@x.example", "Reply-To: a@x.example",
            ])),
    ]
}
