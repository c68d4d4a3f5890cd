import SMTPProtocol
import Testing

/// The same rules, one octet at a time and with nothing to be clever about.
struct SlowDataDecoder {
    enum State { case lineStart, dot, dotCR, inLine, cr }
    var state = State.lineStart
    var message: [UInt8] = []
    var hasBareLineEnd = false
    var longestLine = 0
    var line = 0

    /// - Returns: whether this octet was the last one.
    mutating func take(_ octet: UInt8) -> Bool {
        switch (state, octet) {
        case (.lineStart, 46): state = .dot
        case (.dot, 13): state = .dotCR
        case (.dotCR, 10): return true
        case (.dotCR, _):
            hasBareLineEnd = true
            message.append(13)
            state = .inLine
            text(octet)
        case (.cr, 10):
            message.append(10)
            longestLine = max(longestLine, line)
            line = 0
            state = .lineStart
        case (.cr, _):
            hasBareLineEnd = true
            state = .inLine
            text(octet)
        default:
            state = .inLine
            text(octet)
        }
        return false
    }

    private mutating func text(_ octet: UInt8) {
        message.append(octet)
        if octet == 13 {
            state = .cr
        } else {
            if octet == 10 { hasBareLineEnd = true }
            line += 1
        }
    }
}

struct Decoded: Equatable {
    var message: [UInt8]
    var defect: DataDecoder.Defect?
    /// What was left behind the end; `nil` without an end.
    var rest: [UInt8]?
    var size = 0
    var longest = 0
    var hasEightBit = false

    init(_ pieces: [[UInt8]], limit: Int = 1_000_000) {
        var decoder = DataDecoder(limit: limit)
        var message: [UInt8] = []
        var rest: [UInt8]?
        for (index, piece) in pieces.enumerated() {
            let progress = piece.withUnsafeBytes { decoder.decode($0) { message += $0 } }
            if case .finished(let consumed) = progress {
                rest = piece[consumed...] + pieces[(index + 1)...].flatMap { $0 }
                break
            }
            if progress == .aborted { break }
        }
        defect = decoder.defect
        self.message = defect == nil ? message : []
        self.rest = rest
        size = decoder.messageSize
        longest = decoder.longestLine
        hasEightBit = decoder.hasEightBitOctets
    }
}

@Suite struct DataDecoderTests {
    static let smuggled = "MAIL FROM:<x@y.z>\r\n"

    @Test(
        "D01 D02: nothing but CRLF.CRLF ends a message, cut at every octet",
        arguments: [
            "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\r\n.\r\r\n", "\n\n.\r\n", "\r\n.\u{0}\r\n", "\r\n\u{0}.\r\n",
            "\r.\n", "\n.\r", "\r\n\r.\r\n", "\r\n.\r\r\n", ".\r\n", "\r\n.\r.\r\n",
        ])
    func smuggling(sequence: String) {
        let whole = octets("A: b\r\n\r\ntext" + sequence + Self.smuggled + "\r\n.\r\nQUIT\r\n")
        for first in 0...whole.count {
            let decoded = Decoded([Array(whole[..<first]), Array(whole[first...])])
            #expect(decoded.rest == octets("QUIT\r\n"), "cut at \(first)")
            let isLegal = sequence == ".\r\n"
            #expect(decoded.defect == (isLegal ? nil : sequence.contains("\u{0}") ? .nul : .bareLineEnd))
        }
        #expect(Decoded(whole.map { [$0] }).rest == octets("QUIT\r\n"))
    }

    @Test(
        "D04 D05 D07: dots, cut at every two octets",
        arguments: [
            (".\r\n", ""), ("\r\n.\r\n", "\r\n"), ("a\r\n.\r\n", "a\r\n"), ("..\r\n.\r\n", ".\r\n"), ("..x\r\n.\r\n", ".x\r\n"),
            (".x\r\n.\r\n", "x\r\n"),
            ("...\r\n....\r\n.\r\n", "..\r\n...\r\n"), ("a.b\r\na..\r\n.\r\n", "a.b\r\na..\r\n"), ("\r\n\r\n..\r\n.\r\n", "\r\n\r\n.\r\n"),
            ("\u{e9}\r\n.\r\n", "\u{e9}\r\n"),
            (String(repeating: "x", count: 40) + "\r\n..y\r\n.\r\n", String(repeating: "x", count: 40) + "\r\n.y\r\n"),
        ])
    func dots(wire: String, message: String) {
        let whole = octets(wire + "NOOP\r\n")
        for first in 0...whole.count {
            for second in first...whole.count {
                let decoded = Decoded([Array(whole[..<first]), Array(whole[first..<second]), Array(whole[second...])])
                #expect(decoded.message == octets(message))
                #expect(decoded.rest == octets("NOOP\r\n"))
                #expect(decoded.size == octets(message).count)
                #expect(decoded.defect == nil)
            }
        }
    }

    @Test("D06 D07: the limit is exact and does not count dots or the end")
    func limit() {
        let wire = octets("..3\r\n..8\r\n.\r\n")  // ten octets before the dots are undone twice and the end
        #expect(Decoded([wire], limit: 8).defect == nil)
        #expect(Decoded([wire], limit: 7).defect == .tooLarge)
        #expect(Decoded(wire.map { [$0] }, limit: 8).defect == nil)
        #expect(Decoded(wire.map { [$0] }, limit: 7).defect == .tooLarge)
        #expect(Decoded(wire.map { [$0] }, limit: 7).rest == [])
        #expect(Decoded([octets("0123456789\r\n.\r\n")], limit: 5).rest != nil)
        let endless = Array(repeating: [UInt8](repeating: 120, count: 100), count: 1000)
        let decoded = Decoded(endless, limit: 1000)
        #expect(decoded.rest == nil && decoded.size == 2100)
    }

    @Test("D08 D09: line lengths, 8-bit octets, and only those of the message")
    func observations() {
        let long = String(repeating: "x", count: 998)
        for wire in ["\(long)\r\ny\r\n.\r\n", "y\r\n.\(long)\r\n.\r\n"] {
            let whole = octets(wire)
            for cut in stride(from: 0, through: whole.count, by: 7) {
                let decoded = Decoded([Array(whole[..<cut]), Array(whole[cut...]) + octets("n\u{e9}xt\u{0}\r")])
                #expect(decoded.longest == 998)
                #expect(!decoded.hasEightBit)
                #expect(decoded.defect == nil)
            }
        }
        #expect(Decoded([octets("\u{e9}\r\n.\r\n")]).hasEightBit)
        #expect(Decoded([octets("\u{0}\r\n.\r\n")]).defect == .nul)
        #expect(Decoded([octets("x\r\n.\r")]).rest == nil)
    }

    @Test("random octets in random pieces: as the slow decoder has it")
    func random() {
        var random = SeededGenerator(state: 7)
        let alphabet: [UInt8] = [13, 10, 46, 13, 10, 46, 97, 98, 99, 32]
        for round in 0..<6000 {
            var wire: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<120, using: &random) {
                switch round % 3 {
                case 0: wire.append(alphabet.randomElement(using: &random) ?? 0)
                case 1:
                    wire +=
                        [octets("\r\n"), octets("."), octets("abcdefgh"), octets("\r\n."), [13], [10]][
                            Int.random(in: 0..<(Bool.random(using: &random) ? 6 : 4), using: &random)]
                default: wire += octets(["\r\n", ".", "..", "some text of a line", "\r\n..", "x\r\n"].randomElement(using: &random) ?? "")
                }
            }
            wire += octets("\r\n.\r\n")
            var slow = SlowDataDecoder()
            var end = 0
            for octet in wire {
                end += 1
                if slow.take(octet) { break }
            }
            var pieces: [[UInt8]] = []
            var rest = wire[...]
            while !rest.isEmpty {
                let length = Int.random(in: 1...40, using: &random)
                pieces.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            let decoded = Decoded(pieces)
            #expect(decoded.rest == Array(wire[end...]))
            #expect((decoded.defect == .bareLineEnd) == slow.hasBareLineEnd)
            if !slow.hasBareLineEnd {
                #expect(decoded.message == slow.message)
                #expect(decoded.longest == slow.longestLine)
            }
        }
    }
}
