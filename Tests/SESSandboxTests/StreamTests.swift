internal import MailModel
@testable import SESSandbox
import Testing

/// Whatever eats a stream gives the same result however the stream is cut.
@Suite struct StreamTests {
    static let data: [(input: String, output: String?)] = [
        (".\r\n", ""), ("\r\n.\r\n", "\r\n"), ("a\r\n.\r\n", "a\r\n"), ("..\r\n.\r\n", ".\r\n"), ("..a\r\n...\r\n.\r\n", ".a\r\n..\r\n"),
        (".a\r\n.\r\n", "a\r\n"), ("a\n.\n\r\n.\r\n", "a\n.\n\r\n"), ("a\r.\r\n.\r\n", "a\r.\r\n"), ("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n"),
        ("a\r\n.\n.\r\n", nil), ("a\n.\r\n", nil), ("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n"), ("\r\r\n.\r\n", "\r\r\n"), ("a.\r\n.b\r\n", nil),
    ]

    @Test(arguments: data) func dots(_ example: (input: String, output: String?)) {
        let input = octets(example.input + "QUIT\r\n")
        for cut in 0...input.count {
            var decoder = DotDecoder()
            var output: [UInt8] = []
            var end = decoder.decode(input[..<cut], into: &output)
            if end == nil { end = decoder.decode(input[cut...], into: &output).map { $0 + cut } }
            #expect((end == nil) == (example.output == nil))
            if let expected = example.output {
                #expect(String(decoding: output, as: UTF8.self) == expected)
                #expect(end == octets(example.input).count)
            }
        }
    }

    @Test func inspectorCutAnywhere() throws {
        let text = message(
            ["Subject: =?utf-8?Q?x?=", "Content-Type: multipart/mixed; boundary=abc", "X: \u{e9}"],
            body: [
                "--abc", "Content-Type: text/plain", "", "Hel\rlo\n", "--abc", "Content-Disposition: attachment;", " filename=a.exe", "",
                "--abc--",
            ])
        let whole = inspect(text)
        #expect(whole.problem?.oneLine == "554 Transaction failed: Unsupported attachment type: 'a.exe'.")
        #expect(whole.findings == [.bareCarriageReturn, .bareLineFeed, .eightBitHeader])
        for cut in 0...text.count {
            var inspector = MessageInspector(maximumHeaderOctets: 1 << 20)
            inspector.consume(text[..<cut])
            inspector.consume(text[cut...])
            let inspected = inspector.finish()
            #expect(inspected.fields == whole.fields)
            #expect(inspected.headerOctets == whole.headerOctets)
            #expect(inspected.size == text.count)
            #expect(inspected.findings == whole.findings)
            #expect(inspected.problem == whole.problem)
        }
    }

    static let findings: [(octets: [UInt8], findings: Set<SandboxFinding>)] = [
        (message(), []),
        (message(["Bcc: x@example.net"]), [.bccField]),
        (message(["Feedback-ID: x"]), [.feedbackIDField]),
        (message(["not a field"]), [.malformedHeaderLine]),
        (message(body: ["caf\u{e9}"]), [.eightBitBody]),
        (message(["X: caf\u{e9}"]), [.eightBitHeader]),
        (message(body: ["a\u{0}b"]), [.nul]),
        (message(body: ["a\nb"]), [.bareLineFeed]),
        (message(body: ["a\rb"]), [.bareCarriageReturn]),
        (message(body: ["a\r"]), [.bareCarriageReturn]),
        (message(body: [String(repeating: "x", count: 998)]), []),
        (message(body: [String(repeating: "x", count: 999)]), [.longLine]),
        (message(body: [String(repeating: "x", count: 100_000)]), [.longLine]),
        (message(["X: " + String(repeating: "x", count: 996)]), [.longLine]),
        (octets("From: a@mail.example.com\r\n\r\nHi"), [.missingDate, .missingMessageID, .unsigned]),
        (
            octets("From: a@mail.example.com\r\nDate: x\r\nMessage-ID: x\r\nDKIM-Signature: v=1; h=From:\r\n message-ID : To; b=x"),
            [.signsReplacedField]
        ),
    ]

    @Test(arguments: findings) func finds(_ example: (octets: [UInt8], findings: Set<SandboxFinding>)) {
        #expect(inspect(example.octets).findings == example.findings)
    }

    @Test func emptyMessage() {
        let inspected = inspect([])
        #expect(inspected.problem?.oneLine == "554 Transaction failed: Missing required header 'From'.")
        #expect(inspected.size == 0)
    }
}
