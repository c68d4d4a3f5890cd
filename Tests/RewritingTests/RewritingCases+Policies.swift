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
    private static let ruled = Setting.own { rules, account in
        var shop = RewriteRules.AuthorRule(authors: [
            try AddressPattern(parsing: octets("*@shop.example")), try AddressPattern(parsing: octets("*@*.shop.example")),
        ])
        shop.identity = .address(try mailbox("billing@partner.example"))
        shop.displayName = DisplayNameTemplate("{name} (shop)")
        shop.replyTo = .address(try mailbox("desk@mail.example.com"))
        shop.fields = FieldRules(added: [try HeaderField(named: "X-Shop", text: "1")])
        shop.sesFields = [try HeaderField(.xSESConfigurationSet, value: octets("shop"))]
        var none = RewriteRules.AuthorRule(authors: [try AddressPattern(parsing: octets("root@web1.internal"))])
        none.unverifiedFrom = .reject
        var second = RewriteRules.AuthorRule(authors: [try AddressPattern(parsing: octets("*@shop.example"))])
        second.displayName = DisplayNameTemplate("never")
        rules.authorRules = [shop, none, second]
        account.displayName = DisplayNameTemplate("{name} (CRM)")
        account.replyTo = .keep
        account.fields = FieldRules(added: [try HeaderField(named: "X-CRM", text: "1")])
        account.sesFields = [
            try HeaderField(.xSESConfigurationSet, value: octets("crm")), try HeaderField(.xSESMessageTags, value: octets("app=crm")),
        ]
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
            "bounce, where the return path has no name of its own", ["From: a@news.mail.example.com"], setting: verp, .unchanged,
            reversePath: "bounce+0d9x2kq7m3f5z@news.mail.example.com"),
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
            "a rule for an author goes before the account's policy", ["From: Anna <a@web.shop.example>"], setting: ruled,
            .becomes([
                "From: \"Anna (shop)\" <billing@partner.example>", "X-Original-From: Anna <a@web.shop.example>",
                "Reply-To: desk@mail.example.com", "X-CRM: 1", "X-Shop: 1", "X-SES-CONFIGURATION-SET: shop",
                "X-SES-MESSAGE-TAGS: app=crm",
            ])),
        RewritingCase(
            "the first rule that matches counts", ["From: a@shop.example"], setting: ruled,
            .becomes([
                "From: \"a (shop)\" <billing@partner.example>", "X-Original-From: a@shop.example", "Reply-To: desk@mail.example.com",
                "X-CRM: 1", "X-Shop: 1", "X-SES-CONFIGURATION-SET: shop", "X-SES-MESSAGE-TAGS: app=crm",
            ])),
        RewritingCase(
            "a rule may refuse", ["From: root@web1.internal"], setting: ruled,
            .refused(
                "550 5.7.1 From address root@web1.internal is not allowed for account crm; allowed: *@mail.example.com, billing@partner.example, *@news.mail.example.com"
            )),
        RewritingCase(
            "other authors have the account's policy", ["From: Anna <a@x.example>"], setting: ruled,
            .becomes([
                "From: \"Anna (CRM)\" <no-reply@mail.example.com>", "X-Original-From: Anna <a@x.example>", "X-CRM: 1",
                "X-SES-CONFIGURATION-SET: crm", "X-SES-MESSAGE-TAGS: app=crm",
            ])),
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
