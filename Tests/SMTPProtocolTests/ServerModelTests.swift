import MailModel
import SMTPProtocol
import Testing

/// O08: the session against an automaton small enough to be checked by reading.
@Suite struct ServerModelTests {
    /// What RFC 5321, 3207 and 4954 make of a connection, without any of our code.
    struct Model {
        var isEncrypted: Bool
        var saidHello = false
        var isAuthenticated = false
        var hasSender = false
        var recipients = 0

        /// - Returns: the code that must be answered.
        mutating func answer(_ verb: String, ok: Bool) -> Int {
            switch verb {
            case "EHLO", "HELO":
                guard ok else { return 501 }
                saidHello = true
                hasSender = false
                return 250
            case "NOOP": return 250
            case "RSET":
                guard ok else { return 501 }
                hasSender = false
                return 250
            case "STARTTLS":
                if isEncrypted { return 503 }
                guard ok else { return 501 }
                self = Model(isEncrypted: true)
                return 220
            case "FOO": return 500
            default: break
            }
            if !isEncrypted { return 530 }
            if ["AUTH", "MAIL", "RCPT", "DATA"].contains(verb), !saidHello { return 503 }
            if verb == "AUTH" {
                if isAuthenticated { return 503 }
                isAuthenticated = ok
                return ok ? 235 : 535
            }
            if !isAuthenticated { return 530 }
            switch verb {
            case "MAIL":
                if hasSender { return 503 }
                guard ok else { return 550 }
                hasSender = true
                recipients = 0
                return 250
            case "RCPT":
                guard hasSender else { return 503 }
                guard ok else { return 550 }
                recipients += 1
                return 250
            case "DATA":
                guard hasSender else { return 503 }
                guard ok else { return 501 }
                return recipients > 0 ? 354 : 554
            case "VRFY": return ok ? 252 : 501
            case "EXPN": return 502
            default: return 214
            }
        }
    }

    static let lines: [(verb: String, good: String, bad: String)] = [
        ("EHLO", "EHLO x", "EHLO"), ("HELO", "HELO x", "HELO a b"), ("NOOP", "NOOP", "NOOP x"), ("RSET", "RSET", "RSET x"),
        ("STARTTLS", "STARTTLS", "STARTTLS x"), ("FOO", "FOO", "FOO x"),
        ("AUTH", "AUTH PLAIN AGFwcABzZWNyZXQ=", "AUTH PLAIN AGFwcAB3cm9uZw=="),
        ("MAIL", "MAIL FROM:<a@b.example>", "MAIL FROM:<no@b.example>"), ("RCPT", "RCPT TO:<c@d.example>", "RCPT TO:<no@d.example>"),
        ("DATA", "DATA", "DATA x"), ("VRFY", "VRFY x", "VRFY"), ("EXPN", "EXPN x", "EXPN y"), ("HELP", "HELP", "HELP x"),
    ]
    static let messages: [(wire: String, code: Int)] = [
        ("A: b\r\n\r\nx\r\n.\r\n", 250), (".\r\n", 554), ("a\nb\r\n.\r\n", 550), ("a\r\n.\n\r\n.\r\n", 550), ("x\u{0}\r\n.\r\n", 554),
        (String(repeating: "0123456789\r\n", count: 100) + ".\r\n", 552),
    ]

    @Test("O08: random sequences of all verbs, right and wrong", arguments: 0..<40)
    func sequences(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        for _ in 0..<25 {
            let isEncrypted = Bool.random(using: &random)
            var model = Model(isEncrypted: isEncrypted)
            var shell = ServerShell(isEncrypted ? .implicitTLS : .startTLS(available: true))
            _ = shell.answers("")
            var errors = 0
            var failedLogins = 0
            if Bool.random(using: &random) {  // else most runs would never get past the login
                for verb in ["EHLO", "STARTTLS", "EHLO", "AUTH"] where verb != "STARTTLS" || !isEncrypted { step(verb, true) }
            }
            for _ in 0..<18 {
                let line = Self.lines.randomElement(using: &random) ?? Self.lines[0]
                if line.verb == "AUTH", failedLogins >= 3 { continue }
                step(line.verb, Int.random(in: 0..<4, using: &random) > 0)
                if shell.isClosed { break }
            }

            func step(_ verb: String, _ ok: Bool) {
                guard let line = Self.lines.first(where: { $0.verb == verb }) else { return }
                let before = model
                let expected = model.answer(verb, ok: ok)
                var answers = shell.answers((ok ? line.good : line.bad) + "\r\n").filter { $0 != "tls" }
                if [500, 501, 502, 503, 504, 530, 535, 554].contains(expected) { errors += 1 }
                if expected == 535 { failedLogins += 1 }
                if errors > 20 {
                    #expect(answers == ["421 4.7.0", "closed"])
                    return
                }
                #expect(answers.first?.prefix(3) == "\(expected)", "\(verb) \(ok) after \(before)")
                guard expected == 354 else {
                    #expect(answers.count == 1)
                    return
                }
                #expect(model.isEncrypted && model.isAuthenticated && model.hasSender && model.recipients > 0)
                let message = Self.messages.randomElement(using: &random) ?? Self.messages[0]
                answers = shell.answers(message.wire)
                #expect(answers.last?.prefix(3) == "\(message.code)")
                #expect(answers.contains("message") == (message.code == 250))
                model.hasSender = false
                if message.code == 250 { errors = 0 }
            }
        }
    }

    @Test("no stream of octets makes the session trap, or accept a message without login", arguments: 0..<20)
    func noise(seed: Int) {
        var random = SeededGenerator(state: UInt64(1000 + seed))
        for _ in 0..<50 {
            var shell = ServerShell(Bool.random(using: &random) ? .implicitTLS : .startTLS(available: true))
            _ = shell.answers("")
            for _ in 0..<40 where !shell.isClosed {
                var line = octets((Self.lines.randomElement(using: &random) ?? Self.lines[0]).good + "\r\n")
                if line.starts(with: octets("AUTH")) { line = octets("AUTH LOGIN YXBw\r\n") }
                if Bool.random(using: &random) {
                    line.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0..<line.count, using: &random))
                }
                shell.feed(line)
            }
            #expect(shell.envelopes.isEmpty)
            #expect(!shell.events.contains { if case .message = $0 { true } else { false } })
        }
    }
}
