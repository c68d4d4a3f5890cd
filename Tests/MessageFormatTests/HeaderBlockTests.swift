import MailModel
import MessageFormat
import Testing

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ octets: some Sequence<UInt8>) -> String { String(decoding: Array(octets), as: UTF8.self) }

@Suite struct HeaderBlockTests {
    @Test func everyFieldIsKeptByteForByte() throws {
        let header = "X-a:\r\n\t1 \r\nFROM : a@b.c\r\nsubject:  x \t y\r\n  z\r\nx-A:\r\nEmpty: \r\n \r\n\tafter a blank line\r\n"
        var block = try HeaderBlock(parsing: octets(header))
        var output: [UInt8] = []
        block.write(to: &output)
        #expect(text(output) == header)
        #expect(block.fields.map { text($0.nameOctets) } == ["X-a", "FROM", "subject", "x-A", "Empty"])
        #expect(block.fields.map(\.name) == [nil, .from, .subject, nil, nil])
        #expect(block.first(.subject).map { text($0.unfolded) } == "x \t y  z")
        #expect(block.octetCount == output.count)
        block.modernizeColons { $0.name != nil }
        #expect(block.first(.from).map { text($0.octets) } == "FROM: a@b.c\r\n")
    }

    @Test(arguments: ["From : a", "From\t: a", "FROM: a", "fRoM \t :a", "from:a"])
    func variantsOfFromAreFrom(line: String) throws {
        let block = try HeaderBlock(parsing: octets(line + "\r\n"))
        #expect(block.count(of: .from) == 1)
    }

    @Test(arguments: [
        (" leading blank: x\r\n", HeaderError.notAField(line: 1)),
        ("\tx\r\n", .notAField(line: 1)),
        ("From anna@example.com Sun Mar  1 09:05:07 2026\r\nFrom: a\r\n", .notAField(line: 1)),
        ("hello world\r\n", .notAField(line: 1)),
        ("A: b\r\njust text\r\n", .notAField(line: 2)),
        (": x\r\n", .notAField(line: 1)),
        (" : x\r\n", .notAField(line: 1)),
        ("A: b\r\nFr om: x\r\n", .invalidName(line: 2)),
        ("Fr\u{1}om: x\r\n", .invalidName(line: 1)),
        ("Fr\u{E9}m: x\r\n", .invalidName(line: 1)),
        ("From\u{7F}: x\r\n", .invalidName(line: 1)),
        ("From\u{0}: x\r\n", .nul(line: 1)),
        ("A: b\r\nB: \u{0}\r\n", .nul(line: 2)),
        ("A: b\nB: c\r\n", .bareLineEnd(line: 1)),
        ("A: b\rB: c\r\n", .bareLineEnd(line: 1)),
        ("A: b\r\r\nB: c\r\n", .bareLineEnd(line: 1)),
        ("A: b", .bareLineEnd(line: 1)),
    ])
    func whatIsNoHeaderIsRefused(header: String, error: HeaderError) {
        #expect(throws: error) { try HeaderBlock(parsing: octets(header)) }
    }

    @Test func limits() throws {
        let longest = "X: " + String(repeating: "a", count: 995)
        _ = try HeaderBlock(parsing: octets(longest + "\r\n"))
        #expect(throws: HeaderError.lineTooLong(line: 1)) { try HeaderBlock(parsing: octets(longest + "a\r\n")) }
        #expect(throws: HeaderError.lineTooLong(line: 2)) { try HeaderBlock(parsing: octets("A: b\r\n " + longest + "\r\n")) }
        let thousand = String(repeating: "A: b\r\n", count: 1000)
        #expect(try HeaderBlock(parsing: octets(thousand)).fields.count == 1000)
        #expect(throws: HeaderError.tooManyFields) { try HeaderBlock(parsing: octets(thousand + "A: b\r\n")) }
        let line = "X: " + String(repeating: "a", count: 995) + "\r\n"
        let full = String(repeating: line, count: 102)
        let rest = 102_400 - full.utf8.count
        let exact = full + "Y: " + String(repeating: "b", count: rest - 5) + "\r\n"
        _ = try HeaderBlock(parsing: octets(exact))
        #expect(throws: HeaderError.tooLong) { try HeaderBlock(parsing: octets(exact) + octets("A: b\r\n")) }
    }

    @Test func rawUTF8IsFoundWithItsFieldAndLine() throws {
        let block = try HeaderBlock(parsing: octets("A: b\r\n c\r\nSubject: x\r\n J\u{F6}rg\r\n"))
        #expect(throws: HeaderError.nonASCII(field: "Subject", line: 4)) { try block.checkASCII() }
        try HeaderBlock(parsing: octets("A: b\r\n")).checkASCII()
    }

    @Test func edits() throws {
        var block = try HeaderBlock(parsing: octets("A: 1\r\nBcc: x\r\nTo: y\r\nBCC :z\r\n q\r\nB: 2\r\n"))
        #expect(block.remove { $0.name == .bcc }.map { text($0.octets) } == ["Bcc: x\r\n", "BCC :z\r\n q\r\n"])
        block.replaceFirst(.to, with: try HeaderField(.to, value: octets("w")))
        block.replaceFirst(.cc, with: try HeaderField(.cc, value: octets("v")))
        block.prepend(try HeaderField(.received, value: octets("r")))
        block.append(try HeaderField(.date, value: octets("d")))
        var output: [UInt8] = []
        block.write(to: &output)
        #expect(text(output) == "Received: r\r\nA: 1\r\nTo: w\r\nB: 2\r\nCc: v\r\nDate: d\r\n")
        #expect(block.firstRepeated(of: [.to, .cc]) == nil)
        block.append(try HeaderField(.to, value: octets("again")))
        #expect(block.firstRepeated(of: [.to, .cc]) == .to)
        #expect(block.firstRepeated(of: [.cc]) == nil)
    }

    /// H08: no value of ours can begin a new line.
    @Test(arguments: [
        "a\r\nBcc: x", "a\nb", "a\rb", "a\r\n", "\r\n a", "a\r\n \r\n b", "a\r\n  ", "a\u{0}b", "a\u{B}b", "a\u{85}b", "a\u{2028}b", "",
        " ",
    ])
    func headerInjectionIsImpossible(value: String) {
        // An empty value and one that begins with a fold are only harmless because the name precedes them.
        let isHarmless = value.allSatisfy { $0 == " " } || value == "\r\n a"
        if isHarmless {
            #expect(throws: Never.self) { try HeaderField(.subject, value: octets(value)) }
        } else {
            #expect(throws: HeaderError.unsafeValue) { try HeaderField(.subject, value: octets(value)) }
        }
    }

    @Test func aFieldOfOursHasNoLineAboveTheLimit() throws {
        _ = try HeaderField(.subject, value: [UInt8](repeating: 97, count: 998 - 9))
        #expect(throws: HeaderError.lineTooLong(line: 1)) { try HeaderField(.subject, value: [UInt8](repeating: 97, count: 998 - 8)) }
    }

    /// Each name has a bit of its own.
    @Test func setsOfNamesHoldEach() {
        #expect(FieldName.allCases.count < 128)
        var seen = FieldNameSet()
        for name in FieldName.allCases {
            #expect(!seen.contains(name) && seen.insert(name) && !seen.insert(name) && seen.contains(name))
        }
        #expect(seen == FieldNameSet(FieldName.allCases.reversed()))
        #expect(FieldNameSet([.to, .cc]) != FieldNameSet([.to]))
    }
}
