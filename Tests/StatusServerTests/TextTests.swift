import Testing

@testable import StatusServer

@Suite struct QueryTests {
    @Test(
        arguments: [
            ("q=anna%40example.com", "q", "anna@example.com"), ("q=a+b&span=1h", "span", "1h"), ("q=a+b", "q", "a b"), ("q", "q", ""),
            ("q=", "q", ""), ("", "q", nil), ("&&=x&q=1", "q", "1"), ("q=1&q=2", "q", "1"), ("q=100%", "q", "100%"), ("q=%4", "q", "%4"),
            ("q=%zz", "q", "%zz"), ("q=%3Cid%3e", "q", "<id>"), ("q=a=b", "q", "a=b"), ("q=%ff", "q", "\u{FFFD}"), ("%71=1", "q", "1"),
            ("Q=1", "q", nil),
        ] as [(String, String, String?)])
    func value(_ text: String, name: String, value: String?) {
        #expect(Query(text)[name] == value)
    }

    @Test(arguments: ["anna@example.com", "<a b+c&d=e%25@x.example>", "\u{E4}\u{2713}\"'", ""])
    func encodedComesBack(_ text: String) {
        let encoded = Query.encoded(text)
        #expect(encoded.utf8.allSatisfy { (33...126).contains($0) && !"\"'<>&+=#".utf8.contains($0) })
        #expect(Query("q=" + encoded)["q"] == text)
    }
}

@Suite struct HTMLTextTests {
    @Test(arguments: [
        ("a<b>&\"c\"'", "a&lt;b&gt;&amp;&quot;c&quot;&#39;"), ("\u{1B}[31m\u{0}", "\u{FFFD}[31m\u{FFFD}"),
        ("a\u{202E}b\u{2066}", "a\u{FFFD}b\u{FFFD}"), ("\u{85}", "\u{FFFD}"), ("\r\n", "\u{FFFD}\n"),
        ("Gr\u{FC}\u{DF}e", "Gr\u{FC}\u{DF}e"),
    ])
    func escaped(_ text: String, html: String) { #expect(HTMLText.escaped(text) == html) }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1234, "-1,234"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func number(_ value: Int, text: String) { #expect(HTMLText.number(value) == text) }

    @Test(
        arguments: [
            (0, "0 s"), (119.9, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (11_100, "3 h 5 min"), (172_800, "2 d"),
            (190_000, "2 d 4 h"), (-5, "0 s"), (.infinity, "11574074 d 1 h"),
        ] as [(Double, String)])
    func duration(_ seconds: Double, text: String) { #expect(HTMLText.duration(seconds) == text) }

    @Test(arguments: [(0, "0 B"), (999, "999 B"), (1220, "1.22 kB"), (40_000_000, "40 MB"), (73_123_456_789, "73.1 GB")])
    func size(_ octets: Int, text: String) { #expect(HTMLText.size(octets) == text) }

    @Test(
        arguments: [(0.004, "0.004"), (0.126, "0.13"), (2.5, "2.5"), (12.34, "12.3"), (123.4, "123"), (1234.5, "1,235"), (7, "7")]
            as [(Double, String)])
    func decimal(_ value: Double, text: String) { #expect(HTMLText.decimal(value) == text) }
}
