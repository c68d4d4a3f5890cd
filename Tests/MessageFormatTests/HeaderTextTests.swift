import MailModel
import MessageFormat
import Testing

@Suite struct HeaderTextTests {
    @Test(arguments: [
        (" Invoice 7", "Invoice 7"), ("\r\n =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\t=?UTF-8?b?IGF1cw==?= Dublin", "Grüße aus Dublin"),
        ("=?iso-8859-1?q?a=0D=0AB=FC?=", "a Bü"), ("=?x-unknown?q?abc?= d", "=?x-unknown?q?abc?= d"), ("a\u{0}b\u{202E}c", "a b c"),
        ("", ""),
        ("\"quoted\" (and) <so> on", "\"quoted\" (and) <so> on"),
    ])
    func decoding(value: String, expected: String) {
        let text = HeaderText(decoding: Array(value.utf8))
        #expect(String(decoding: text.utf8, as: UTF8.self) == expected)
        #expect(text.isEmpty == expected.isEmpty)
    }

    @Test(arguments: [
        ("Re: \"a\" <b@c.example>", "Subject: Re: \"a\" <b@c.example>\r\n"),
        ("Grüße an alle", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=\r\n"),
        ("a\r\nBcc: b", "Subject: a Bcc: b\r\n"), ("=?utf-8?q?x?=", "Subject: =?utf-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=\r\n"),
    ])
    func writing(text: String, expected: String) throws {
        let text = HeaderText(Array(text.utf8))
        let field = try HeaderField(.subject, text: text)
        #expect(String(decoding: field.octets, as: UTF8.self) == expected)
        #expect(HeaderText(decoding: field.value) == text)
    }

    @Test func longTextIsFolded() throws {
        let text = HeaderText(Array(String(repeating: "ä long word ", count: 100).utf8)) + HeaderText([UInt8](repeating: 120, count: 2000))
        let field = try HeaderField(.subject, text: text)
        #expect(String(decoding: field.octets, as: UTF8.self).split(separator: "\r\n").allSatisfy { $0.utf8.count <= 77 })
        #expect(HeaderText(decoding: field.value).utf8 == text.utf8)
    }
}
