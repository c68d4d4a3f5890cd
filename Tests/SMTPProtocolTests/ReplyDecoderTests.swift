import MailModel
import SMTPProtocol
import Testing

@Suite struct ReplyDecoderTests {
    private func decode(_ pieces: [[UInt8]]) -> [String] {
        var decoder = ReplyDecoder()
        var found: [String] = []
        for piece in pieces {
            var rest = piece[...]
            reading: while true {
                switch rest.withUnsafeBytes({ decoder.decode($0) }) {
                case .needsMoreInput: break reading
                case .reply(let reply, let consumed):
                    found.append("\(reply.code)|\(reply.enhancedStatus ?? "-")|\(reply.lines.joined(separator: "/"))")
                    rest = rest.dropFirst(consumed)
                case .failure(let fault):
                    found.append("\(fault)")
                    return found
                }
            }
        }
        return found
    }

    @Test(
        "X01 X04 X05, cut at every octet",
        arguments: [
            ("250 Ok\r\n", ["250|-|Ok"]), ("250 Ok\r\n354 go\r\n", ["250|-|Ok", "354|-|go"]), ("250\r\n", ["250|-|"]),
            ("250 \r\n", ["250|-|"]),
            ("250-a\r\n250-b\r\n250 Ok\r\n", ["250|-|a/b/Ok"]), ("250-\r\n250\r\n", ["250|-|/"]),
            ("550 5.1.1 No such user\r\n", ["550|5.1.1|No such user"]), ("550-5.1.1 No\r\n550 5.1.1 user\r\n", ["550|5.1.1|No/user"]),
            ("550 4.1.1 odd\r\n", ["550|-|4.1.1 odd"]), ("250 2.0.0\r\n", ["250|2.0.0|"]),
            ("220 2.1.5.example.com\r\n", ["220|-|2.1.5.example.com"]),
            ("451 4.4.2 Timeout waiting for data from client.\r\n", ["451|4.4.2|Timeout waiting for data from client."]),
            ("354 3.0.0 x\r\n", ["354|-|3.0.0 x"]), ("550 5.1000.1 x\r\n", ["550|-|5.1000.1 x"]),
            ("25\r\n", ["malformedCode"]), ("999 x\r\n", ["malformedCode"]), ("199 x\r\n", ["malformedCode"]),
            ("250x\r\n", ["malformedCode"]),
            ("\r\n", ["malformedCode"]), ("hello\r\n", ["malformedCode"]), ("+50 x\r\n", ["malformedCode"]),
            ("250-a\r\n251 b\r\n", ["codeChanged"]), ("250 Ok\n", ["bareLineFeed"]), ("\n", ["bareLineFeed"]),
            ("250 a\u{0}b\u{1b}[31m\r\n", ["250|-|a?b?[31m"]), ("250 caf\u{e9}\r\n", ["250|-|caf??"]), ("250 a\rb\r\n", ["250|-|a?b"]),
        ])
    func replies(stream: String, expected: [String]) {
        let whole = octets(stream)
        for cut in 0...whole.count { #expect(decode([Array(whole[..<cut]), Array(whole[cut...])]) == expected) }
        #expect(decode(whole.map { [$0] }) == expected)
    }

    @Test("X04: every length is bounded")
    func bounds() {
        let block = octets(String(repeating: "x", count: 512))
        #expect(decode([octets("250 ")] + Array(repeating: block, count: 2000)) == ["lineTooLong"])
        #expect(decode(Array(repeating: octets("250-x\r\n"), count: 1000)) == ["tooLong"])
        #expect(decode(Array(repeating: octets("250-" + String(repeating: "x", count: 1500) + "\r\n"), count: 60)) == ["tooLong"])
        #expect(decode(Array(repeating: octets("250-x\r\n"), count: 99) + [octets("250 x\r\n")]).first?.hasPrefix("250|") == true)
        #expect(decode([octets("250 " + String(repeating: "x", count: 1024) + "\r\n")]).first?.hasSuffix("...") == true)
    }

    @Test("X04: random octets never trap")
    func random() {
        var random = SeededGenerator(state: 3)
        for _ in 0..<3000 {
            let pieces = (0..<5).map { _ in
                (0..<Int.random(in: 0..<30, using: &random)).map { _ in
                    Bool.random(using: &random)
                        ? UInt8.random(in: 0...255, using: &random) : Array("250- \r\n5.".utf8).randomElement(using: &random) ?? 0
                }
            }
            _ = decode(pieces)
        }
    }

    @Test(
        "X08",
        arguments: [
            (
                "Ok 0102018f2c6d7e11-8d0f1234-0000-1111-2222-333344445555-000000",
                "0102018f2c6d7e11-8d0f1234-0000-1111-2222-333344445555-000000"
            ),
            ("ok <0102018f2c6d7e11-x@eu-west-1.amazonses.com>", "0102018f2c6d7e11-x"), ("Ok", nil), ("queued as 12345678", nil),
            ("Ok \u{1b}", nil),
        ] as [(String, String?)])
    func sesID(text: String, id: String?) { #expect(Reply(250, nil, text).sesMessageID == id) }

    @Test("X08: only of a 250") func sesIDOfRefusal() { #expect(Reply(450, nil, "Ok 0102018f2c6d7e11").sesMessageID == nil) }
}
