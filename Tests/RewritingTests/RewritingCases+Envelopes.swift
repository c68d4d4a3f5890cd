extension RewritingCase {
    /// The reverse-path, and what accounts may do.
    static let envelopes: [RewritingCase] = [
        RewritingCase("the reverse-path is ours", ["From: anna@mail.example.com"], .unchanged),
        RewritingCase(
            "the reverse-path is ours, with a label", ["From: anna@mail.example.com"], sender: "app+x@news.mail.example.com", .unchanged),
        RewritingCase(
            "the reverse-path is of the address identity", ["From: anna@mail.example.com"], sender: "billing@partner.example", .unchanged),
        RewritingCase(
            "the reverse-path is null", ["From: anna@mail.example.com"], sender: "", .unchanged, reversePath: "bounces@mail.example.com"),
        RewritingCase(
            "the reverse-path is foreign", ["From: anna@mail.example.com"], sender: "x@foreign.example", .unchanged,
            reversePath: "bounces@mail.example.com"),
        RewritingCase(
            "the reverse-path is a host without a domain", ["From: anna@mail.example.com"], sender: "root@localhost", .unchanged,
            reversePath: "bounces@mail.example.com"),
        RewritingCase(
            "the reverse-path is almost ours", ["From: anna@mail.example.com"], sender: "other@partner.example", .unchanged,
            reversePath: "bounces@mail.example.com"),
        RewritingCase("the reverse-path is quoted, ours", ["From: anna@mail.example.com"], sender: "\"a b\"@mail.example.com", .unchanged),
        RewritingCase(
            "the reverse-path is ours, but SES refuses it", ["From: anna@mail.example.com"], sender: "\"a@b\"@mail.example.com", .unchanged,
            reversePath: "bounces@mail.example.com"),
        RewritingCase(
            "null, the author in another identity", ["From: billing@partner.example"], sender: "", .unchanged,
            reversePath: "billing@partner.example"),
        RewritingCase(
            "foreign author and foreign reverse-path", ["From: anna@corp.example"], sender: "anna@corp.example",
            .becomes([
                "From: \"anna via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: anna@corp.example",
                "Reply-To: anna@corp.example",
            ]), reversePath: "bounces@mail.example.com"),
        RewritingCase(
            "a foreign author is rejected", ["From: x@y.example"], setting: .reject,
            .refused(
                "550 5.7.1 From address x@y.example is not allowed for account crm; allowed: *@mail.example.com, billing@partner.example, *@news.mail.example.com"
            )),
        RewritingCase("ours passes where foreign authors are rejected", ["From: anna@mail.example.com"], setting: .reject, .unchanged),
        RewritingCase("a subdomain of the identity passes", ["From: a@b.news.mail.example.com"], setting: .reject, .unchanged),
        RewritingCase("the account may write as this author", ["From: a@mail.example.com"], setting: .limited, .unchanged),
        RewritingCase(
            "the account may not write as this author", ["From: billing@partner.example"], setting: .limited,
            .refused("550 5.7.1 From address billing@partner.example is not allowed for account crm; allowed: *@mail.example.com")),
        RewritingCase(
            "nor as a subdomain", ["From: a@news.mail.example.com"], setting: .limited,
            .refused("550 5.7.1 From address a@news.mail.example.com is not allowed for account crm; allowed: *@mail.example.com")),
        RewritingCase(
            "a foreign author becomes one that the account may write as", ["From: x@y.example"], setting: .newsOnly,
            .becomes([
                "From: \"x via news.mail.example.com\" <hello@news.mail.example.com>", "X-Original-From: x@y.example",
                "Reply-To: x@y.example",
            ])),
        RewritingCase(
            "a foreign author becomes nobody that the account may write as", ["From: x@y.example"], setting: .nobody,
            .refused("550 5.7.1 From address no-reply@mail.example.com is not allowed for account crm; allowed: a@x.example")),
        RewritingCase(
            "a foreign author is rejected, with the account's own list", ["From: x@y.example"], setting: .limitedReject,
            .refused("550 5.7.1 From address x@y.example is not allowed for account crm; allowed: *@mail.example.com")),
    ]
}
