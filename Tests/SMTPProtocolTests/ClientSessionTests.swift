import MailModel
import SMTPProtocol
import Testing

/// Runs a client session against a list of answers and writes down what it does.
struct ClientShell {
    var session: ClientSession
    var log: [String] = []
    var results: [RecipientResult] = []
    var failure: ClientFailure?

    init(_ security: ClientSession.Configuration.Security = .startTLS, login: Bool = true) {
        let credentials = login ? Credentials(username: octets("app"), password: Secret(octets("secret"))) : nil
        session = ClientSession(.init(hostname: "relay.example.com", security: security, credentials: credentials))
    }

    /// Over TLS, logged in, idle.
    static func ready(ehlo: [String] = ["250-ses", "250-8BITMIME", "250-AUTH PLAIN LOGIN", "250 Ok"]) -> ClientShell {
        var shell = ClientShell(.implicitTLS)
        shell.hear("220 ses ESMTP")
        shell.hear(ehlo.joined(separator: "\r\n"))
        shell.hear("235 Authentication successful.")
        shell.log = []
        return shell
    }

    mutating func hear(_ text: String, followedByInput: Bool = false) {
        var decoder = ReplyDecoder()
        switch octets(text + "\r\n").withUnsafeBytes({ decoder.decode($0) }) {
        case .reply(let reply, _): apply(session.receive(reply, followedByInput: followedByInput))
        case .failure(let fault): apply(session.receive(fault))
        case .needsMoreInput: log.append("incomplete")
        }
    }

    mutating func begin(_ recipients: [String], from: String = "app@example.com", size: Int = 100, eightBit: Bool = false) throws {
        let sender = from.isEmpty ? ReversePath.null : .mailbox(try Mailbox(parsing: octets(from)))
        let mailboxes = try recipients.map { try Mailbox(parsing: octets($0)) }
        apply(session.begin(.init(reversePath: sender, recipients: mailboxes, size: size, hasEightBitOctets: eightBit)))
    }

    mutating func apply(_ action: ClientSession.Action) {
        switch action {
        case .send(let line): log.append(String(decoding: line.dropLast(2), as: UTF8.self))
        case .sendSecret(let line): log.append(String(decoding: line.exposed.dropLast(2), as: UTF8.self))
        case .startTLS: log.append("[tls]")
        case .ready: log.append("[ready]")
        case .sendContent: log.append("[content]")
        case .transactionFinished(let results):
            log.append("[finished]")
            self.results = results
        case .failed(let failure):
            log.append("[failed]")
            self.failure = failure
        case .close: log.append("[close]")
        }
    }

    var outcomes: [String] {
        results.map { result in
            switch result.outcome {
            case .answered(let phase, let reply): "\(phase.rawValue) \(reply.code)"
            case .failed(let failure): "\(failure.phase.rawValue) \(failure.reason)"
            }
        }
    }
}

@Suite struct ClientSessionTests {
    @Test("X01 X02: the whole road with what SES offers")
    func wholeDialogue() throws {
        var shell = ClientShell()
        shell.hear("220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-XXXXXXXXX A1b2C3d4E5f6G7h8I9j0")
        shell.hear("250-email-smtp.amazonaws.com\r\n250-8BITMIME\r\n250-SIZE 10\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 Ok")
        shell.hear("220 Ready to start TLS")
        #expect(shell.session.phase == .tlsHandshake)
        shell.apply(shell.session.tlsEstablished())
        shell.hear("250-email-smtp.amazonaws.com\r\n250-8BITMIME\r\n250-X-NEW thing\r\n250-AUTH PLAIN LOGIN\r\n250 Ok")
        shell.hear("235 Authentication successful.")
        #expect(shell.session.isReusable)
        try shell.begin(["user@example.net"])  // SIZE was offered only in clear, so it does not count
        shell.hear("250 Ok")
        shell.hear("250 Ok")
        shell.hear("354 End data with <CR><LF>.<CR><LF>")
        shell.session.finalDotLeaves()
        #expect(shell.session.phase == .finalDot)
        shell.hear("250 Ok 0102018f2c6d7e11-xxxxxxxx-000000")
        #expect(shell.results.first?.isRelayed == true)
        shell.apply(shell.session.quit())
        shell.hear("221 Bye")
        #expect(
            shell.log == [
                "EHLO relay.example.com", "STARTTLS", "[tls]", "EHLO relay.example.com", "AUTH PLAIN AGFwcABzZWNyZXQ=", "[ready]",
                "MAIL FROM:<app@example.com>", "RCPT TO:<user@example.net>", "DATA", "[content]", "[finished]", "QUIT", "[close]",
            ])
    }

    @Test(
        "X02 X03: no TLS, no login, no mail",
        arguments: [
            (["250-x\r\n250-AUTH PLAIN\r\n250 Ok"], "STARTTLS startTLSNotOffered"),
            (["250-x\r\n250 STARTTLS", "454 4.7.0 not now"], "STARTTLS refused(454 4.7.0 not now)"),
            (["250-x\r\n250 STARTTLS", "502 no"], "STARTTLS refused(502 no)"),
            (["250-x\r\n250 STARTTLS", "334 odd"], "STARTTLS protocolError(334 odd)"),
            (["550 go away"], "EHLO refused(550 go away)"), (["354 odd"], "EHLO protocolError(354 odd)"),
            (["25"], "EHLO malformedReply(SMTPProtocol.ReplyDecoder.Fault.malformedCode)"),
        ])
    func noClearText(answers: [String], expected: String) {
        var shell = ClientShell()
        shell.hear("220 x")
        for answer in answers { shell.hear(answer) }
        #expect(shell.failure.map { "\($0.phase.rawValue) \($0.reason)" } == expected)
        #expect(!shell.session.isReusable)
        #expect(!shell.log.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
    }

    @Test("X03: input behind the 220 to STARTTLS")
    func injection() {
        var shell = ClientShell()
        shell.hear("220 x")
        shell.hear("250-x\r\n250 STARTTLS")
        shell.hear("220 go", followedByInput: true)
        #expect(shell.failure == ClientFailure(phase: .tlsHandshake, reason: .unsolicitedInput))
    }

    @Test("X02: a failed handshake") func handshake() {
        var shell = ClientShell()
        shell.hear("220 x")
        shell.hear("250-x\r\n250 STARTTLS")
        shell.hear("220 go")
        shell.apply(shell.session.connectionLost("certificate has expired"))
        #expect(shell.failure == ClientFailure(phase: .tlsHandshake, reason: .connectionLost("certificate has expired")))
    }

    @Test(
        "greetings",
        arguments: [("421 Too many concurrent SMTP connections", "refused"), ("554 no", "refused"), ("354 x", "protocolError")])
    func greeting(answer: String, expected: String) {
        var shell = ClientShell()
        shell.hear(answer)
        #expect(shell.failure?.phase == .greeting)
        #expect(shell.failure.map { "\($0.reason)".hasPrefix(expected) } == true)
    }

    @Test(
        "X09: logins",
        arguments: [
            (
                ["250-x\r\n250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"],
                ["AUTH LOGIN", "YXBw", "c2VjcmV0", "[ready]"]
            ),
            (["250-x\r\n250 AUTH PLAIN", "535 Authentication Credentials Invalid"], ["AUTH PLAIN AGFwcABzZWNyZXQ=", "[failed]"]),
            (["250-x\r\n250 AUTH PLAIN", "454 Temporary authentication failure"], ["AUTH PLAIN AGFwcABzZWNyZXQ=", "[failed]"]),
            (["250-x\r\n250 AUTH LOGIN", "535 no"], ["AUTH LOGIN", "[failed]"]), (["250-x\r\n250 AUTH CRAM-MD5"], ["[failed]"]),
            (["250 x"], ["[failed]"]),
            (["250-x\r\n250 AUTH PLAIN", "334 "], ["AUTH PLAIN AGFwcABzZWNyZXQ=", "[failed]"]),
        ])
    func login(answers: [String], expected: [String]) {
        var shell = ClientShell(.implicitTLS)
        shell.hear("220 x")
        for answer in answers { shell.hear(answer) }
        #expect(Array(shell.log.dropFirst()) == expected)
        if expected.last == "[failed]" { #expect(shell.failure?.phase == .auth) }
    }

    @Test(
        "X05 X06: one outcome for each recipient",
        arguments: [
            (
                ["250 Ok", "250 Ok", "550 no", "251 fwd", "354 go", "250 Ok id"], ["final dot 250", "RCPT 550", "final dot 250"], true,
                ["DATA", "[content]", "[finished]"]
            ),
            (["250 Ok", "450 no", "550 no", "550 no", "250 Ok"], ["RCPT 450", "RCPT 550", "RCPT 550"], true, ["RSET", "[finished]"]),
            (["553 bad", "250 Ok"], ["MAIL 553", "MAIL 553", "MAIL 553"], true, ["RSET", "[finished]"]),
            (["553 bad", "500 what"], ["MAIL 553", "MAIL 553", "MAIL 553"], false, ["RSET", "[finished]"]),
            (["421 bye"], ["MAIL 421", "MAIL 421", "MAIL 421"], false, ["[finished]"]),
            (
                ["451 4.4.2 Timeout waiting for data from client.", "250 x"], ["MAIL 451", "MAIL 451", "MAIL 451"], true,
                ["RSET", "[finished]"]
            ),
            (
                ["354 odd"], ["MAIL protocolError(354 odd)", "MAIL protocolError(354 odd)", "MAIL protocolError(354 odd)"], false,
                ["[finished]"]
            ),
            (["250 Ok", "550 no", "421 bye"], ["RCPT 550", "RCPT 421", "RCPT 421"], false, ["[finished]"]),
            (
                ["250 Ok", "250 Ok", "354 odd"],
                ["RCPT protocolError(354 odd)", "RCPT protocolError(354 odd)", "RCPT protocolError(354 odd)"], false, ["[finished]"]
            ),
            (
                ["250 Ok", "250 Ok", "250 Ok", "550 no", "250 odd"],
                ["DATA protocolError(250 odd)", "DATA protocolError(250 odd)", "RCPT 550"], false, ["DATA", "[finished]"]
            ),
            (
                ["250 Ok", "250 Ok", "250 Ok", "550 no", "451 later", "250 Ok"], ["DATA 451", "DATA 451", "RCPT 550"], true,
                ["DATA", "RSET", "[finished]"]
            ),
            (
                ["250 Ok", "250 Ok", "250 Ok", "250 Ok", "354 go", "554 Transaction failed", "250 Ok"],
                ["final dot 554", "final dot 554", "final dot 554"], true,
                ["DATA", "[content]", "RSET", "[finished]"]
            ),
            (
                ["250 Ok", "250 Ok", "250 Ok", "250 Ok", "354 go", "354 odd"],
                ["final dot protocolError(354 odd)", "final dot protocolError(354 odd)", "final dot protocolError(354 odd)"], false,
                ["DATA", "[content]", "[finished]"]
            ),
        ])
    func transaction(answers: [String], outcomes: [String], isReusable: Bool, tail: [String]) throws {
        var shell = ClientShell.ready()
        try shell.begin(["a@x.example", "b@x.example", "c@x.example"])
        for answer in answers {
            shell.hear(answer)
            shell.session.finalDotLeaves()
        }
        #expect(shell.outcomes == outcomes)
        #expect(shell.session.isReusable == isReusable)
        #expect(Array(shell.log.suffix(tail.count)) == tail)
        #expect(shell.log.count(where: { $0 == "[finished]" }) == 1)
    }

    @Test(
        "O09 X11: a connection lost in each state",
        arguments: [
            (0, "MAIL connectionLost(\"reset\")", false), (1, "RCPT connectionLost(\"reset\")", false),
            (2, "DATA connectionLost(\"reset\")", false),
            (3, "message connectionLost(\"reset\")", false), (4, "final dot connectionLost(\"reset\")", true),
        ])
    func lost(step: Int, expected: String, isInDoubt: Bool) throws {
        var shell = ClientShell.ready()
        try shell.begin(["a@x.example"])
        for answer in ["250 Ok", "250 Ok", "354 go"].prefix(step) { shell.hear(answer) }
        if step == 4 { shell.session.finalDotLeaves() }
        shell.apply(shell.session.connectionLost("reset"))
        #expect(shell.outcomes == [expected])
        #expect(shell.results.first?.isInDoubt == isInDoubt)
        #expect(!shell.session.isReusable)
    }

    @Test("a connection lost at RSET keeps the results, at QUIT means nothing, idle is a failure")
    func lostElsewhere() throws {
        var shell = ClientShell.ready()
        try shell.begin(["a@x.example"])
        shell.hear("553 bad")
        shell.apply(shell.session.connectionLost("reset"))
        #expect(shell.outcomes == ["MAIL 553"])
        var quitting = ClientShell.ready()
        quitting.apply(quitting.session.quit())
        quitting.apply(quitting.session.connectionLost("reset"))
        #expect(quitting.log == ["QUIT", "[close]"])
        var idle = ClientShell.ready()
        idle.hear("421 Connection closed by server.")
        #expect(idle.failure?.phase == .idle)
        var middle = ClientShell.ready()
        try middle.begin(["a@x.example"])
        for answer in ["250 Ok", "250 Ok", "354 go", "451 4.4.2 Timeout"] { middle.hear(answer) }
        #expect(middle.outcomes == ["message 451"])
        #expect(!middle.session.isReusable)
    }

    @Test("X04: a reply nobody asked for ends the connection, and never becomes another command's answer")
    func unsolicited() throws {
        var shell = ClientShell.ready()
        try shell.begin(["a@x.example", "b@x.example"])
        shell.hear("250 Ok")
        shell.hear("250 Ok", followedByInput: true)
        #expect(shell.outcomes == ["RCPT unsolicitedInput", "RCPT unsolicitedInput"])
        var last = ClientShell.ready()
        try last.begin(["a@x.example"])
        for answer in ["250 Ok", "250 Ok", "354 go"] { last.hear(answer) }
        last.session.finalDotLeaves()
        last.hear("250 Ok id", followedByInput: true)
        #expect(last.outcomes == ["final dot 250"])
        #expect(!last.session.isReusable)
    }

    @Test("X01: SIZE and BODY only where offered and needed")
    func parameters() throws {
        var shell = ClientShell.ready(ehlo: ["250-x", "250-SIZE 1000", "250-8BITMIME", "250 AUTH PLAIN"])
        try shell.begin(["a@x.example"], from: "", size: 1000, eightBit: true)
        #expect(shell.log == ["MAIL FROM:<> SIZE=1000 BODY=8BITMIME"])
        var small = ClientShell.ready(ehlo: ["250-x", "250-SIZE 1000", "250 AUTH PLAIN"])
        try small.begin(["a@x.example"], size: 1001)
        #expect(small.outcomes == ["MAIL messageTooLarge(limit: 1000)"])  // X07
        #expect(small.session.isReusable)
        try small.begin(["a@x.example"], eightBit: true)
        #expect(small.outcomes == ["MAIL eightBitNotOffered"])
        try small.begin([#""a b"@x.example"#])
        small.hear("250 Ok")
        #expect(small.log.suffix(2) == ["MAIL FROM:<app@example.com> SIZE=100", #"RCPT TO:<"a b"@x.example>"#])
        try small.begin(["a@x.example"])
        #expect(small.outcomes == ["MAIL notReady"])
    }

    @Test("X10: the second message starts clean")
    func reuse() throws {
        var shell = ClientShell.ready()
        try shell.begin(["a@x.example", "b@x.example"])
        for answer in ["250 Ok", "550 no", "550 no", "250 reset"] { shell.hear(answer) }
        shell.log = []
        try shell.begin(["c@x.example"])
        for answer in ["250 Ok", "250 Ok", "354 go"] { shell.hear(answer) }
        shell.session.finalDotLeaves()
        shell.hear("250 Ok 0102018f2c6d7e11-1")
        #expect(shell.log == ["MAIL FROM:<app@example.com>", "RCPT TO:<c@x.example>", "DATA", "[content]", "[finished]"])
        #expect(shell.results.map(\.recipient.description) == ["c@x.example"])
        #expect(shell.session.finishedTransactions == 2)
    }

    @Test("T04: the minimum deadlines of RFC 5321")
    func deadlines() {
        #expect([Phase.greeting, .ehlo, .mail, .rcpt].allSatisfy { $0.defaultTimeout == .seconds(300) })
        #expect(Phase.data.defaultTimeout == .seconds(120))
        #expect(Phase.content.defaultTimeout == .seconds(180))
        #expect(Phase.finalDot.defaultTimeout == .seconds(600))
    }

    @Test(
        "random answers at random moments: every recipient gets exactly one result, and nothing is sent unencrypted but EHLO and STARTTLS")
    func random() throws {
        var random = SeededGenerator(state: 5)
        let answers = [
            "220 x", "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN", "250 Ok", "250 Ok", "354 go", "235 ok", "334 x", "421 bye",
            "451 later", "550 no", "25",
        ]
        for _ in 0..<4000 {
            var shell = ClientShell(Bool.random(using: &random) ? .startTLS : .implicitTLS)
            var isEncrypted = shell.session.configuration.security == .implicitTLS
            var started = 0
            for _ in 0..<20 {
                switch Int.random(in: 0..<12, using: &random) {
                case 0: shell.apply(shell.session.connectionLost("reset"))
                case 1:
                    if shell.session.isReusable {
                        started += 1
                        try shell.begin(["a@x.example", "b@x.example"])
                    }
                case 2: shell.session.finalDotLeaves()
                default:
                    if shell.session.phase == .tlsHandshake {
                        isEncrypted = true
                        shell.apply(shell.session.tlsEstablished())
                    }
                    shell.hear(answers.randomElement(using: &random) ?? "", followedByInput: Int.random(in: 0..<20, using: &random) == 0)
                }
                if !isEncrypted { #expect(shell.log.allSatisfy { $0.hasPrefix("EHLO") || $0 == "STARTTLS" || $0.hasPrefix("[") }) }
            }
            shell.apply(shell.session.connectionLost("end"))
            #expect(shell.log.count(where: { $0 == "[finished]" }) == started)
            if started > 0 { #expect(shell.results.count == 2) }
        }
    }
}
