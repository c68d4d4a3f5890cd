import MailModel
import MessageFormat
import Testing

@Suite struct DisplayNameTests {
    private func field(_ name: String) throws -> HeaderField {
        try HeaderField(.from, try Mailbox(parsing: octets("a@b.c")), called: DisplayName(text: octets(name)))
    }

    @Test(arguments: [
        ("", "From: a@b.c\r\n"),
        ("Anna", "From: Anna <a@b.c>\r\n"),
        ("  Anna   Berg ", "From: Anna Berg <a@b.c>\r\n"),
        ("O'Neil & Co", "From: O'Neil & Co <a@b.c>\r\n"),
        ("Berg, Anna", "From: \"Berg, Anna\" <a@b.c>\r\n"),
        ("a \"b\" \\c", "From: \"a \\\"b\\\" \\\\c\" <a@b.c>\r\n"),
        ("Anna via mail.example.com", "From: \"Anna via mail.example.com\" <a@b.c>\r\n"),
        ("J\u{F6}rg, X", "From: =?utf-8?Q?J=C3=B6rg=2C_X?= <a@b.c>\r\n"),
        ("=?utf-8?q?x?=", "From: =?utf-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?= <a@b.c>\r\n"),
        ("a\r\nBcc: x@y.z", "From: \"a Bcc: x@y.z\" <a@b.c>\r\n"),
        ("a\u{0}b\u{B}c\u{85}d\u{2028}e\u{202E}f\u{61C}g", "From: a b c d e f g <a@b.c>\r\n"),
        ("\u{0}", "From: a@b.c\r\n"),
    ])
    func serialised(name: String, expected: String) throws {
        #expect(text(try field(name).octets) == expected)
    }

    @Test(arguments: [
        String(repeating: "x", count: 500),
        String(repeating: "word ", count: 100),
        String(repeating: "Dr. ", count: 125),
        String(repeating: "\u{1F600}", count: 125),
        String(repeating: "\u{05D0}\u{05D1} ", count: 100),
        String(repeating: "\u{E9}", count: 500),
        String(repeating: "e\u{301}", count: 250),
        String(repeating: "\"\\", count: 250),
        "a" + String(repeating: " \u{6F22}\u{5B57}", count: 80),
    ])
    func longNamesAreFoldedAndSurvive(name: String) throws {
        let field = try field(name)
        for line in text(field.octets).split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
        for word in text(field.octets).split(whereSeparator: { $0.isWhitespace }) where word.hasPrefix("=?") {
            #expect(word.utf8.count <= 75)
        }
        let list = try AddressList(parsing: field.value)
        #expect(list.mailboxes.count == 1)
        let again = try HeaderField(
            .from, try Mailbox(parsing: octets("a@b.c")), called: try #require(list.mailboxes.first).displayName)
        #expect(again == field)
        #expect(list.mailboxes.first?.displayName == DisplayName(text: octets(name)).trimmed)
    }

    @Test(arguments: [
        ("\"a@b\" <x@y.z>", true), ("Anna <x@y.z>", false), ("=?utf-8?q?a=40b?= <x@y.z>", true), ("\"=?utf-8?q?a=40b?=\" <x@y.z>", true),
        ("=?utf-8?B?Ye+8oGI=?= <x@y.z>", true), ("=?koi8-r?q?a=40b?= <x@y.z>", true), ("=?koi8-r?q?ab?= <x@y.z>", false),
        ("=?utf-7?q?a+AEA-b?= <x@y.z>", true), ("x@y.z (a@b)", true),
    ])
    func aHiddenAtIsSeen(value: String, expected: Bool) throws {
        let list = try AddressList(parsing: octets(value)[...])
        #expect(list.mailboxes.first?.displayName.mayContainAt == expected)
    }
}

@Suite struct MessageDateTests {
    @Test func format() {
        #expect(text(MessageDate.format(Timestamp(seconds: 1_772_355_907))) == "Sun, 01 Mar 2026 09:05:07 +0000")
        #expect(text(MessageDate.format(Timestamp(seconds: 0))) == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(MessageDate.isValid(MessageDate.format(Timestamp(seconds: 1_709_164_800))[...]))
    }

    @Test(arguments: [
        " Sun, 01 Mar 2026 09:05:07 +0000", "1 Mar 2026 09:05 +0100", "Sun,1 mar 26 9:5:7 GMT", "Sun , 1 Mar 2026 09:05:07 -0330 (comment)",
        "(x)Sun(y),(z)01(a)Mar(b)2026 09 : 05 : 07 (c) EST", "Thu, 29 Feb 2024 00:00:00 Z", "31 Dec 1999 23:59:60 +0000",
        "Sun, 01 Mar 126 09:05:07 UT", "Sunday, 01 Mar 2026 09:05:07 +0000", "Sun,\r\n\t01 Mar 2026\r\n 09:05:07 +0000",
    ])
    func valid(date: String) { #expect(MessageDate.isValid(octets(date)[...])) }

    @Test(arguments: [
        "", "yesterday", "2026-03-01T09:05:07Z", "Sun, 32 Mar 2026 09:05:07 +0000", "Sun, 29 Feb 2026 09:05:07 +0000",
        "Sun, 01 Mar 2026 24:05:07 +0000", "Sun, 01 Mar 2026 09:60:07 +0000", "Sun, 01 Mar 2026 09:05:61 +0000",
        "Sun, 01 Mar 2026 09:05:07 +0060", "Sun, 01 Mar 2026 09:05:07 +00000", "Sun, 01 Mar 2026 09:05:07",
        "Sun, 01 Mar 2026 09:05:07 + 0000",
        "Sun, 01 Foo 2026 09:05:07 +0000", "Xyz, 01 Mar 2026 09:05:07 +0000", "Sun, 01 Mar 20260 09:05:07 +0000",
        "Sun, 01 Mar 99999999999999999999 09:05:07 +0000", "Sun, 01 Mar 2026 09:05:07 +0000 x", "Sun, 01 Mar 2026 09:05:07 (",
        "0 Mar 2026 1:1 Z",
    ])
    func invalid(date: String) { #expect(!MessageDate.isValid(octets(date)[...])) }

    @Test(
        arguments: [
            (" Sun, 01 Mar 2026 09:05:07 +0000", nil), ("1 Mar 2026 09:05 +0100", nil), ("Sun,1 mar 2026 09:05:07 -0330 (home)", nil),
            ("Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)", nil),
            ("Sun, 1 Mar 26 9:5:7 GMT", "Sun, 1 Mar 2026 09:05:07 +0000"), ("1 Mar 99 09:05 EST", "1 Mar 1999 09:05 -0500"),
            ("Sunday, 01 Mar 2026 09:05:07 +0000", "Sun, 01 Mar 2026 09:05:07 +0000"),
            ("Sun, 01 Mar 126 09:05:07 MESZ", "Sun, 01 Mar 2026 09:05:07 -0000"),
            ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "Fri, 21 Nov 1997 09:55:06 -0600"),
            ("Sun , 1 Mar 2026 09:05:07 Z", "Sun, 1 Mar 2026 09:05:07 +0000"), ("1 (x) Mar 2026 09:05 +0000", "1 Mar 2026 09:05 +0000"),
            ("1 Mar 2026 09:05 +0000\r\n \r\n (x)", "1 Mar 2026 09:05 +0000"),
        ] as [(String, String?)])
    func obsoleteForms(date: String, modern: String?) {
        let expected = modern.map { MessageDate.Style.obsolete(modern: octets($0)) } ?? .modern
        #expect(MessageDate.style(of: octets(date)[...]) == expected)
        if let modern { #expect(MessageDate.style(of: octets(modern)[...]) == .modern) }
    }
}

@Suite struct MessageIDTests {
    @Test func made() throws {
        let made = MessageID.make(unique: octets("ab.c\r\n>x"), domain: try Domain(octets("mail.example.com")))
        #expect(text(made) == "<ab.c---x@mail.example.com>")
        #expect(MessageID.isValid(made))
    }

    @Test(arguments: [
        ("<a@b>", true), ("<a>", true), ("<>", false), ("a@b", false), ("<a b@c>", false), ("<a><b>", false), ("", false),
        ("<a\u{0}>", false),
    ])
    func validity(id: String, expected: Bool) { #expect(MessageID.isValid(octets(id)) == expected) }
}
