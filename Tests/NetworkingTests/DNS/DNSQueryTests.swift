import Testing

@testable import Networking

/// What servers may say, octet by octet, and what it is taken for.
@Suite struct DNSQueryTests {
    static let name = "fl._domainkey.Mail.example.com"
    static let query = DNSQuery(id: 0x1234, name: DNSName(Array(name.utf8))!)
    private static let start = UInt16(0xc00c)  // a pointer to the question's name

    static func pointer(_ target: UInt16) -> [UInt8] { [UInt8(target >> 8) | 0xc0, UInt8(target & 0xff)] }

    static func message(
        id: UInt16 = 0x1234, flags: UInt16 = 0x8180, question: [UInt8]? = nil, questions: UInt16 = 1, answers: UInt16? = nil,
        _ records: [[UInt8]] = []
    ) -> [UInt8] {
        let count = answers ?? UInt16(records.count)
        let header = [id, flags, questions, count, 0, 0].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        return header + (questions == 0 ? [] : question ?? query.name.octets + [0, 16, 0, 1]) + records.flatMap(\.self)
    }

    static func record(_ owner: [UInt8], type: UInt8 = 16, class recordClass: UInt8 = 1, _ data: [UInt8]) -> [UInt8] {
        owner + [0, type, 0, recordClass, 0, 0, 14, 16, UInt8(data.count >> 8), UInt8(data.count & 0xff)] + data
    }

    /// Of the name that was asked for.
    static func record(type: UInt8 = 16, class recordClass: UInt8 = 1, _ data: [UInt8]) -> [UInt8] {
        record(pointer(start & 0x3fff), type: type, class: recordClass, data)
    }

    static func strings(_ texts: String...) -> [UInt8] { texts.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } }
    static func named(_ text: String) -> [UInt8] { DNSName(Array(text.utf8))!.octets }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let message: [UInt8]
        var answer: DNSQuery.Answer?
        var rejection: DNSQuery.Rejection?

        init(_ description: String, _ message: [UInt8], _ answer: DNSQuery.Answer) {
            (testDescription, self.message, self.answer) = (description, message, answer)
        }

        init(_ description: String, _ message: [UInt8], _ rejection: DNSQuery.Rejection) {
            (testDescription, self.message, self.rejection) = (description, message, rejection)
        }
    }

    static func records(_ texts: String...) -> DNSQuery.Answer { .records(texts.map { Array($0.utf8) }) }

    static let good: [Case] = [
        Case("one string", message([record(strings("v=DKIM1"))]), records("v=DKIM1")),
        Case("several strings are joined", message([record(strings("v=DKIM1; ", "p=", "abc"))]), records("v=DKIM1; p=abc")),
        Case("an empty string", message([record([0])]), records("")),
        Case("several records stay apart", message([record(strings("a")), record(strings("b"))]), records("a", "b")),
        Case("the owner in full, another case", message([record(named("FL._DOMAINKEY.mail.EXAMPLE.com"), strings("a"))]), records("a")),
        Case(
            "the question in another case", message(question: named(name.uppercased()) + [0, 16, 0, 1], [record(strings("a"))]),
            records("a")),
        Case("no such name", message(flags: 0x8183), .absent),
        Case("no such record", message(), .absent),
        Case("records of another name", message([record(named("other.example"), strings("a"))]), .absent),
        Case("records of another class", message([record(class: 3, strings("a"))]), .absent),
        Case("an address beside it", message([record(type: 1, [127, 0, 0, 1]), record(strings("a"))]), records("a")),
        Case(
            "an alias and its record",
            message([record(type: 5, named("k.dkim.example")), record(named("k.dkim.example"), strings("a"))]), records("a")),
        Case(
            "aliases in the wrong order",
            message([
                record(named("c.example"), strings("a")), record(named("b.example"), type: 5, named("c.example")),
                record(type: 5, named("b.example")),
            ]), records("a")),
        Case("an alias alone", message([record(type: 5, named("b.example"))]), .alias(DNSName(Array("b.example".utf8))!)),
        Case("an alias to nothing", message(flags: 0x8183, [record(type: 5, named("b.example"))]), .absent),
        Case(
            "aliases in a circle",
            message([record(type: 5, named("b.example")), record(named("b.example"), type: 5, pointer(12))]), .absent),
        Case("truncated", message(flags: 0x8380, answers: 3), .truncated),
        Case("SERVFAIL", message(flags: 0x8182), .failed(2)),
        Case("REFUSED without the question", message(flags: 0x8185, questions: 0), .failed(5)),
        Case("FORMERR, header alone", message(flags: 0x8181, questions: 0), .failed(1)),
    ]

    static let bad: [Case] = [
        Case("nothing", [], .malformed),
        Case("half a header", Array(message().prefix(7)), .malformed),
        Case("another id", message(id: 0x1235, [record(strings("a"))]), .unrelated),
        Case("a question instead of an answer", message(flags: 0x0100), .unrelated),
        Case("another operation", message(flags: 0xa980), .unrelated),
        Case("another name in the question", message(question: named("evil.example") + [0, 16, 0, 1], [record(strings("a"))]), .unrelated),
        Case("another type in the question", message(question: query.name.octets + [0, 1, 0, 1]), .unrelated),
        Case("two questions", message(questions: 2), .unrelated),
        Case("no question and no error", message(questions: 0), .unrelated),
        Case("fewer records than promised", message(answers: 2, [record(strings("a"))]), .malformed),
        Case("a string longer than its record", message([record([5, 97])]), .malformed),
        Case("a record longer than the message", message([record(strings("a")).dropLast()]), .malformed),
        Case("a record without a string", message([record([])]), .malformed),
        Case("a pointer to itself", message([record(pointer(48), strings("a"))]), .malformed),
        Case("a pointer ahead", message([record(pointer(200), strings("a"))]), .malformed),
        Case("two pointers at each other", message([record([1, 97] + pointer(48), strings("a"))]), .malformed),
        Case("half a pointer", message(answers: 1, [[0xc0]]), .malformed),
        Case("a label kind that nobody defined", message([record([0x40, 97, 0], strings("a"))]), .malformed),
        Case(
            "a name of 300 octets", message([record((0..<60).flatMap { _ in [4, 97, 97, 97, 97] as [UInt8] } + [0], strings("a"))]),
            .malformed),
        Case("an alias shorter than its record", message([record(type: 5, named("b.example") + [0])]), .malformed),
        Case("an alias longer than its record", message([record(type: 5, [4, 97]), record(strings("a"))]), .malformed),
    ]

    @Test(arguments: good) func isUnderstood(_ one: Case) throws {
        #expect(try Self.query.answer(in: one.message) == one.answer)
    }

    @Test(arguments: bad) func isNotBelieved(_ one: Case) throws {
        #expect(throws: try #require(one.rejection)) { try Self.query.answer(in: one.message) }
    }

    static let exchangers = DNSQuery(id: 0x1234, name: query.name, type: .mx)
    private static func mail(_ records: [[UInt8]]) -> [UInt8] { message(question: query.name.octets + [0, 15, 0, 1], records) }

    static let mx: [Case] = [
        Case("one", mail([record(type: 15, [0, 10] + named("MX.example.net"))]), records("10 mx.example.net")),
        Case("two", mail([record(type: 15, [0, 5] + named("a.b")), record(type: 15, [1, 0] + named("c"))]), records("5 a.b", "256 c")),
        Case("none, as RFC 7505 says it", mail([record(type: 15, [0, 0, 0])]), records("0 ")),
        Case("a name that points back", mail([record(type: 15, [0, 10, 2, 109, 120] + pointer(31))]), records("10 mx.example.com")),
        Case("a text beside it", mail([record(strings("a"))]), .absent),
        Case("an answer about texts", message([record(strings("a"))]), .unrelated),
        Case("no name", mail([record(type: 15, [0, 10])]), .malformed),
        Case("something behind the name", mail([record(type: 15, [0, 10] + named("a") + [0])]), .malformed),
        Case("half a number", mail([record(type: 15, [0])]), .malformed),
    ]

    @Test(arguments: mx) func exchangersToo(_ one: Case) throws {
        if let rejection = one.rejection {
            #expect(throws: rejection) { try Self.exchangers.answer(in: one.message) }
        } else {
            #expect(try Self.exchangers.answer(in: one.message) == one.answer)
        }
    }

    /// Whatever is cut off or overwritten: an answer or an error, never a trap.
    @Test func damageDoesNoHarm() {
        var random = SystemRandomNumberGenerator()
        for one in Self.good {
            for end in 0..<one.message.count { _ = try? Self.query.answer(in: Array(one.message[..<end])) }
            for _ in 0..<300 {
                var message = one.message
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    message[Int.random(in: 2..<message.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                _ = try? Self.query.answer(in: message)
            }
        }
    }

    @Test func theQuestionAsItIsSent() {
        let query = DNSQuery(id: 0x0102, name: DNSName(Array("A._b.c.".utf8))!)
        #expect(Self.exchangers.octets.suffix(4).elementsEqual([0, 15, 0, 1]))
        #expect(query.octets == [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 2, 95, 98, 1, 99, 0, 0, 16, 0, 1])
    }

    @Test(arguments: ["", ".", "a..b", ".a", String(repeating: "a", count: 64), String(repeating: "aaaaaaa.", count: 32) + "a"])
    func isNoName(_ text: String) { #expect(DNSName(Array(text.utf8)) == nil) }

    @Test(arguments: [
        ("nameserver 192.0.2.1\n# nameserver 192.0.2.9\nsearch a\nnameserver\t::1\n", ["192.0.2.1:53", "[::1]:53"]),
        ("nameserver fe80::1%eth0\nnameserver 1.1.1.1 ; first\n", ["1.1.1.1:53"]),
        ("", ["127.0.0.1:53"]),
        (
            "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n",
            ["10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"]
        ),
    ])
    func serversOfTheSystem(_ file: String, _ servers: [String]) {
        #expect(ResolverFile.servers(Array(file.utf8)).map(\.description) == servers)
    }
}
