extension RewritingCase {
    /// To, Cc and Reply-To, and obsolete syntax anywhere: H06, H12.
    static let recipients: [RewritingCase] = [
        RewritingCase(
            "modern, odd and untouched",
            ["From: anna@mail.example.com", "To:  \"Bob, B.\" <bob@c.example>,", "\tcarl@c.example (Carl),", "\t<dora@c.example>"],
            .unchanged),
        RewritingCase("groups are untouched", ["From: anna@mail.example.com", "To: undisclosed-recipients:;"], .unchanged),
        RewritingCase(
            "groups with members are untouched",
            ["From: anna@mail.example.com", "Cc: Team: b@c.example, \"D, E\" <d@c.example>;, f@c.example"], .unchanged),
        RewritingCase("a host without a domain is untouched", ["From: anna@mail.example.com", "To: root@localhost"], .unchanged),
        RewritingCase(
            "encoded-words are untouched",
            ["From: anna@mail.example.com", "To: =?utf-8?q?J=C3=B6rg?=", " =?utf-8?q?_M=C3=BCller?= <j@c.example>"], .unchanged),
        RewritingCase(
            "H12 comments around the address",
            ["From: anna@mail.example.com", "To: Pete(A wonderful \\) chap) <pete(his account)@silly.test(his host)>"],
            .becomes(["From: anna@mail.example.com", "To: Pete <pete@silly.test>"])),
        RewritingCase(
            "H12 a group in obsolete clothes",
            [
                "From: anna@mail.example.com", "To:A Group(Some people)", "     :Chris Jones <c@(Chris's host.)public.example>,",
                "         joe@example.org,", "  John <jdoe@one.test> (my dear friend); (the end of the group)",
            ],
            .becomes([
                "From: anna@mail.example.com", "To: A Group: Chris Jones <c@public.example>, joe@example.org, John", " <jdoe@one.test>;",
            ])),
        RewritingCase(
            "H12 comments around a group of nobody are modern",
            ["From: anna@mail.example.com", "Cc:(Empty list)(start)Undisclosed recipients  :(nobody(that I know))  ;"], .unchanged),
        RewritingCase(
            "H12 a route, an empty element, blanks around a dot",
            ["From: anna@mail.example.com", "To: Mary Smith <@machine.tld:mary@example.net>, , jdoe@test   . example"],
            .becomes(["From: anna@mail.example.com", "To: Mary Smith <mary@example.net>, jdoe@test.example"])),
        RewritingCase(
            "H12 blanks around the dots", ["From: anna@mail.example.com", "To: Mary Smith <mary@x.test>, jdoe@test   . example"],
            .becomes(["From: anna@mail.example.com", "To: Mary Smith <mary@x.test>, jdoe@test.example"])),
        RewritingCase(
            "H12 blanks before the colon", ["From: anna@mail.example.com", "To : bob@c.example"],
            .becomes(["From: anna@mail.example.com", "To: bob@c.example"])),
        RewritingCase(
            "H12 blanks before the colon and an empty element", ["From: anna@mail.example.com", "tO\t: bob@c.example,,carl@c.example"],
            .becomes(["From: anna@mail.example.com", "To: bob@c.example, carl@c.example"])),
        RewritingCase(
            "H12 blanks around the at sign", ["From: anna@mail.example.com", "Cc: bob @ c.example"],
            .becomes(["From: anna@mail.example.com", "Cc: bob@c.example"])),
        RewritingCase(
            "H12 dots in a name", ["From: anna@mail.example.com", "To: Dr. Bob <bob@c.example>"],
            .becomes(["From: anna@mail.example.com", "To: \"Dr. Bob\" <bob@c.example>"])),
        RewritingCase(
            "H12 a comment becomes the name", ["From: anna@mail.example.com", "To: bob@c . example (Bob B.)"],
            .becomes(["From: anna@mail.example.com", "To: \"Bob B.\" <bob@c.example>"])),
        RewritingCase(
            "H12 a name of many words is folded",
            [
                "From: anna@mail.example.com",
                "To: The Very Long Department Of Names That Nobody Reads <@r.example:bob@c.example>, carl@c.example",
            ],
            .becomes([
                "From: anna@mail.example.com", "To: The Very Long Department Of Names That Nobody Reads <bob@c.example>,",
                " carl@c.example",
            ])),
        RewritingCase(
            "H12 quoted atoms", ["From: anna@mail.example.com", "To: \"bob\".\"b\"@c.example"],
            .becomes(["From: anna@mail.example.com", "To: bob.b@c.example"])),
        RewritingCase(
            "H12 dots at odd places", ["From: anna@mail.example.com", "To: .bob..b.@c.example"],
            .becomes(["From: anna@mail.example.com", "To: \".bob..b.\"@c.example"])),
        RewritingCase(
            "H12 a line of blanks", ["From: anna@mail.example.com", "To: bob@c.example,", " ", " carl@c.example"],
            .becomes(["From: anna@mail.example.com", "To: bob@c.example, carl@c.example"])),
        RewritingCase(
            "H12 a control character in a name", ["From: anna@mail.example.com", "To: \"Bob\u{1}B\" <bob@c.example>"],
            .becomes(["From: anna@mail.example.com", "To: Bob B <bob@c.example>"])),
        RewritingCase(
            "H12 a comma at the end", ["From: anna@mail.example.com", "To: bob@c.example, "],
            .becomes(["From: anna@mail.example.com", "To: bob@c.example"])),
        RewritingCase("H12 a group without a name", ["From: anna@mail.example.com", "To: :;"], .becomes(["From: anna@mail.example.com"])),
        RewritingCase(
            "H12 a group without a name, of two", ["From: anna@mail.example.com", "Cc: :bob@c.example,carl@c.example;"],
            .becomes(["From: anna@mail.example.com", "Cc: bob@c.example, carl@c.example"])),
        RewritingCase("empty To", ["From: anna@mail.example.com", "To:"], .becomes(["From: anna@mail.example.com"])),
        RewritingCase("empty Cc, a comment", ["From: anna@mail.example.com", "Cc: (nobody)"], .becomes(["From: anna@mail.example.com"])),
        RewritingCase(
            "empty Reply-To, commas", ["From: anna@mail.example.com", "Reply-To: ,,"], .becomes(["From: anna@mail.example.com"])),
        RewritingCase(
            "Reply-To in obsolete syntax", ["From: anna@mail.example.com", "Reply-To: Support <@r.example:help@c.example>"],
            .becomes(["From: anna@mail.example.com", "Reply-To: Support <help@c.example>"])),
        RewritingCase("several in Reply-To", ["From: anna@mail.example.com", "Reply-To: a@c.example, \"B\" <b@c.example>"], .unchanged),
        RewritingCase(
            "no domain", ["From: anna@mail.example.com", "To: bob"], .refused("554 5.6.0 To field: the address at octet 2 has no '@domain'")
        ),
        RewritingCase(
            "a name alone", ["From: anna@mail.example.com", "Cc: Bob Berg"],
            .refused("554 5.6.0 Cc field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "a semicolon for a comma", ["From: anna@mail.example.com", "To: bob@c.example; carl@c.example"],
            .refused("554 5.6.0 To field: ';' at octet 15; addresses are separated by commas")),
        RewritingCase(
            "two addresses in one", ["From: anna@mail.example.com", "To: bob@c.example carl@c.example"],
            .refused("554 5.6.0 To field: unexpected 'c' at octet 16; put a display name with special characters in double quotes")),
        RewritingCase(
            "an angle that stays open", ["From: anna@mail.example.com", "To: Bob <bob@c.example"],
            .refused("554 5.6.0 To field: the '<' at octet 6 has no '>'")),
        RewritingCase(
            "a group that stays open", ["From: anna@mail.example.com", "To: Team: bob@c.example"],
            .refused("554 5.6.0 To field: the group that begins at octet 2 has no ';'")),
        RewritingCase(
            "groups in groups", ["From: anna@mail.example.com", "To: A: B: bob@c.example;;"],
            .refused("554 5.6.0 To field: unexpected ':' at octet 6; put a display name with special characters in double quotes")),
        RewritingCase(
            "an address literal", ["From: anna@mail.example.com", "To: bob@[192.0.2.1]"],
            .refused("554 5.6.0 To field: the address at octet 2 has an IP address in place of a domain, which Amazon SES cannot send to")),
        RewritingCase(
            "a domain with an underscore", ["From: anna@mail.example.com", "Cc: bob@c_d.example"],
            .refused("554 5.6.0 Cc field: the address at octet 2 has a character that is not allowed in a domain")),
        RewritingCase(
            "a local part that SES refuses", ["From: anna@mail.example.com", "Reply-To: \"a@b\"@c.example"],
            .refused("554 5.6.0 Reply-To field: Amazon SES takes no ':' or '@' before the '@' of \"a@b\"@c.example")),
        RewritingCase(
            "a local part that SES refuses, in a group", ["From: anna@mail.example.com", "To: Team: \"a:b\"@c.example;"],
            .refused("554 5.6.0 To field: Amazon SES takes no ':' or '@' before the '@' of \"a:b\"@c.example")),
        RewritingCase(
            "two lines of To", ["From: anna@mail.example.com", "To: a@c.example", "To: b@c.example"],
            .refused("554 5.6.0 The header has two To fields; only one is allowed")),
        RewritingCase(
            "two lines of Cc", ["From: anna@mail.example.com", "Cc: a@c.example", "X: y", "cc: b@c.example"],
            .refused("554 5.6.0 The header has two Cc fields; only one is allowed")),
        RewritingCase(
            "two lines of Reply-To", ["From: anna@mail.example.com", "Reply-To: a@c.example", "Reply-To: a@c.example"],
            .refused("554 5.6.0 The header has two Reply-To fields; only one is allowed")),
        RewritingCase(
            "H06 an encoded address", ["From: anna@mail.example.com", "To: =?utf-8?q?bob=40c.example?="],
            .refused("554 5.6.0 To field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "H06 an encoded-word before the at sign", ["From: anna@mail.example.com", "To: =?utf-8?q?b?=@c.example"], .unchanged),
        RewritingCase(
            "H12 From in obsolete syntax stays ours", ["From: Anna B. <anna(x)@mail . example . com>", "To: bob@c.example"],
            .becomes(["From: \"Anna B.\" <anna@mail.example.com>", "To: bob@c.example"])),
        RewritingCase(
            "H12 an empty element in From", ["From: ,anna@mail.example.com,", "To: bob@c.example"],
            .becomes(["From: anna@mail.example.com", "To: bob@c.example"])),
        RewritingCase(
            "H12 a route in From", ["From: Anna <@r.example:anna@mail.example.com>"], .becomes(["From: Anna <anna@mail.example.com>"])),
        RewritingCase(
            "H12 a foreign From in obsolete syntax", ["From: Pete(A wonderful \\) chap) <pete(his account)@silly.test(his host)>"],
            .becomes([
                "From: \"Pete via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Pete <pete@silly.test>",
                "Reply-To: Pete <pete@silly.test>",
            ])),
    ]
}
