import MailModel
import Testing

@Suite struct MailboxTests {
    @Test(arguments: [
        ("a@b.example", "a@b.example"),
        ("A.b@B.Example", "A.b@b.example"),
        (#""abc"@x.example"#, "abc@x.example"),
        (#""a\bc"@x.example"#, "abc@x.example"),
        (#""a b"@x.example"#, #""a b"@x.example"#),
        (#""a@b"@x.example"#, #""a@b"@x.example"#),
        (#""a\"b"@x.example"#, #""a\"b"@x.example"#),
        (#"""@x.example"#, #"""@x.example"#),
        ("u%other.example@x.example", "u%other.example@x.example"),
    ])
    func isPrintedWithTheLeastQuoting(text: String, expected: String) throws {
        #expect(try Mailbox(parsing: Array(text.utf8)).description == expected)
    }

    @Test(arguments: [
        ("", AddressError.empty), ("abc", .missingAt), ("@x.example", .empty), (".a@x.example", .unexpectedOctet(at: 0)),
        ("a.@x.example", .unexpectedOctet(at: 1)), ("a..b@x.example", .unexpectedOctet(at: 2)), ("a@-x.example", .unexpectedOctet(at: 2)),
        ("a@x-.example", .unexpectedOctet(at: 4)), ("a@x..y", .unexpectedOctet(at: 4)), ("a@x_y.z", .unexpectedOctet(at: 3)),
        ("a@x.y.", .unexpectedOctet(at: 5)), ("a@localhost", .notFullyQualified), ("u@[192.0.2.1]", .addressLiteral),
        ("é@x.example", .nonASCII(at: 0)), ("a@é.example", .nonASCII(at: 2)), ("a\u{1}@x.example", .controlCharacter(at: 1)),
    ])
    func refuses(text: String, error: AddressError) {
        #expect(throws: error) { try Mailbox(parsing: Array(text.utf8)) }
    }

    @Test func limitsAreExact() {
        let local = String(repeating: "a", count: 64)
        #expect(throws: Never.self) { try Mailbox(parsing: Array("\(local)@x.example".utf8)) }
        #expect(throws: AddressError.localPartTooLong) { try Mailbox(parsing: Array("\(local)a@x.example".utf8)) }
        let label = String(repeating: "b", count: 63)
        #expect(throws: Never.self) { try Domain(Array("\(label).example".utf8)) }
        #expect(throws: AddressError.domainTooLong) { try Domain(Array("b\(label).example".utf8)) }
        let longest = [label, label, label, String(repeating: "c", count: 63)].joined(separator: ".")
        #expect(longest.utf8.count == 255)
        #expect(throws: Never.self) { try Domain(Array(longest.utf8)) }
        #expect(throws: AddressError.domainTooLong) { try Domain(Array("\(longest)c".utf8)) }
    }

    @Test func detailIsCutOnlyBehindAName() throws {
        #expect(try LocalPart(parsing: Array("anna+news+x".utf8)).withoutDetail.octets == Array("anna".utf8))
        #expect(try LocalPart(parsing: Array("+news".utf8)).withoutDetail.octets == Array("+news".utf8))
    }

    @Test func subdomainsAreWithinTheirParent() throws {
        let parent = try Domain(Array("example.com".utf8))
        #expect(try Domain(Array("A.b.Example.com".utf8)).isWithin(parent))
        #expect(parent.isWithin(parent))
        #expect(try !Domain(Array("badexample.com".utf8)).isWithin(parent))
        #expect(try !parent.isWithin(Domain(Array("a.example.com".utf8))))
    }
}
