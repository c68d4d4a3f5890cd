import MessageFormat

extension RewritingCase {
    /// Who is the author: H01 to H06.
    static let authors: [RewritingCase] = [
        RewritingCase(
            "H03 no From", ["To: b@c.example", "Subject: x"],
            .refused("554 5.6.0 The header has no From field; add one with the author's address")),
        RewritingCase(
            "H03 no From, but a Sender", ["Sender: a@mail.example.com", "To: b@c.example"],
            .refused("554 5.6.0 The header has no From field; add one with the author's address")),
        RewritingCase(
            "H03 no From, but Resent-From", ["Resent-From: a@mail.example.com", "To: b@c.example"],
            .refused("554 5.6.0 The header has no From field; add one with the author's address")),
        RewritingCase(
            "H03 two From, the same", ["From: a@mail.example.com", "From: a@mail.example.com"],
            .refused("554 5.6.0 The header has two From fields; only one is allowed")),
        RewritingCase(
            "H03 two From, ours first", ["From: a@mail.example.com", "From: x@evil.example"],
            .refused("554 5.6.0 The header has two From fields; only one is allowed")),
        RewritingCase(
            "H03 two From, ours second", ["From: x@evil.example", "Subject: s", "FROM: a@mail.example.com"],
            .refused("554 5.6.0 The header has two From fields; only one is allowed")),
        RewritingCase(
            "H03 a second From with blanks before the colon", ["From: a@mail.example.com", "From : x@evil.example"],
            .refused("554 5.6.0 The header has two From fields; only one is allowed")),
        RewritingCase(
            "H03 a second From with a tab before the colon", ["fRoM\t: x@evil.example", "From: a@mail.example.com"],
            .refused("554 5.6.0 The header has two From fields; only one is allowed")),
        RewritingCase(
            "H04 two authors", ["From: a@mail.example.com, b@mail.example.com"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H04 two authors and a Sender", ["From: a@mail.example.com, b@mail.example.com", "Sender: a@mail.example.com"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H04 ours, then another", ["From: a@mail.example.com, x@evil.example"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H04 another, then ours", ["From: x@evil.example, a@mail.example.com"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H04 a group", ["From: Team: a@mail.example.com;"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H04 a group of nobody", ["From: undisclosed-recipients:;"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase("H04 a group without a name, of one", ["From: :a@mail.example.com;"], .becomes(["From: a@mail.example.com"])),
        RewritingCase(
            "H04 a group without a name, of two", ["From: :a@mail.example.com, x@evil.example;"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H04 a group of nobody, then ours", ["From: x:;, a@mail.example.com"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase("H04 empty angle", ["From: <>"], .refused("554 5.6.0 From field: '<>' at octet 2 is no address")),
        RewritingCase(
            "H04 empty angle with a name", ["From: \"MAILER-DAEMON\" <>"], .refused("554 5.6.0 From field: '<>' at octet 18 is no address")),
        RewritingCase("H04 no domain", ["From: root"], .refused("554 5.6.0 From field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "H04 no domain in the angle", ["From: Cron <root>"], .refused("554 5.6.0 From field: the address at octet 7 has no '@domain'")),
        RewritingCase("H04 only a name", ["From: Anna Berg"], .refused("554 5.6.0 From field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "H04 two angles", ["From: <a@mail.example.com> <x@evil.example>"],
            .refused("554 5.6.0 From field: unexpected '<' at octet 23; put a display name with special characters in double quotes")),
        RewritingCase(
            "H04 an angle in an angle", ["From: <<a@mail.example.com>>"],
            .refused("554 5.6.0 From field: unexpected '<' at octet 3; put a display name with special characters in double quotes")),
        RewritingCase("H04 empty", ["From:"], .refused("554 5.6.0 The From field names no address")),
        RewritingCase("H04 blanks", ["From:   "], .refused("554 5.6.0 The From field names no address")),
        RewritingCase("H04 only a comment", ["From: (nobody)"], .refused("554 5.6.0 The From field names no address")),
        RewritingCase("H04 only commas", ["From: ,,,"], .refused("554 5.6.0 The From field names no address")),
        RewritingCase(
            "H04 the other address is in brackets", ["From: a@mail.example.com <x@evil.example>"],
            .refused("554 5.6.0 From field: unexpected '<' at octet 21; put a display name with special characters in double quotes")),
        RewritingCase(
            "H04 an address literal", ["From: root@[127.0.0.1]"],
            .refused("554 5.6.0 From field: the address at octet 2 has an IP address in place of a domain, which Amazon SES cannot send to")
        ),
        RewritingCase(
            "H04 a semicolon", ["From: a@mail.example.com; b@mail.example.com"],
            .refused("554 5.6.0 From field: ';' at octet 20; addresses are separated by commas")),
        RewritingCase(
            "H05 our address as a quoted name", ["From: \"a@mail.example.com\" <x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@mail.example.com\" <x@evil.example>",
                "Reply-To: \"a@mail.example.com\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 our address as a source route", ["From: <@mail.example.com:x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: x@evil.example",
                "Reply-To: x@evil.example",
            ])),
        RewritingCase(
            "H05 our address as two routes", ["From: A <@mail.example.com,@b.mail.example.com:x@evil.example>"],
            .becomes([
                "From: \"A via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: A <x@evil.example>",
                "Reply-To: A <x@evil.example>",
            ])),
        RewritingCase(
            "H05 our address as a comment", ["From: x@evil.example (a@mail.example.com)"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@mail.example.com\" <x@evil.example>",
                "Reply-To: \"a@mail.example.com\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 a comment splits the domain", ["From: a@mail.example.com(c)evil.example"],
            .refused("554 5.6.0 From field: unexpected 'e' at octet 23; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 a comment before a dot of the domain", ["From: a@mail.example.com(c).evil.example"],
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@mail.example.com.evil.example",
                "Reply-To: a@mail.example.com.evil.example",
            ])),
        RewritingCase(
            "H05 a comment before the domain", ["From: a@(mail.example.com)evil.example"],
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@evil.example",
                "Reply-To: a@evil.example",
            ])),
        RewritingCase(
            "H05 nested comments", ["From: (a@mail.example.com (b (c) <d@mail.example.com>)) x@evil.example"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: x@evil.example",
                "Reply-To: x@evil.example",
            ])),
        RewritingCase(
            "H05 an encoded name", ["From: =?utf-8?q?a=40mail.example.com?= <x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@mail.example.com\" <x@evil.example>",
                "Reply-To: \"a@mail.example.com\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 an encoded name in quotes", ["From: \"=?utf-8?q?a=40mail.example.com?=\" <x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@mail.example.com\" <x@evil.example>",
                "Reply-To: \"a@mail.example.com\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 an encoded name with an angle", ["From: =?utf-8?b?YUBtYWlsLmV4YW1wbGUuY29tPg==?= <x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@mail.example.com>\" <x@evil.example>",
                "Reply-To: \"a@mail.example.com>\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 an angle in quotes", ["From: \"<a@mail.example.com>\" <x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: \"<a@mail.example.com>\" <x@evil.example>", "Reply-To: \"<a@mail.example.com>\" <x@evil.example>",
            ])),
        RewritingCase(
            "H05 an open quote", ["From: \"a@mail.example.com <x@evil.example>"],
            .refused("554 5.6.0 From field: the quoted text that begins at octet 2 is not closed")),
        RewritingCase(
            "H05 an open comment", ["From: a@mail.example.com (x@evil.example"],
            .refused("554 5.6.0 From field: the comment that begins at octet 21 is not closed")),
        RewritingCase(
            "H05 a quoted-pair at the end of a comment", ["From: a@mail.example.com (x\\)"],
            .refused("554 5.6.0 From field: the comment that begins at octet 21 is not closed")),
        RewritingCase(
            "H05 a backslash at the end", ["From: \"a\\"],
            .refused("554 5.6.0 From field: the quoted text that begins at octet 2 is not closed")),
        RewritingCase("H05 a NUL", ["From: a@mail.example.com\u{0}@evil.example"], .unreadable(.nul(line: 1))),
        RewritingCase("H05 a NUL in quotes", ["From: \"a\u{0}\" <a@mail.example.com>"], .unreadable(.nul(line: 1))),
        RewritingCase(
            "H05 two at signs", ["From: a@mail.example.com@evil.example"],
            .refused("554 5.6.0 From field: a second '@' at octet 20; put a display name that contains '@' in double quotes")),
        RewritingCase(
            "H05 two at signs, the first in quotes", ["From: \"a@mail.example.com\"@evil.example"],
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: \"a@mail.example.com\"@evil.example",
            ])),
        RewritingCase(
            "H05 the domain is longer than ours", ["From: a@mail.example.com.evil.example"],
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@mail.example.com.evil.example",
                "Reply-To: a@mail.example.com.evil.example",
            ])),
        RewritingCase(
            "H05 the domain ends as ours", ["From: a@evilmail.example.com"],
            .becomes([
                "From: \"a via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: a@evilmail.example.com",
                "Reply-To: a@evilmail.example.com",
            ])),
        RewritingCase(
            "H05 a dot at its end", ["From: a@mail.example.com."],
            .refused("554 5.6.0 From field: the address at octet 2 has a character that is not allowed in a domain")),
        RewritingCase(
            "H05 a comma in the name, unquoted", ["From: Berg, Anna <a@mail.example.com>"],
            .refused("554 5.6.0 From field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "H05 a colon in the name, unquoted", ["From: Re: Anna <a@mail.example.com>"],
            .refused("554 5.6.0 From field: the group that begins at octet 2 has no ';'")),
        RewritingCase(
            "H05 an at sign in the name, unquoted", ["From: anna@home <a@mail.example.com>"],
            .refused("554 5.6.0 From field: unexpected '<' at octet 12; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 brackets in the name, unquoted", ["From: [list] <a@mail.example.com>"],
            .refused("554 5.6.0 From field: unexpected '[' at octet 2; put a display name with special characters in double quotes")),
        RewritingCase("H05 a line break in the address", ["From: a@mail.", " example.com"], .becomes(["From: a@mail.example.com"])),
        RewritingCase(
            "H05 a route without its end", ["From: <@mail.example.com x@evil.example>"],
            .refused("554 5.6.0 From field: unexpected '>' at octet 35; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 %-routing", ["From: x%mail.example.com@evil.example"],
            .becomes([
                "From: \"x%mail.example.com via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: x%mail.example.com@evil.example", "Reply-To: x%mail.example.com@evil.example",
            ])),
        RewritingCase(
            "H05 a bang path", ["From: mail.example.com!a@evil.example"],
            .becomes([
                "From: \"mail.example.com!a via mail.example.com\" <no-reply@mail.example.com>",
                "X-Original-From: mail.example.com!a@evil.example", "Reply-To: mail.example.com!a@evil.example",
            ])),
        RewritingCase(
            "H06 an encoded local part", ["From: =?utf-8?q?anna=40mail=2Eexample=2Ecom?=@evil.example"],
            .becomes([
                "From: =?utf-8?Q?=3D=3Futf-8=3Fq=3Fanna=3D40mail=3D2Eexample?=", " =?utf-8?Q?=3D2Ecom=3F=3D_via_mail=2Eexample=2Ecom?=",
                " <no-reply@mail.example.com>", "X-Original-From: =?utf-8?q?anna=40mail=2Eexample=2Ecom?=@evil.example",
                "Reply-To: =?utf-8?q?anna=40mail=2Eexample=2Ecom?=@evil.example",
            ])),
        RewritingCase(
            "H06 an encoded address in the angle", ["From: <=?utf-8?q?anna=40mail.example.com?=>"],
            .refused("554 5.6.0 From field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "H06 an encoded address alone", ["From: =?utf-8?q?anna=40mail.example.com?="],
            .refused("554 5.6.0 From field: the address at octet 2 has no '@domain'")),
        RewritingCase(
            "H06 an encoded domain", ["From: anna@=?utf-8?q?mail=2Eexample=2Ecom?="],
            .refused("554 5.6.0 From field: the address at octet 2 has a character that is not allowed in a domain")),
        RewritingCase("H06 an encoded local part of ours stays", ["From: =?utf-8?q?anna?=@mail.example.com"], .unchanged),
        RewritingCase("an author of ours", ["From: Anna Berg <anna@mail.example.com>"], .unchanged),
        RewritingCase("an author of ours, odd but modern", ["From:\t\"Berg, Anna\"", "\t<anna@Mail.Example.Com> (home)"], .unchanged),
        RewritingCase("an author of a subdomain", ["From: <a@deep.mail.example.com>"], .unchanged),
        RewritingCase("an author of the address identity", ["From: Billing <billing+inv-7@partner.example>"], .unchanged),
        RewritingCase(
            "not its address", ["From: Billing <Billing@partner.example>"],
            .becomes([
                "From: \"Billing via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: Billing <Billing@partner.example>",
                "Reply-To: Billing <Billing@partner.example>",
            ])),
        RewritingCase("H02 a space in the name of the field", ["Fr om: a@mail.example.com"], .unreadable(.invalidName(line: 1))),
        RewritingCase(
            "H02 an 8-bit octet in the name of the field", ["Fr\u{F6}m: a@mail.example.com", "From: x@evil.example"],
            .unreadable(.invalidName(line: 1))),
        RewritingCase("H01 no header at all", ["Hello, this is no header"], .unreadable(.notAField(line: 1))),
        RewritingCase(
            "H01 a line of an mbox file", ["From anna@mail.example.com Sun Mar  1 09:05:07 2026", "From: a@mail.example.com"],
            .unreadable(.notAField(line: 1))),
        RewritingCase("H01 begins with a blank", [" From: x@evil.example", "From: a@mail.example.com"], .unreadable(.notAField(line: 1))),
        RewritingCase("H02 a colon alone", [": x", "From: a@mail.example.com"], .unreadable(.notAField(line: 1))),
        RewritingCase(
            "H05 a bracket splits two addresses", ["From: a@mail.example.com]<x@evil.example>"],
            .refused("554 5.6.0 From field: unexpected ']' at octet 20; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 a parenthesis splits two addresses", ["From: a@mail.example.com)<x@evil.example>"],
            .refused("554 5.6.0 From field: unexpected ')' at octet 20; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 an angle follows the domain", ["From: a@mail.example.com<x@evil.example>"],
            .refused("554 5.6.0 From field: unexpected '<' at octet 20; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 a comma splits two addresses", ["From: a@mail.example.com,<x@evil.example>"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H05 a semicolon splits two addresses", ["From: a@mail.example.com;<x@evil.example>"],
            .refused("554 5.6.0 From field: ';' at octet 20; addresses are separated by commas")),
        RewritingCase(
            "H05 a colon splits two addresses", ["From: a:b@mail.example.com:x@evil.example;"],
            .refused("554 5.6.0 From field: unexpected ':' at octet 22; put a display name with special characters in double quotes")),
        RewritingCase(
            "H05 a group in a comment", ["From: (x:;) Team (a: b@mail.example.com;): x@evil.example;"],
            .refused("554 5.6.0 The From field must name exactly one address, and no group")),
        RewritingCase(
            "H05 our address in a comment before the angle", ["From: (a@mail.example.com)<x@evil.example>"],
            .becomes([
                "From: \"x via mail.example.com\" <no-reply@mail.example.com>", "X-Original-From: x@evil.example",
                "Reply-To: x@evil.example",
            ])),
    ]
}
