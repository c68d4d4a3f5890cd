import MailModel
import SMTPProtocol
import Testing

@Suite struct CommandTests {
    /// The command in short, or the code of the refusal.
    private func verdict(_ line: String) -> String { verdict(octets(line)) }

    private func verdict(_ line: [UInt8]) -> String {
        do throws(CommandError) {
            switch try Command(parsing: line) {
            case .ehlo(let name): return "ehlo \(name)"
            case .helo(let name): return "helo \(name)"
            case .auth(let mechanism, let response):
                return "auth \(mechanism) \(response.map { String(decoding: $0.exposed, as: UTF8.self) } ?? "-")"
            case .mail(let arguments):
                return "mail <\(arguments.sender)>" + (arguments.size.map { " \($0)" } ?? "")
                    + (arguments.body == .eightBitMIME ? " 8bit" : "")
            case .rcpt(.mailbox(let mailbox)): return "rcpt <\(mailbox)>"
            case .rcpt(.postmaster): return "rcpt postmaster"
            case .rcpt(.local(let user)): return "rcpt user \(String(decoding: user.octets, as: UTF8.self))"
            case .notOffered: return "not offered"
            case let command: return "\(command)"
            }
        } catch {
            let reply = Reply(error)
            return "\(reply.code) \(reply.enhancedStatus ?? "-")"
        }
    }

    @Test(
        "C01 C02 C03 C04 C05 C06 C07 G03 O03",
        arguments: [
            ("eHlO x", "ehlo x"), ("EHLO a_b.local", "ehlo a_b.local"), ("HELO [192.0.2.1]", "helo [192.0.2.1]"),
            ("EHLO", "501 5.5.4"), ("EHLO a b", "501 5.5.4"), ("EHLO a(b)", "501 5.5.4"),
            ("QUIT  \t", "quit"), ("QUIT x", "501 5.5.4"), ("DATA x", "501 5.5.4"), ("RSET x", "501 5.5.4"), ("STARTTLS x", "501 5.5.4"),
            ("NOOP anything", "noop"), ("noop", "noop"), ("HELP MAIL", "help"), ("VRFY", "501 5.5.4"), ("VRFY a@b.c", "vrfy"),
            ("FOO", "500 5.5.2"), ("MAILFROM:<a@b.c>", "500 5.5.2"), ("ABCDEFGHIJKLMNOP", "500 5.5.2"),
            ("EXPN x", "not offered"), ("ETRN x", "not offered"), ("ATRN", "not offered"), ("TURN", "not offered"),
            ("SEND FROM:<a@b.c>", "not offered"), ("SOML x", "not offered"), ("SAML x", "not offered"), ("BDAT 5 LAST", "not offered"),
            ("", "500 5.5.2"), ("   ", "500 5.5.2"),
            ("GET / HTTP/1.1", "421 4.7.0"), ("post /", "421 4.7.0"), ("CONNECT x:25", "421 4.7.0"), ("PRI * HTTP/2.0", "421 4.7.0"),
            (" NOOP", "421 4.7.0"), ("{}", "421 4.7.0"), ("\u{0}NOOP", "421 4.7.0"), ("\u{16}\u{3}\u{1}", "421 4.7.0"),
            ("NOOP\u{0}", "501 5.5.2"), ("NOOP é", "501 5.5.2"), ("NOÖP", "501 5.5.2"), ("EHLO a\u{1b}b", "501 5.5.2"),
            ("MAIL FROM:<a@b.example>\u{0}", "501 5.5.2"),
            ("AUTH", "501 5.5.4"), ("AUTH plain", "auth PLAIN -"), ("AUTH PLAIN =", "auth PLAIN ="), ("AUTH LOGIN YQ==", "auth LOGIN YQ=="),
            ("AUTH PLAIN a b", "501 5.5.4"), ("AUTH SCRAM-SHA-256 x", "auth SCRAM-SHA-256 x"), ("AUTH P/L", "501 5.5.4"),
        ])
    func line(text: String, expected: String) { #expect(verdict(text) == expected) }

    @Test(
        "A01–A14",
        arguments: [
            ("mail from:<a@b.c>", "mail <a@b.c>"), ("MAIL FROM: <a@b.c>", "mail <a@b.c>"), ("MAIL FROM:<>", "mail <>"),
            ("RcPt To:<a@b.c> ", "rcpt <a@b.c>"),
            ("MAIL FROM:  <a@b.c>", "501 5.5.4"), ("MAIL FROM:a@b.c", "501 5.5.4"), ("MAIL FROM:<a@b.c", "501 5.5.4"),
            ("MAIL FROM:<<a@b.c>>", "501 5.5.4"), ("MAIL FROM:<a@b.c>x", "501 5.5.4"), ("MAIL FROM:", "501 5.5.4"), ("MAIL", "501 5.5.4"),
            ("MAIL FROM", "501 5.5.4"), ("MAIL TO:<a@b.c>", "501 5.5.4"), ("RCPT FROM:<a@b.c>", "501 5.5.4"), ("RCPT TO:", "501 5.5.4"),
            ("RCPT TO:<>", "501 5.1.3"), ("RCPT TO:<abc>", "501 5.1.3"), ("MAIL FROM:<abc>", "501 5.1.7"),
            (#"RCPT TO:<"a b"@x.example>"#, #"rcpt <"a b"@x.example>"#), (#"RCPT TO:<"a@b"@x.example>"#, #"rcpt <"a@b"@x.example>"#),
            (#"RCPT TO:<"a\"b"@x.example>"#, #"rcpt <"a\"b"@x.example>"#), (#"RCPT TO:<""@x.example>"#, #"rcpt <""@x.example>"#),
            (#"RCPT TO:<"a>b"@x.example>"#, #"rcpt <"a>b"@x.example>"#), (#"RCPT TO:<"a\bc"@x.example>"#, "rcpt <abc@x.example>"),
            (#"RCPT TO:<"a@x.example>"#, "501 5.5.4"),
            ("RCPT TO:<@r.example,@s.example:u@x.example>", "rcpt <u@x.example>"), ("RCPT TO:<@r.example u@x.example>", "501 5.5.4"),
            ("RCPT TO:<@r.example,s.example:u@x.example>", "501 5.5.4"), ("RCPT TO:<@:u@x.example>", "501 5.5.4"),
            ("RCPT TO:<u@[192.0.2.1]>", "550 5.1.2"), ("RCPT TO:<u@[IPv6:2001:db8::1]>", "550 5.1.2"),
            ("RCPT TO:<u@[IPv6:::1]>", "550 5.1.2"), ("RCPT TO:<u@[IPv6:::]>", "550 5.1.2"), ("RCPT TO:<u@[ipv6:1::]>", "550 5.1.2"),
            ("RCPT TO:<u@[IPv6:::ffff:192.0.2.1]>", "550 5.1.2"), ("RCPT TO:<u@[IPv6:1:2:3:4:5:6:7:8]>", "550 5.1.2"),
            ("RCPT TO:<u@[300.1.1.1]>", "501 5.1.3"), ("RCPT TO:<u@[IPv6:1::2::3]>", "501 5.1.3"),
            ("RCPT TO:<u@[IPv6:::1.2.3]>", "501 5.1.3"),
            ("RCPT TO:<u@[1.2.3.4>", "501 5.1.3"), ("RCPT TO:<u@[]>", "501 5.1.3"), ("RCPT TO:<u@[IPv6:]>", "501 5.1.3"),
            ("RCPT TO:<u@[IPv6::1.2.3.4]>", "501 5.1.3"), ("RCPT TO:<u@[IPv6::1]>", "501 5.1.3"),
            ("RCPT TO:<u@[IPv6:1:2:3:4:5:6:7:8:9]>", "501 5.1.3"),
            ("RCPT TO:<u@[IPv6:::::]>", "501 5.1.3"), ("RCPT TO:<u@[IPv6:12345::]>", "501 5.1.3"), ("RCPT TO:<@[1.2.3.4]>", "501 5.5.4"),
            ("MAIL FROM:<u@[127.0.0.1]>", "mail <u@[127.0.0.1]>"), ("MAIL FROM:<u@[127.0.0.256]>", "501 5.1.7"),
            ("MAIL FROM:<root@localhost>", "mail <root@localhost>"), ("RCPT TO:<u@localhost>", "554 5.1.2"),
            ("RCPT TO:<u@sales>", "554 5.1.2"),
            ("RCPT TO:<.a@x.y>", "501 5.1.3"), ("RCPT TO:<a.@x.y>", "501 5.1.3"), ("RCPT TO:<a..b@x.y>", "501 5.1.3"),
            ("RCPT TO:<a@-x.y>", "501 5.1.3"), ("RCPT TO:<a@x-.y>", "501 5.1.3"), ("RCPT TO:<a@x..y>", "501 5.1.3"),
            ("RCPT TO:<a@x_y.z>", "501 5.1.3"), ("RCPT TO:<a@x.y.>", "501 5.1.3"),
            ("RCPT TO:<é@x.example>", "553 5.6.7"), ("MAIL FROM:<a@é.example>", "553 5.6.7"),
            ("RCPT TO:<\u{212A}@x.example>", "553 5.6.7"),
            ("RCPT TO:<a@x.example> é", "501 5.5.4"), ("RCPT TO:<a\u{7f}@x.example>", "501 5.5.2"),
            ("RCPT TO:<u%other.example@x.y>", "rcpt <u%other.example@x.y>"),
            ("RCPT TO:<other.example!u@x.y>", "rcpt <other.example!u@x.y>"),
            ("RCPT TO:<;id;@x.y>", "501 5.1.3"), ("RCPT TO:<$(id)@x.y>", "501 5.1.3"), ("RCPT TO:<../../x@y.z>", "501 5.1.3"),
            ("RCPT TO:<Postmaster>", "rcpt postmaster"), ("RCPT TO:<pOsTmAsTeR>", "rcpt postmaster"),
            ("RCPT TO:<pOsTmAsTeR@ours.example>", "rcpt <pOsTmAsTeR@ours.example>"),
        ])
    func path(text: String, expected: String) { #expect(verdict(text) == expected) }

    @Test(
        "A16 E10 E20 E30 E50 U16",
        arguments: [
            ("SIZE=0", "mail <a@b.c> 0"), ("size=1000 BODY=8bitmime", "mail <a@b.c> 1000 8bit"), ("BODY=7BIT", "mail <a@b.c>"),
            ("  SIZE=5", "mail <a@b.c> 5"), ("SIZE=9223372036854775807", "mail <a@b.c> 9223372036854775807"),
            ("SIZE=9223372036854775808", "501 5.5.4"), ("SIZE=99999999999999999999", "501 5.5.4"), ("SIZE=", "501 5.5.4"),
            ("SIZE", "501 5.5.4"),
            ("SIZE=-1", "501 5.5.4"), ("SIZE=+5", "501 5.5.4"), ("SIZE=1x", "501 5.5.4"), ("SIZE=1 SIZE=1", "501 5.5.4"),
            ("SIZE=000000000000000000001", "501 5.5.4"),
            ("BODY=9BIT", "501 5.5.4"), ("BODY=BINARYMIME", "501 5.5.4"), ("BODY", "501 5.5.4"), ("BODY=7BIT BODY=7BIT", "501 5.5.4"),
            ("=x", "501 5.5.4"), ("FOO", "555 5.5.4"), ("FOO=bar", "555 5.5.4"), ("SMTPUTF8", "555 5.5.4"), ("RET=FULL", "555 5.5.4"),
            ("REQUIRETLS", "555 5.5.4"), ("A=b=c", "501 5.5.4"), ("-A=b", "501 5.5.4"),
            ("AUTH=<>", "mail <a@b.c>"), ("AUTH=e+3Dmc2@example.com", "mail <a@b.c>"), ("AUTH=a+3", "501 5.5.4"),
            ("AUTH=a+3d", "501 5.5.4"),
            ("AUTH=", "501 5.5.4"), ("AUTH", "501 5.5.4"), ("AUTH=<> AUTH=<>", "501 5.5.4"), ("AUTH=a+0D+0AX", "mail <a@b.c>"),
        ])
    func mailParameter(text: String, expected: String) { #expect(verdict("MAIL FROM:<a@b.c> " + text) == expected) }

    @Test("E50", arguments: [("NOTIFY=NEVER", "555 5.5.4"), ("ORCPT=rfc822;a@b.c", "555 5.5.4"), ("=", "501 5.5.4")])
    func recipientParameter(text: String, expected: String) { #expect(verdict("RCPT TO:<a@b.c> " + text) == expected) }

    @Test("A07: limits are exact")
    func limits() {
        let local = String(repeating: "l", count: 64)
        let label = String(repeating: "d", count: 63)
        #expect(verdict("RCPT TO:<\(local)@x.y>") == "rcpt <\(local)@x.y>")
        #expect(verdict("RCPT TO:<\(local)l@x.y>") == "501 5.1.3")
        #expect(verdict("RCPT TO:<a@\(label).y>") == "rcpt <a@\(label).y>")
        #expect(verdict("RCPT TO:<a@\(label)d.y>") == "501 5.1.3")
        let domain = "\(label).\(label).\(label)"  // 191
        let longest = String(repeating: "l", count: 62) + "@" + domain  // 254, 256 with its brackets
        #expect(verdict("RCPT TO:<\(longest)>") == "rcpt <\(longest)>")
        #expect(verdict("RCPT TO:<l\(longest)>") == "501 5.1.3")
        #expect(verdict("EHLO " + String(repeating: "e", count: 255)) == "ehlo " + String(repeating: "e", count: 255))
        #expect(verdict("EHLO " + String(repeating: "e", count: 256)) == "501 5.5.4")
    }

    @Test("W04 A11: no line traps, and no control octet comes out of a parsed one")
    func randomLines() throws {
        var random = SeededGenerator(state: 1)
        let words = [
            "MAIL FROM:<", "RCPT TO:<", "EHLO ", "AUTH ", "@", "\"", "\\", ">", "<", "[", "]", "IPv6:", "::", ".", "SIZE=", "9", " ", "a",
            "=", "+", "BODY=", "\u{0}", "é", "\r", "\n", "x.example", ",", ":",
        ].map { octets($0) }
        for _ in 0..<20_000 {
            var line: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<14, using: &random) {
                line += words.randomElement(using: &random) ?? []
                if Int.random(in: 0..<8, using: &random) == 0 { line.append(UInt8.random(in: 0...255, using: &random)) }
            }
            if let command = try? Command(parsing: line) {
                if case .rcpt(.mailbox(let mailbox)) = command {
                    let again = try Command(parsing: octets("RCPT TO:<") + mailbox.wireOctets + octets(">"))
                    #expect(again == command)
                }
                if case .mail(let arguments) = command {
                    #expect(octets(arguments.sender.description).allSatisfy(ASCII.isPrintable))
                }
            }
        }
    }
}
