import SMTPProtocol
import Testing

@Suite struct CommandLineDecoderTests {
    /// All lines and faults of a stream that arrives in pieces.
    private func decode(_ pieces: [[UInt8]], limit: Int = 20) -> (found: [String], largestBuffer: Int) {
        var decoder = CommandLineDecoder()
        var buffer: [UInt8] = []
        var found: [String] = []
        var largest = 0
        for piece in pieces {
            buffer += piece
            reading: while true {
                switch buffer.withUnsafeBytes({ decoder.next(in: $0, limit: limit) }) {
                case .needsMoreInput(let consumed):
                    buffer.removeFirst(consumed)
                    break reading
                case .line(let range, let consumed):
                    found.append(String(decoding: buffer[range], as: UTF8.self))
                    buffer.removeFirst(consumed)
                case .failure(let error, let consumed):
                    found.append("\(error)")
                    buffer.removeFirst(consumed)
                }
            }
            largest = max(largest, buffer.count)
        }
        return (found, largest)
    }

    static let streams: [(String, [String])] = [
        ("NOOP\r\nQUIT\r\n", ["NOOP", "QUIT"]),
        ("\r\n\r\n", ["", ""]),
        ("NOOP", []),
        ("NOOP\r", []),
        ("NOOP\nQUIT\r\n", ["bareLineFeed", "QUIT"]),
        ("\nQUIT\r\n", ["bareLineFeed", "QUIT"]),
        ("NO\rOP\r\nQUIT\r\n", ["bareCarriageReturn", "QUIT"]),
        ("NOOP\r\r\nQUIT\r\n", ["bareCarriageReturn", "QUIT"]),
        ("123456789012345678\r\nQUIT\r\n", ["123456789012345678", "QUIT"]),
        ("1234567890123456789\r\nQUIT\r\n", ["tooLong", "QUIT"]),
        ("1234567890123456789012345678901234567890\r\nQUIT\r\n", ["tooLong", "QUIT"]),
        ("1234567890123456789012345678901234567890\nQUIT\r\n", ["tooLong", "bareLineFeed", "QUIT"]),
    ]

    @Test("C08 C09 C10 C11: cut anywhere, the same lines", arguments: streams)
    func cuts(stream: String, expected: [String]) {
        let whole = octets(stream)
        // A line that is seen at once may be found too long only at its LF, which is then bare or not: the reply is one either way.
        for first in 0...whole.count {
            for second in first...whole.count {
                let pieces = [Array(whole[..<first]), Array(whole[first..<second]), Array(whole[second...])]
                let found = decode(pieces).found
                if expected.contains("tooLong"), expected.contains("bareLineFeed") {
                    #expect(found.contains("bareLineFeed") && found.last == "QUIT")
                } else {
                    #expect(found == expected, "cut at \(first) and \(second)")
                }
            }
        }
        #expect(decode(whole.map { [$0] }).found == expected)
    }

    @Test("C11: a line without end costs no memory and is told once")
    func endlessLine() {
        let block = [UInt8](repeating: 65, count: 1000)
        let (found, largest) = decode(Array(repeating: block, count: 2000) + [octets("\r\nNOOP\r\n")])
        #expect(found == ["tooLong", "NOOP"])
        #expect(largest == 0)
    }

    @Test("C10: 2048 octets with CRLF are a line, one more is not")
    func limitIsExact() {
        let limit = CommandLineDecoder.commandLimit
        let line = String(repeating: "x", count: limit - 2)
        #expect(decode([octets(line + "\r\n")], limit: limit).found == [line])
        #expect(decode([octets(line + "x\r\n")], limit: limit).found == ["tooLong"])
    }
}
