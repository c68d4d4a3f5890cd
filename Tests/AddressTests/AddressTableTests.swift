import MailModel
import Testing

/// One line for each address: what MAIL, RCPT and a header field make of it (A01–A17). Reviewed; a change here is a change of what we take.
@Suite struct AddressTableTests {
    /// At all three doors: the same mailbox.
    @Test(arguments: [
        ("a@b.example", "a@b.example"), ("Anna.Berg@B.Example", "Anna.Berg@b.example"), ("anna+news@b.example", "anna+news@b.example"),
        ("!#$%&'*+-/=?^_`{|}~@b.example", "!#$%&'*+-/=?^_`{|}~@b.example"), ("0@0.example", "0@0.example"),
        // A03, A04: the domain begins after the last '@' outside quotes; the least quoting.
        (#""a b"@x.example"#, #""a b"@x.example"#), (#""a@b"@x.example"#, #""a@b"@x.example"#),
        (#""a\"b"@x.example"#, #""a\"b"@x.example"#),
        (#"""@x.example"#, #"""@x.example"#), (#""abc"@x.example"#, "abc@x.example"), (#""a\bc"@x.example"#, "abc@x.example"),
        (#""a..b"@x.example"#, #""a..b"@x.example"#), (#"".a"@x.example"#, #"".a"@x.example"#), (#""a,b"@x.example"#, #""a,b"@x.example"#),
        (#""a\\"@x.example"#, #""a\\"@x.example"#), (#""<a>"@x.example"#, #""<a>"@x.example"#), (#""(a)"@x.example"#, #""(a)"@x.example"#),
        (#""xclow3n@gmail.com x"@internal.example"#, #""xclow3n@gmail.com x"@internal.example"#),
        // A12, A13: opaque.
        ("u%other.example@x.example", "u%other.example@x.example"), ("other.example!u@x.example", "other.example!u@x.example"),
        ("|id@y.example", "|id@y.example"),
        ("${run{id}}@y.example", "${run{id}}@y.example"),
        ("xn--a@xn--bcher-kva.example", "xn--a@xn--bcher-kva.example"), ("a@1.2.3.4", "a@1.2.3.4"),
        ("a@b-c--d.example", "a@b-c--d.example"),
        ("=?utf-8?q?a=40b.example?=@x.example", "=?utf-8?q?a=40b.example?=@x.example"),
    ])
    func taken(address: String, mailbox: String) {
        let verdicts = Verdicts(address)
        #expect(verdicts.sender == mailbox && verdicts.recipient == mailbox)
        #expect(verdicts.field == mailbox)
        #expect(Verdicts(mailbox).recipient == mailbox)
    }

    /// At none, and with which reply.
    @Test(arguments: [
        ("a", "501 5.1.7", "501 5.1.3"), ("@b.example", "501 5.5.4", "501 5.5.4"), ("a@", "501 5.1.7", "501 5.1.3"),
        ("a@@b.example", "501 5.1.7", "501 5.1.3"), ("a@b@c.example", "501 5.1.7", "501 5.1.3"),
        ("a b@c.example", "501 5.1.7", "501 5.1.3"),
        ("a@-b.example", "501 5.1.7", "501 5.1.3"), ("a@b-.example", "501 5.1.7", "501 5.1.3"), ("a@b..example", "501 5.1.7", "501 5.1.3"),
        ("a@b_c.example", "501 5.1.7", "501 5.1.3"), ("a@b.example.", "501 5.1.7", "501 5.1.3"), ("a@.b.example", "501 5.1.7", "501 5.1.3"),
        ("a@b/c.example", "501 5.1.7", "501 5.1.3"), ("a@b.example;id", "501 5.1.7", "501 5.1.3"),
        (";id;@x.example", "501 5.1.7", "501 5.1.3"), (#"a"b@x.example"#, "501 5.5.4", "501 5.5.4"),
        (#""a"b@x.example"#, "501 5.1.7", "501 5.1.3"),
        (#"a"b"@x.example"#, "501 5.1.7", "501 5.1.3"), (#""a" x.example"#, "501 5.1.7", "501 5.1.3"),
        (#""a\"@x.example"#, "501 5.5.4", "501 5.5.4"), ("<a@b.example>", "501 5.5.4", "501 5.5.4"),
        ("a@b.example>x", "501 5.5.4", "501 5.5.4"),
        (#"a\@b@c.example"#, "501 5.1.7", "501 5.1.3"), ("a[b]@c.example", "501 5.1.7", "501 5.1.3"),
        ("a,b@c.example", "501 5.1.7", "501 5.1.3"),
        // A06: what only looks like a literal.
        ("u@[300.1.1.1]", "501 5.1.7", "501 5.1.3"), ("u@[IPv6:1::2::3]", "501 5.1.7", "501 5.1.3"),
        ("u@[IPv6:::1.2.3]", "501 5.1.7", "501 5.1.3"),
        ("u@[1.2.3.4", "501 5.1.7", "501 5.1.3"), ("u@[]", "501 5.1.7", "501 5.1.3"), ("u@[x:y]", "501 5.1.7", "501 5.1.3"),
        // A10, A11: no 8-bit octet, no control character, nothing normalised.
        ("jörg@b.example", "553 5.6.7", "553 5.6.7"), ("a@bücher.example", "553 5.6.7", "553 5.6.7"),
        ("a@\u{212A}.example", "553 5.6.7", "553 5.6.7"),
        ("a\u{760A}b@c.example", "553 5.6.7", "553 5.6.7"), ("a\u{760D}@c.example", "553 5.6.7", "553 5.6.7"),
        ("a\u{0}@b.example", "501 5.5.2", "501 5.5.2"), ("a@b.example\u{0}@c.example", "501 5.5.2", "501 5.5.2"),
        ("\"a\u{1}\"@b.example", "501 5.5.2", "501 5.5.2"), ("a\u{7F}@b.example", "501 5.5.2", "501 5.5.2"),
        ("a\u{B}b@c.example", "501 5.5.2", "501 5.5.2"), ("a\rb@c.example", "line", "line"), ("a@b.example\r\nBcc: x", "line", "line"),
        ("a@b.example\n", "line", "line"),
    ])
    func refused(address: String, sender: String, recipient: String) {
        let verdicts = Verdicts(address)
        #expect(verdicts.sender == sender && verdicts.recipient == recipient)
        #expect(verdicts.field == "refused" || address == "<a@b.example>")
    }

    /// The doors differ: what SMTP does not know and a header does, and the other way round.
    @Test(arguments: [
        ("a@localhost", "a@localhost", "554 5.1.2", "a@localhost"), ("root@sales", "root@sales", "554 5.1.2", "root@sales"),
        ("u@[192.0.2.1]", "u@[192.0.2.1]", "550 5.1.2", "refused"),
        ("u@[IPv6:2001:db8::1]", "u@[IPv6:2001:db8::1]", "550 5.1.2", "refused"),
        ("@r.example,@s.example:u@x.example", "u@x.example", "u@x.example", "refused"),
        ("<@r.example,@s.example:u@x.example>", "501 5.5.4", "501 5.5.4", "obsolete u@x.example"),
        ("@r.example u@x.example", "501 5.5.4", "501 5.5.4", "refused"), ("@r.example:u@x.example:v", "501 5.1.7", "501 5.1.3", "refused"),
        ("a . b@c.example", "501 5.1.7", "501 5.1.3", "obsolete a.b@c.example"),
        ("a@c . example", "501 5.1.7", "501 5.1.3", "obsolete a@c.example"),
        ("a @ c.example", "501 5.1.7", "501 5.1.3", "obsolete a@c.example"),
        ("a@c.example (Anna)", "501 5.1.7", "501 5.1.3", "a@c.example"), ("(x)a@c.example", "501 5.1.7", "501 5.1.3", "a@c.example"),
        ("a(x)@c.example", "501 5.1.7", "501 5.1.3", "obsolete a@c.example"),
        ("Anna <a@c.example>", "501 5.5.4", "501 5.5.4", "a@c.example"),
        (#""a"."b"@c.example"#, "501 5.1.7", "501 5.1.3", "obsolete a.b@c.example"),
        (".a@c.example", "501 5.1.7", "501 5.1.3", #"obsolete ".a"@c.example"#),
        ("a.@c.example", "501 5.1.7", "501 5.1.3", #"obsolete "a."@c.example"#),
        ("a..b@c.example", "501 5.1.7", "501 5.1.3", #"obsolete "a..b"@c.example"#), ("Postmaster", "501 5.1.7", "postmaster", "refused"),
        ("pOsTmAsTeR", "501 5.1.7", "postmaster", "refused"),
        ("postmaster@c.example", "postmaster@c.example", "postmaster@c.example", "postmaster@c.example"),
        ("", "", "501 5.1.3", "refused"), ("a@c.example, b@c.example", "501 5.1.7", "501 5.1.3", "refused"),
        ("x:;", "501 5.1.7", "501 5.1.3", "refused"),
        ("$(id)@x.example", "501 5.1.7", "501 5.1.3", "obsolete $@x.example"),
    ])
    func doors(address: String, sender: String, recipient: String, field: String) {
        let verdicts = Verdicts(address)
        #expect(verdicts.sender == sender)
        #expect(verdicts.recipient == recipient)
        #expect(verdicts.field == field)
    }

    /// A07: at each limit, and one beyond.
    @Test func limits() {
        let local = String(repeating: "a", count: 64)
        let label = String(repeating: "b", count: 63)
        let quoted = String(repeating: "a ", count: 31)  // 62, and two quotes
        func accepted(_ address: String) -> [Bool] {
            let verdicts = Verdicts(address)
            return [verdicts.sender, verdicts.recipient, verdicts.field].map { $0.contains("@") }
        }
        #expect(accepted("\(local)@c.example") == [true, true, true] && accepted("a\(local)@c.example") == [false, false, false])
        #expect(
            accepted("\"\(quoted)\"@c.example") == [true, true, true] && accepted("\"\(quoted)x\"@c.example") == [false, false, false])
        #expect(accepted("\"\(local)\"@c.example") == [true, true, true])
        #expect(accepted("a@\(label).example") == [true, true, true] && accepted("a@b\(label).example") == [false, false, false])
        let name = [label, label, label].joined(separator: ".")  // 191
        let rest = String(repeating: "c", count: 60)
        // A path has at most 256 octets with its brackets, a domain 255 without them.
        #expect(accepted("a@\(name).\(rest)") == [true, true, true] && accepted("a@\(name).c\(rest)") == [false, false, true])
        #expect(accepted("a@\(name).ccc\(rest)") == [false, false, true] && accepted("a@\(name).cccc\(rest)") == [false, false, false])
    }

    /// A17: what comes in at one door goes out by it and comes in again as the same mailbox.
    @Test func roundTripsOfRandomAddresses() throws {
        let pieces = [
            "a", "B", "+", ".", "..", "@", "\"", "\\", " ", "x.example", "-", "_", "%", "(c)", "<", ">", ",", ":", "[1.2.3.4]", "\u{1}",
            "é",
        ]
        var random = SystemRandomNumberGenerator()
        var taken = 0
        for _ in 0..<20_000 {
            let address = (0..<Int.random(in: 1...7, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            for text in [address, "\(address)@x.example", "\"\(address)\"@x.example"] {
                guard let mailbox = try? Mailbox(parsing: octets(text)) else { continue }
                taken += 1
                let wire = mailbox.wireOctets
                #expect(try Mailbox(parsing: wire) == mailbox && Mailbox(parsing: wire).wireOctets == wire, "\(text.debugDescription)")
                #expect(Verdicts(mailbox.description).field == mailbox.description, "\(text.debugDescription)")
                #expect(wire.allSatisfy(ASCII.isPrintable) && mailbox.localPart.wireOctets.count <= 64)
            }
        }
        #expect(taken > 1000)
    }
}
