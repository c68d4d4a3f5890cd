import DKIM
import Foundation
import MailModel
import MessageFormat
import Testing

/// Random messages, judged by dkimpy. One process for all of them; without dkimpy these tests fail.
@Suite struct IndependentVerifierTests {
    private static func message(_ random: inout SeededGenerator) throws -> TestMessage {
        func pick<Element>(_ choices: [Element]) -> Element { choices.randomElement(using: &random)! }
        func blanks() -> String { pick(["", " ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", " \r\n\t  "]) }
        func words(_ count: ClosedRange<Int>) -> String {
            (0..<Int.random(in: count, using: &random)).map { _ in
                pick(["a", "bc", "Def", "=?utf-8?q?x=C3=A4?=", "1;2", "<x@y.z>", "b=", "\"q\""])
            }
            .joined(separator: pick([" ", "  ", "\t", "\r\n ", " \r\n\t"]))
        }
        var fields = ["From:\(blanks())Anna <anna@mail.example.com>\(pick(["", " ", "\t"]))"]
        for name in [
            "To", "CC", "subject", "Reply-To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "In-Reply-To",
            "References", "List-Unsubscribe", "List-Unsubscribe-Post", "Date", "Message-ID", "X-Other", "Received", "Received", "To",
        ] {
            guard Bool.random(using: &random) else { continue }
            fields.insert(
                "\(name):\(pick(["", " ", "\t", " \t"]))x\(words(0...12))\(pick(["", " "]))",
                at: Int.random(in: 0...fields.count, using: &random))
        }
        var body: [UInt8] = []
        for _ in 0..<Int.random(in: 0...30, using: &random) {
            switch Int.random(in: 0...9, using: &random) {
            case 0, 1: break
            case 2: body += octets(pick([" ", "\t", "  \t "]))
            case 3: body += [UInt8](repeating: 0xE4, count: Int.random(in: 1...20, using: &random))
            case 4: body += octets("word  word\tword ")
            case 5: body += octets(String(repeating: "x", count: Int.random(in: 1...900, using: &random)))
            default: body += octets("The quick brown fox jumps over the lazy dog.")
            }
            body += [13, 10]
        }
        if Bool.random(using: &random), Bool.random(using: &random) { body += octets("no line end") }
        return TestMessage(header: try HeaderBlock(parsing: octets(fields.joined(separator: "\r\n") + "\r\n")), body: body)
    }

    /// K13: all verify; with one octet flipped, none. K07: what SES does to a message does not hurt.
    @Test func aThousandRandomMessages() throws {
        var random = SeededGenerator(seed: 2026)
        let key = try TestKey(folder: "01-empty-body")
        let record = try key.record.text
        var dkimpy = Dkimpy()
        var expected: [String] = []
        for _ in 0..<1000 {
            let signed = try Self.message(&random).signed(with: key)
            try signed.verify(with: key)
            dkimpy.verify(signed.octets, record: record)
            expected.append("pass")

            var flipped = signed
            let letters = flipped.body.indices.filter { ASCII.isLetterOrDigit(flipped.body[$0]) }
            if let place = letters.randomElement(using: &random) {
                flipped.body[place] ^= 1
            } else {
                flipped.header.replaceFirst(.from, with: try HeaderField(.from, value: octets("Anna <annb@mail.example.com>")))
            }
            #expect(flipped.failure(with: key) != nil)
            dkimpy.verify(flipped.octets, record: record)
            expected.append("fail")

            let relayed = try Self.asRelayedBySES(signed)
            try relayed.verify(with: key)
            dkimpy.verify(relayed.octets, record: record, index: 1)
            expected.append("pass")
        }
        let verdicts = try dkimpy.run()
        #expect(verdicts.count == expected.count)
        let wrong = zip(verdicts, expected).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
        #expect(wrong.isEmpty, "records that dkimpy judges otherwise")
    }

    private static func asRelayedBySES(_ message: TestMessage) throws -> TestMessage {
        var relayed = message
        relayed.header.replaceFirst(.date, with: try HeaderField(.date, value: octets("Mon, 02 Mar 2026 10:00:00 +0000")))
        relayed.header.replaceFirst(.messageID, with: try HeaderField(.messageID, value: octets("<0102@eu-west-1.amazonses.com>")))
        relayed.header.append(try HeaderField(.feedbackID, value: octets("::1.eu-west-1.abc=:AmazonSES")))
        relayed.header.prepend(
            try HeaderField(.dkimSignature, value: octets("v=1; a=rsa-sha256; d=amazonses.com; s=x; h=From; bh=AA==; b=AA==")))
        relayed.header.prepend(try HeaderField(.returnPath, value: octets("<0102@eu-west-1.amazonses.com>")))
        relayed.header.prepend(try HeaderField(.received, value: octets("from a by b; Mon, 02 Mar 2026 10:00:00 +0000")))
        return relayed
    }

    /// Our verifier reads what dkimpy signs, in every canonicalization.
    @Test(arguments: ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
    func dkimpySignsAndWeVerify(canonicalization: String) throws {
        var random = SeededGenerator(seed: 4)
        let key = try TestKey(folder: "01-empty-body")
        let pem = Array(try Data(contentsOf: folder.appendingPathComponent("Golden/01-empty-body/key.pem")))
        var dkimpy = Dkimpy()
        let messages = try (0..<50).map { _ in try Self.message(&random) }
        for message in messages { dkimpy.sign(message.octets, key: pem, canonicalization) }
        let signatures = try dkimpy.run()
        #expect(signatures.count == messages.count)
        for (message, signature) in zip(messages, signatures) {
            let field = stride(from: 0, to: signature.utf8.count, by: 2).compactMap { UInt8(signature.dropFirst($0).prefix(2), radix: 16) }
            var signed = try TestMessage(parsing: field + message.octets)
            #expect(signed.failure(with: key) == nil)
            signed.body += octets("x")
            #expect(signed.failure(with: key) == .bodyHashDiffers)
        }
    }
}
