internal import MailModel
@testable import SESSandbox
import Testing

/// Whatever comes, nothing traps, and the same octets mean the same however they are cut.
@Suite struct RandomInputTests {
    /// SplitMix64: the same octets in every run.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }
    }

    /// What the parsers know of, in any order.
    private static let pieces = [
        "\r\n", "\r", "\n", "\r\n\r\n", ".", "--", "--b", "--b--", "Content-Type: multipart/mixed; boundary=b\r\n", "From: ", "Content-",
        "a@b.example",
        "\"", "\\", "(", ")", "<", ">", ":", ";", ",", "@", " ", "\t", "=", "/", "text/plain", "filename", "*", ".exe", "\u{e9}", "\u{0}",
        "h=", "x",
        "DKIM-Signature: ", "MAIL FROM:", "RCPT TO:", "AUTH PLAIN ",
    ]

    private func text(_ generator: inout Seeded) -> [UInt8] {
        (0..<Int.random(in: 0...40, using: &generator)).flatMap { _ in Array((Self.pieces.randomElement(using: &generator) ?? "").utf8) }
    }

    @Test(arguments: 0..<8) func survives(_ seed: UInt64) throws {
        var generator = Seeded(state: seed)
        var rules = try exampleRules()
        rules.requiresVerifiedRecipients = true
        for _ in 0..<400 {
            let input = text(&generator)
            let cut = Int.random(in: 0...input.count, using: &generator)
            let whole = inspect(input)
            var inspector = MessageInspector(maximumHeaderOctets: 1 << 20)
            inspector.consume(input[..<cut])
            inspector.consume(input[cut...])
            let halves = inspector.finish()
            #expect(halves.problem == whole.problem && halves.findings == whole.findings && halves.fields == whole.fields)

            var one = DotDecoder()
            var two = DotDecoder()
            var decoded: [UInt8] = []
            var again: [UInt8] = []
            let end = one.decode(input[...], into: &decoded)
            let early = two.decode(input[..<cut], into: &again)
            let late = early == nil ? two.decode(input[cut...], into: &again).map { $0 + cut } : nil
            #expect(end == early ?? late && decoded == again)

            let sender = try? HeaderAddress(checking: input[...], in: input[...])
            if let sender { _ = rules.refusal(of: whole, from: sender, to: [sender], user: "x") }
            _ = try? HeaderAddressList(parsing: input)
            _ = try? MIMEValue(contentType: input)
            _ = try? MIMEValue(disposition: input)
            _ = DeliveredHeader.make(from: whole.fields, sesID: "x", region: "eu-west-1", at: Timestamp(seconds: 0))
            var session = SandboxSession()
            session.startedTLS(version: "TLSv1.3")
            for line in input.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false) {
                if session.awaitsCredentials {
                    _ = session.takeCredentials(line, under: rules)
                } else {
                    _ = session.take(SandboxCommand(line), under: rules)
                }
            }
        }
    }

    @Test func hostileLengthsStayLinear() throws {
        let count = 50_000
        for value in [
            String(repeating: "x", count: count) + "@" + String(repeating: ":", count: count), String(repeating: "(", count: count),
            String(repeating: "a,", count: count), String(repeating: "\"a\" ", count: count), String(repeating: "<", count: count),
        ] {
            _ = try? HeaderAddressList(parsing: octets(value))
            _ = try? MIMEValue(contentType: octets("text/plain;" + value))
        }
        let authors = (0..<3000).map { "a\($0)@evil.example" }.joined(separator: ",")
        #expect(try refusal(of: message(from: authors), exampleRules())?.hasPrefix("554 ") == true)
        let parts = message(["Content-Type: multipart/mixed; boundary=b"], body: Array(repeating: "--b", count: 10_000))
        #expect(try refusal(of: parts, exampleRules()) == nil)
    }
}
