import MailModel
import MessageFormat
import Testing

/// H12: obsolete forms come in, only modern ones leave; what is modern stays as it is.
@Suite struct ObsoleteAddressTests {
    @Test(arguments: [
        "a@b.c", " <a@b.c>", "< a@b.c >", "<\r\n a@b.c>", "Anna Berg <a@b.c>", "\"John Q. Public\" <j@b.c>", "a@b.c, b@c.d",
        "a@b.c\r\n ,b@c.d", "a@b.c (Anna)", "(x) a@b.c", "(a(b)c) Anna (d) <a@b.c> (e)", "Team: a@b.c, Bob <b@c.d>;", "x:;", "x : ; (end)",
        "undisclosed-recipients:;", "x: (nobody) ;", "\"a b\"@c.d", "\"abc\"@c.d", "\"a\\b\"@c.d", "\"\"@c.d",
        "=?utf-8?q?J=C3=B6rg?= <j@b.c>",
        "Anna\r\n\t<a@b.c>", "\"\" <a@b.c>", "\"a\r\n b\" <a@b.c>", "\"\":;", "root@localhost", "(a \\) b) a@b.c", "",
    ])
    func modern(value: String) throws { #expect(try AddressList(parsing: octets(value)[...]).isModern) }

    @Test(
        arguments: [
            // RFC 2822 A.5 and A.6.
            ("Pete(A wonderful \\) chap) <pete(his account)@silly.test(his host)>", "Pete <pete@silly.test>"),
            (
                "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n         joe@example.org,\r\n"
                    + "  John <jdoe@one.test> (my dear friend); (the end of the group)",
                "A Group: Chris Jones <c@public.example>, joe@example.org, John <jdoe@one.test>;"
            ),
            ("Joe Q. Public <john.q.public@example.com>", "\"Joe Q. Public\" <john.q.public@example.com>"),
            ("Mary Smith <@machine.tld:mary@example.net>, , jdoe@test   . example", "Mary Smith <mary@example.net>, jdoe@test.example"),
            ("Mary Smith <mary@x.test>, jdoe@test   . example", "Mary Smith <mary@x.test>, jdoe@test.example"),
            ("\"Joe & J. Harvey\" <ddd@ @tld.example>", nil),
            ("John Doe <jdoe@machine(comment).  example>", "John Doe <jdoe@machine.example>"),
            // Blanks and comments inside an address.
            ("a . b@c.d", "a.b@c.d"), ("a@b . c", "a@b.c"), ("a @ b.c", "a@b.c"), ("a@ b.c", "a@b.c"), ("a @b.c", "a@b.c"),
            ("a(x)@b.c", "a@b.c"),
            ("a@(x)b.c", "a@b.c"), ("a@b(x).c", "a@b.c"), ("a@b.(x)c", "a@b.c"), ("a\r\n @b.c", "a@b.c"), ("<(x)a@b.c>", "a@b.c"),
            ("<a@b.c(x)>", "a@b.c"),
            ("<a@b.c>(Anna), < b@c.d(x)>", "Anna <a@b.c>, b@c.d"), ("a(x) @b.c (Anna)", "Anna <a@b.c>"),
            // Local parts.
            ("\"a\".b@c.d", "a.b@c.d"), ("a.\"b c\"@d.e", "\"a.b c\"@d.e"), (".a@b.c", "\".a\"@b.c"), ("a.@b.c", "\"a.\"@b.c"),
            ("a..b@c.d", "\"a..b\"@c.d"),
            (".@b.c", "\".\"@b.c"), ("\"\" . a@b.c", "\".a\"@b.c"),
            // Routes, empty elements, groups without a name.
            ("<@a.b:c@d.e>", "c@d.e"), ("Anna <@a.b, @c.d , :e@f.g>", "Anna <e@f.g>"), (",a@b.c", "a@b.c"), ("a@b.c,", "a@b.c"),
            ("a@b.c,,b@c.d", "a@b.c, b@c.d"),
            (", ,\r\n ,a@b.c,(x),", "a@b.c"), ("x:,;", "x:;"), ("Team: , a@b.c, ,b@c.d,;", "Team: a@b.c, b@c.d;"), (":a@b.c;", "a@b.c"),
            (":a@b.c;, x:;", "a@b.c, x:;"), ("(x):;, a@b.c", "a@b.c"), ("\"\":, a@b.c;", "\"\": a@b.c;"), (":;", ""), (",", ""),
            (":,;", ""),
            // Phrases and text.
            ("Dr. Who <w@b.c>", "\"Dr. Who\" <w@b.c>"), (". <a@b.c>", "\".\" <a@b.c>"), ("Mr. X: a@b.c;", "\"Mr. X\": a@b.c;"),
            ("=?utf-8?q?J=C3=B6rg?= K. <j@b.c>", "=?utf-8?Q?J=C3=B6rg_K=2E?= <j@b.c>"),
            ("=?utf-8?q?J=C3=B6rg_K.?= <j@b.c>", "=?utf-8?Q?J=C3=B6rg_K=2E?= <j@b.c>"),
            ("=?koi8-r?q?=F0.?= <j@b.c>", "=?koi8-r?q?=F0=2E?= <j@b.c>"),
            ("J. =?koi8-r?b?8OXU0g==?= <j@b.c>", "=?utf-8?Q?J=2E_?= =?koi8-r?b?8OXU0g==?= <j@b.c>"),
            // Specials in an encoded-word.
            ("=?UTF-8?Q?M=C3=BCller,_Anna_(Sales)?= <a@b.c>", "=?utf-8?Q?M=C3=BCller=2C_Anna_=28Sales=29?= <a@b.c>"),
            ("=?UTF-8?Q?[list]_x@y.z?= =?utf-8?q?;:<>?= <a@b.c>, b@c.d", "\"[list] x@y.z;:<>\" <a@b.c>, b@c.d"),
            ("=?koi8-r?q?=F0,(?=\r\n <a@b.c>", "=?koi8-r?q?=F0=2C=28?= <a@b.c>"), ("=?utf-8?q?a,b?=(x)<a@b.c>", "\"a,b\" <a@b.c>"),
            ("=?utf-8?q?a,b?= : a@b.c;", "\"a,b\": a@b.c;"),
            ("=?utf-8?q?a,b?=, a@b.c", nil), ("=?utf-8?q?a,b?= @x.example", nil), ("=?utf-8?q?a,b?=@x.example", nil),
            ("=?utf-8?q?a,b?= .c@x.example", nil),
            ("<=?utf-8?q?a,b?= @x.example>", nil), ("a@=?utf-8?q?a,b?= ", nil), ("=?utf-8?q?a,b <a@b.c>", nil),
            ("=?utf-8?q?a,b?x?= <a@b.c>", nil),
            ("=?utf-8?q?a,\"?= <a@b.c>", nil), ("=?utf-8?x?a,b?= <a@b.c>", nil), ("=?a,b?q?c?= <a@b.c>", nil),
            ("=?utf-8?b?YQ,?= <a@b.c>", nil),
            ("=?utf-8?q?=C3=96?= :, a@b.c;", "=?utf-8?B?w5Y=?= : a@b.c;"),
            ("\"a\u{1}b\" <a@b.c>", "a b <a@b.c>"), ("Anna (\u{7F}) <a@b.c>", "Anna <a@b.c>"), ("a@b.c\r\n \r\n ,b@c.d", "a@b.c, b@c.d"),
            ("a@b.c\r\n ", "a@b.c"),
            ("a@b.c, (x)\r\n\t\r\n", "a@b.c"),
            ("\"=?utf-8?q?a=40b.c?=\" <x@y.z>,", "\"a@b.c\" <x@y.z>"), ("\"a\r\n b\" <a@b.c>,", "a b <a@b.c>"),
            ("a@b.c (=?utf-8?q?J=C3=B6rg?=),", "=?utf-8?Q?J=C3=B6rg?= <a@b.c>"), ("a@b.c (x) (y),", "y <a@b.c>"),
            ("Anna (x) <a@b.c> (y),", "Anna <a@b.c>"),
        ] as [(String, String?)])
    func obsolete(value: String, expected: String?) throws {
        guard let expected else {
            if (try? AddressList(parsing: octets(value)[...])) != nil { Issue.record("accepted") }
            return
        }
        let list = try AddressList(parsing: octets(value)[...])
        #expect(!list.isModern)
        let field = try HeaderField(.to, list)
        #expect(field.map { text($0.unfolded) } ?? "" == expected)
        guard let field else { return }
        let again = try AddressList(parsing: field.value)
        #expect(again.isModern)
        #expect(try HeaderField(.to, again) == field)
        #expect(again.mailboxes.map(\.mailbox) == list.mailboxes.map(\.mailbox))
        #expect(again.mailboxes.map(\.displayName) == list.mailboxes.map(\.displayName))
    }

    /// A17, H07: whatever the pieces are, what is printed is modern and says the same, and no line is long.
    @Test func whatIsPrintedIsReadAlike() throws {
        let pieces = [
            "a", "b.c", "@", "x.example", ".", ",", ";", ":", "<", ">", "\"q r\"", "\"\\\"\"", "(c)", "(n(e)s)", " ", "\r\n ",
            "=?utf-8?q?=C3=B6?=", "=?koi8-r?q?=F0.?=",
            "<a@b.c>", "a@b.c", "Team:", "=?utf-8?q?a,b?= ", "=?koi8-r?q?=F0;?= ", "<@r.example:a@b.c>", "\u{1}", "\"@\"", "J.",
            String(repeating: "w", count: 70),
            "=?utf-8?b?8J+YgA==?=", "()", "\"\"",
        ]
        var random = SeededNumbers(state: 7)
        var accepted = 0
        for _ in 0..<60_000 {
            let value = (0..<Int.random(in: 1...9, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            guard let list = try? AddressList(parsing: octets(value)[...]) else { continue }
            accepted += 1
            guard let field = try HeaderField(.to, list) else {
                #expect(list.elements.isEmpty)
                continue
            }
            let again = try AddressList(parsing: field.value)
            #expect(again.isModern, "\(value.debugDescription) -> \(text(field.octets))")
            #expect(try HeaderField(.to, again) == field, "\(value.debugDescription)")
            #expect(again.mailboxes.map(\.mailbox) == list.mailboxes.map(\.mailbox), "\(value.debugDescription)")
            #expect(again.elements.count == list.elements.count, "\(value.debugDescription)")
            for line in text(field.octets).split(separator: "\r\n") { #expect(line.utf8.count <= 78, "\(value.debugDescription)") }
        }
        #expect(accepted > 3000)
    }
}

/// The same numbers each time (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
