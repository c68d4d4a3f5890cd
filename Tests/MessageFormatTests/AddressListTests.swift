import MailModel
import MessageFormat
import Testing

@Suite struct AddressListTests {
    /// What was understood, on one line: `name|local|domain`, groups in braces.
    private func summary(_ value: String) throws(AddressListError) -> String {
        let list = try AddressList(parsing: octets(value)[...])
        func one(_ named: NamedMailbox) -> String {
            let name = (try? HeaderField(.to, named.mailbox, called: named.displayName)).map { text($0.unfolded) } ?? "?"
            return name
        }
        return list.elements.map { element in
            switch element {
            case .mailbox(let named): one(named)
            case .group(let group): "{" + group.members.map(one).joined(separator: " & ") + "}"
            }
        }.joined(separator: " | ")
    }

    @Test(arguments: [
        ("a@b.c", "a@b.c"),
        (" <a@B.C> ", "a@b.c"),
        ("Anna <a@b.c>", "Anna <a@b.c>"),
        ("Anna Berg <a@b.c>, Bob <b@c.d>", "Anna Berg <a@b.c> | Bob <b@c.d>"),
        ("\"Berg, Anna\" <a@b.c>", "\"Berg, Anna\" <a@b.c>"),
        ("\"Berg\\, \\\"Anna\\\"\" <a@b.c>", "\"Berg, \\\"Anna\\\"\" <a@b.c>"),
        ("John Q. Public <j@b.c>", "\"John Q. Public\" <j@b.c>"),
        ("Anna\r\n\t<a@b.c>,\r\n b@c.d", "Anna <a@b.c> | b@c.d"),
        ("(x) a (y) @ (z) b (w) . (v) c (u)", "u <a@b.c>"),
        ("root@host (Cron Daemon)", "Cron Daemon <root@host>"),
        ("a@b.c (J\\(o\\)e (nested) \\\\)", "\"J(o)e (nested) \\\\\" <a@b.c>"),
        ("a . b @ c . d", "a.b@c.d"),
        ("\"a b\"@c.d", "\"a b\"@c.d"),
        ("\"a\".b.\"c\"@d.e", "a.b.c@d.e"),
        ("\"a@ours.example\"@d.e", "\"a@ours.example\"@d.e"),
        ("a..b@c.d", "\"a..b\"@c.d"),
        ("<@r.example,@s.example:u@x.example>", "u@x.example"),
        ("<@ours.example:x@evil.example>", "x@evil.example"),
        ("undisclosed-recipients:;", "{}"),
        (":;", ""),
        (" : a@b.c, b@c.d; , x: c@d.e;", "a@b.c | b@c.d | {c@d.e}"),
        ("Team: a@b.c, Bob <b@c.d>;, c@d.e", "{a@b.c & Bob <b@c.d>} | c@d.e"),
        ("Team: (x) , a@b.c, ;", "{a@b.c}"),
        ("a@b.c,,b@c.d,", "a@b.c | b@c.d"),
        ("", ""),
        (" (nobody) ", ""),
        ("=?utf-8?q?J=C3=B6rg?= <j@b.c>", "=?utf-8?Q?J=C3=B6rg?= <j@b.c>"),
        ("=?utf-8?q?J=C3=B6rg?= =?utf-8?b?IE3DvGxsZXI=?= <j@b.c>", "=?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <j@b.c>"),
        ("=?iso-8859-1?Q?J=F6rg?= <j@b.c>", "=?utf-8?Q?J=C3=B6rg?= <j@b.c>"),
        ("=?windows-1252?Q?=8020?= <j@b.c>", "=?utf-8?B?4oKsMjA=?= <j@b.c>"),
        ("=?koi8-r?B?8OXU0g==?= <j@b.c>", "=?koi8-r?B?8OXU0g==?= <j@b.c>"),
        ("=?koi8-r?B?8OXU0g==?= Smith <j@b.c>", "=?koi8-r?B?8OXU0g==?= =?utf-8?Q?_Smith?= <j@b.c>"),
        ("=?us-ascii?Q?A_=42?= <j@b.c>", "A B <j@b.c>"),
        ("a@ours.example(c)evil.example", "unexpected"),
        ("x@evil.example (a@ours.example)", "\"a@ours.example\" <x@evil.example>"),
        ("=?utf-8?q?a=40ours.example?= <x@evil.example>", "\"a@ours.example\" <x@evil.example>"),
    ])
    func whatIsUnderstood(value: String, expected: String) throws {
        guard expected != "unexpected" else {
            #expect(throws: AddressListError.self) { try summary(value) }
            return
        }
        let understood = try summary(value)
        #expect(understood == expected)
        // What we print, we read in the same way (A17).
        if !understood.contains("{"), !understood.contains("|"), !understood.isEmpty {
            #expect(try summary(understood) == understood)
        }
    }

    @Test(arguments: [
        ("a@b.c b@c.d", AddressListError.unexpectedOctet(98, at: 6)),
        ("a@ours.example <x@evil.example>", .unexpectedOctet(60, at: 15)),
        ("a b@c.d", .unexpectedOctet(98, at: 2)),
        ("a@b@c.d", .unexpectedOctet(64, at: 3)),
        ("<<a@b.c>>", .unexpectedOctet(60, at: 1)),
        ("<a@b.c> x", .unexpectedOctet(120, at: 8)),
        ("<a@b.c><b@c.d>", .unexpectedOctet(60, at: 7)),
        ("<a@b.c", .unclosedAngle(at: 0)),
        ("<a", .unclosedAngle(at: 0)),
        ("<>", .emptyAngle(at: 0)),
        ("Anna <>", .emptyAngle(at: 5)),
        ("<a>", .missingDomain(at: 0)),
        ("root", .missingDomain(at: 0)),
        ("root, a@b.c", .missingDomain(at: 0)),
        ("a@b.c, root", .missingDomain(at: 7)),
        ("a@", .missingDomain(at: 0)),
        ("@b.c", .unexpectedOctet(64, at: 0)),
        ("a@b.c; b@c.d", .unexpectedOctet(59, at: 5)),
        ("Team: a@b.c", .unclosedGroup(at: 0)),
        ("A: B: a@b.c;;", .unexpectedOctet(58, at: 4)),
        ("a@b.c)", .unexpectedOctet(41, at: 5)),
        ("a@b.c (x", .unclosedComment(at: 6)),
        ("a@b.c (x\\)", .unclosedComment(at: 6)),
        ("\"a@b.c", .unclosedQuote(at: 0)),
        ("\"a\\\"@b.c", .unclosedQuote(at: 0)),
        ("\"a\\", .unclosedQuote(at: 0)),
        ("a\u{0}@b.c", .unexpectedOctet(0, at: 1)),
        ("a@ours.example\u{0}@evil.example", .unexpectedOctet(0, at: 14)),
        ("\"a\u{0}\"@b.c", .unexpectedOctet(0, at: 2)),
        ("[x] <a@b.c>", .unexpectedOctet(91, at: 0)),
        ("j\u{F6}rg@b.c", .unexpectedOctet(0xC3, at: 1)),
        ("a@[192.0.2.1]", .invalidAddress(.addressLiteral, at: 0)),
        ("a@b_c.d", .invalidAddress(.unexpectedOctet(at: 1), at: 0)),
        ("a@b.c.", .invalidAddress(.unexpectedOctet(at: 3), at: 0)),
        ("\"a\u{1}\"@b.c", .invalidAddress(.controlCharacter(at: 1), at: 0)),
        ("=?utf-8?q?a?=@b.c, =?utf-8?q?a=40b=2Ec?=", .missingDomain(at: 19)),
        ("<@r.example u@x.example>", .unexpectedEnd(at: 24)),
    ])
    func whatIsRefusedAndWhere(value: String, error: AddressListError) {
        if case .unexpectedEnd = error {
            #expect(throws: AddressListError.self) { try summary(value) }
        } else {
            #expect(throws: error) { try summary(value) }
        }
        #expect(!"\(error)".isEmpty)
    }

    @Test func lengthsOfAddresses() throws {
        let local = String(repeating: "a", count: 64)
        _ = try summary(local + "@b.c")
        #expect(throws: AddressListError.invalidAddress(.localPartTooLong, at: 0)) { try summary(local + "a@b.c") }
        let domain = String(repeating: String(repeating: "d", count: 62) + ".", count: 4) + "com"
        _ = try summary("a@" + domain)
        #expect(throws: AddressListError.invalidAddress(.domainTooLong, at: 0)) { try summary("a@" + domain + ".com") }
    }

    /// H05, H11: linear time, no recursion. Each of these took down some parser once.
    @Test(arguments: [
        String(repeating: ",", count: 10_000),
        String(repeating: "(", count: 100_000),
        String(repeating: "(", count: 50_000) + String(repeating: ")", count: 50_000) + " a@b.c",
        "a" + String(repeating: "(x)", count: 30_000) + "@b.c",
        "a@b" + String(repeating: "(x)", count: 30_000) + ".c",
        "a@b" + String(repeating: "(x).c", count: 20_000),
        String(repeating: "<", count: 100_000),
        String(repeating: "\"a\" ", count: 25_000) + "<a@b.c>",
        String(repeating: "\"a\".", count: 25_000) + "a@b.c",
        "<" + String(repeating: "@a.b,", count: 20_000) + ":a@b.c>",
        String(repeating: "a:;", count: 30_000),
        String(repeating: "a@b.c,", count: 15_000),
        String(repeating: "\\", count: 100_000),
        "\"" + String(repeating: "\\\"", count: 50_000),
        String(repeating: "=?utf-8?q?", count: 10_000),
        String(repeating: "=?utf-8?q?a?= ", count: 7_000) + "<a@b.c>",
        String(repeating: "a.", count: 50_000),
    ])
    func hostileValuesTakeLinearTime(value: String) {
        let clock = ContinuousClock()
        let taken = clock.measure {
            if let list = try? AddressList(parsing: octets(value)[...]) { for named in list.mailboxes { _ = named.displayName } }
        }
        #expect(taken < .seconds(3))  // a debug build on a busy machine; quadratic would take minutes
    }

    @Test func theNumberOfElementsIsBounded() throws {
        let most = String(repeating: "a@b.c,", count: 10_239) + "a@b.c"
        #expect(try AddressList(parsing: octets(most)[...]).mailboxes.count == 10_240)
        #expect(throws: AddressListError.tooManyElements) { try AddressList(parsing: octets(most + ",a@b.c")[...]) }
        #expect(throws: AddressListError.tooManyElements) {
            try AddressList(parsing: octets("g:" + String(repeating: "a@b.c,", count: 10_241) + ";")[...])
        }
        let nameless = ":" + String(repeating: "a@b.c,", count: 9000) + "a@b.c;"
        #expect(try AddressList(parsing: octets(nameless)[...]).elements.count == 9001)
        let commas = try AddressList(parsing: octets(String(repeating: ",", count: 10_000))[...])
        #expect(commas.elements.isEmpty && !commas.isModern)
    }
}
