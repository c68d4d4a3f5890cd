import MailModel
import MessageFormat
import Testing

/// Fields with 8-bit text or endless lines, written so that they have neither.
@Suite struct SevenBitTests {
    private func repaired(_ field: [UInt8], declared: String? = nil) throws -> String {
        var block = try HeaderBlock(parsing: field + [13, 10], limits: Self.anyLine)
        try block.makeSevenBit(declaredCharset: declared.map { Array($0.utf8) })
        var octets: [UInt8] = []
        block.write(to: &octets)
        return String(decoding: octets, as: UTF8.self)
    }

    private static var anyLine: HeaderLimits {
        var limits = HeaderLimits()
        limits.lineOctets = limits.octets
        return limits
    }

    @Test(arguments: [
        ("Subject: Grüße", "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"),
        ("Subject:Grüße  aus  Köln, x", "Subject:=?utf-8?B?R3LDvMOfZQ==?=  aus  =?utf-8?Q?K=C3=B6ln=2C?= x\r\n"),
        ("Subject: ä  ö", "Subject: =?utf-8?B?w6QgIMO2?=\r\n"),
        ("Subject: =?utf-8?Q?x?= ä =?utf-8?Q?y?=", "Subject: =?utf-8?Q?x?= =?utf-8?Q?_=C3=A4_?= =?utf-8?Q?y?=\r\n"),
        ("From: Änne Berg <a@b.example>", "From: =?utf-8?Q?=C3=84nne_Berg?= <a@b.example>\r\n"),
        ("From: \"Müller, Jörg\"<a@b.example>", "From: =?utf-8?Q?M=C3=BCller=2C_J=C3=B6rg?= <a@b.example>\r\n"),
        ("From: a@b.example (Änne (x))", "From: a@b.example (=?utf-8?Q?=C3=84nne_=28x=29?=)\r\n"),
        (
            "To: Bob <b@c.example>, Ä <\"a b\"@bücher.example>",
            "To: Bob <b@c.example>, =?utf-8?B?w4Q=?= <\"a b\"@xn--bcher-kva.example>\r\n"
        ),
        ("Cc: Größe: a@b.example, c@d.example;", "Cc: =?utf-8?B?R3LDtsOfZQ==?=: a@b.example, c@d.example;\r\n"),
        ("Content-Type: text/plain; name=\"ä b.txt\"; x=y", "Content-Type: text/plain; name*=utf-8''%C3%A4%20b.txt; x=y\r\n"),
        ("Content-Disposition: attachment; filename=ä", "Content-Disposition: attachment; filename*=utf-8''%C3%A4\r\n"),
        ("List-Unsubscribe: <https://x.example/ä>", "List-Unsubscribe: <https://x.example/%C3%A4>\r\n"),
        ("References: <a@b> <ä@c>\r\n <d@e>", "References: <a@b> <d@e>\r\n"), ("Message-ID: <ä@c>", ""),
        ("Received: from ä by b", "Received: from ?? by b\r\n"), ("X-Seven: a\r\n\tb  c ", "X-Seven: a\r\n\tb  c \r\n"),
    ])
    func fields(field: String, expected: String) throws { #expect(try repaired(Array(field.utf8)) == expected) }

    @Test func charsets() throws {
        #expect(try repaired(Array("Subject: a".utf8) + [0xE4]) == "Subject: =?windows-1252?Q?a=E4?=\r\n")
        #expect(try repaired(Array("Subject: a".utf8) + [0xE4], declared: "koi8-r") == "Subject: =?koi8-r?Q?a=E4?=\r\n")
        #expect(try repaired(Array("Subject: a".utf8) + [0xE4], declared: "utf-8") == "Subject: =?windows-1252?Q?a=E4?=\r\n")
        #expect(try repaired(Array("Subject: aaaaa ä".utf8), declared: "koi8-r") == "Subject: aaaaa =?utf-8?B?w6Q=?=\r\n")
    }

    @Test func linesAreFoldedAndCharactersWhole() throws {
        let text = try repaired(Array(("Subject: " + String(repeating: "ä€🙂 ", count: 200)).utf8))
        for line in text.split(separator: "\r\n") {
            #expect(line.utf8.count <= 76)
            #expect(!String(describing: line).contains("\u{FFFD}"))
        }
        let long = try repaired(Array(("X-Long: " + String(repeating: "word ", count: 300)).utf8))
        #expect(long.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        #expect(long.replacing("\r\n", with: "").hasPrefix("X-Long: word word word"))
        let name = try repaired(Array(("Content-Type: a/b; name=\"" + String(repeating: "ä", count: 60) + "\"").utf8))
        #expect(name.contains("name*0*=utf-8''%C3") && name.contains("; name*1*=") || name.contains(";\r\n name*1*="))
    }

    @Test(arguments: [
        ("To: jörg@b.example", HeaderError.nonASCIILocalPart(field: "To")), ("To: <\"ä\"@b.example>", .nonASCIILocalPart(field: "To")),
        ("To: a@e\u{301}.example", .unmappableDomain(field: "To")), ("To: a@\u{212A}.example", .unmappableDomain(field: "To")),
        ("Content-Type: a/b; boundary=ä", .nonASCII(field: "Content-Type", line: 1)),
        ("X: " + String(repeating: "x", count: 999), .lineTooLong(line: 1)),
    ])
    func impossible(field: String, error: HeaderError) { #expect(throws: error) { try repaired(Array(field.utf8)) } }

    @Test(arguments: [
        ("bücher.example", "xn--bcher-kva.example"), ("MÜNCHEN.de", "xn--mnchen-3ya.de"), ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"), ("a.faß.de", "a.xn--fa-hia.de"), ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
        ("실례.테스트", "xn--9n2bp8q.xn--9t4b11yi5a"),
    ])
    func domains(name: String, expected: String) throws { #expect(try repaired(Array("To: a@\(name)".utf8)) == "To: a@\(expected)\r\n") }

    @Test func hostileFieldsTakeLinearTime() throws {
        for piece in ["ä(", "(ä", "\"ä", "ä,", "ä;", "a=ä;", "ä <", "=?a?Q?ä?= "] {
            for name in ["To", "Content-Type", "Subject"] {
                let field = Array((name + ": " + String(repeating: piece, count: 15_000)).utf8.prefix(100_000))
                let start = ContinuousClock.now
                _ = try? repaired(field)
                #expect(start.duration(to: .now) < .seconds(3), "\(name) \(piece)")
            }
        }
    }

    @Test func whatIsUTF8() {
        for (octets, isValid) in [
            ([0xC3, 0xA4], true), ([0xC3], false), ([0xC0, 0x80], false), ([0xED, 0xA0, 0x80], false), ([0xF4, 0x90, 0x80, 0x80], false),
            ([0xF0, 0x9F, 0x99, 0x82], true), ([0xE0, 0x80, 0x80], false), ([0x80], false), ([], true),
        ] as [([UInt8], Bool)] { #expect(UTF8Check.isValid(octets) == isValid) }
    }
}
