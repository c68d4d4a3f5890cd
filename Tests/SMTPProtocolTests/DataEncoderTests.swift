import SMTPProtocol
import Testing

@Suite struct DataEncoderTests {
    private func encode(_ pieces: [[UInt8]]) -> [UInt8]? {
        var encoder = DataEncoder()
        var wire: [UInt8] = []
        do throws(DataEncoder.BareLineEnd) {
            for piece in pieces {
                var thrown: DataEncoder.BareLineEnd?
                piece.withUnsafeBytes { octets in
                    do throws(DataEncoder.BareLineEnd) { try encoder.encode(octets, into: &wire) } catch { thrown = error }
                }
                if let thrown { throw thrown }
            }
            try encoder.finish(into: &wire)
            return wire
        } catch {
            return nil
        }
    }

    @Test(
        "D03 D04: cut at every two octets",
        arguments: [
            ("", ".\r\n"), ("a\r\n", "a\r\n.\r\n"), ("a", "a\r\n.\r\n"), (".\r\n", "..\r\n.\r\n"), ("..\r\n", "...\r\n.\r\n"),
            (".x\r\n.y\r\n", "..x\r\n..y\r\n.\r\n"),
            ("a.b\r\n\r\n.\r\n", "a.b\r\n\r\n..\r\n.\r\n"), ("a\r\n.", "a\r\n..\r\n.\r\n"),
            ("a\nb\r\n", nil), ("a\rb\r\n", nil), ("\n", nil), ("a\r", nil), ("a\r\r\n", nil), ("a\r\n\n.\r\n", nil), ("\n.\n", nil),
        ] as [(String, String?)])
    func wire(message: String, expected: String?) {
        let whole = octets(message)
        for first in 0...whole.count {
            for second in first...whole.count {
                #expect(encode([Array(whole[..<first]), Array(whole[first..<second]), Array(whole[second...])]) == expected.map(octets))
            }
        }
    }

    @Test("what is encoded decodes to itself")
    func roundTrip() {
        var random = SeededGenerator(state: 11)
        for _ in 0..<2000 {
            var message: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                message += octets(
                    ["\r\n", ".", "..", "some text of a line, long enough for a block\r\n", "\r\n.", "x"].randomElement(using: &random)
                        ?? "")
            }
            message += octets("\r\n")
            let cut = Int.random(in: 0...message.count, using: &random)
            guard let wire = encode([Array(message[..<cut]), Array(message[cut...])]) else {
                Issue.record("refused")
                return
            }
            let decoded = Decoded([wire])
            #expect(decoded.message == message && decoded.rest == [])
        }
    }
}
