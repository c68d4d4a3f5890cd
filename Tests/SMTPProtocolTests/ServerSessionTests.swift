import MailModel
import SMTPProtocol
import Testing

@Suite struct ServerSessionTests {
    /// Lines of one client, each answered before the next is sent.
    private func talk(_ shell: inout ServerShell, _ lines: [String]) -> [String] { lines.flatMap { shell.answers($0 + "\r\n") } }

    @Test("G01: the greeting begins with our name")
    func greeting() {
        var session = ServerSession(.init(hostname: "relay.example.com", security: .implicitTLS, maximumMessageSize: 1))
        #expect(session.greeting(clientHasSpoken: false) == .reply(Reply(220, nil, "relay.example.com ESMTP")))
        var early = ServerSession(.init(hostname: "relay.example.com", security: .implicitTLS, maximumMessageSize: 1))
        #expect(early.greeting(clientHasSpoken: true) == .replyAndClose(.protocolSynchronization))  // G04
    }

    @Test("S02 S04 S05 U01 E70: what EHLO lists, before and after TLS")
    func extensions() {
        func listed(_ security: ServerSession.Configuration.Security, afterTLS: Bool = false) -> [String] {
            var session = ServerSession(.init(hostname: "r.example", security: security, maximumMessageSize: 40_000_000))
            _ = session.greeting(clientHasSpoken: false)
            if afterTLS {
                _ = session.command(octets("STARTTLS"), followedByInput: false)
                session.tlsEstablished()
            }
            guard case .reply(let reply) = session.command(octets("EHLO x"), followedByInput: false) else { return [] }
            return reply.lines
        }
        let always = ["8BITMIME", "ENHANCEDSTATUSCODES", "HELP"]
        let first = ["r.example", "PIPELINING", "SIZE 40000000"]
        #expect(listed(.startTLS(available: true)) == first + ["STARTTLS"] + always)
        #expect(listed(.startTLS(available: false)) == first + always)
        #expect(listed(.startTLS(available: true), afterTLS: true) == first + ["AUTH PLAIN LOGIN"] + always)
        #expect(listed(.implicitTLS) == first + ["AUTH PLAIN LOGIN"] + always)
        if let name = AccountName("local") { #expect(listed(.trusted(name)) == first + always) }
    }

    @Test(
        "S05 O12 O05 M01: in clear nothing but EHLO, STARTTLS and small talk",
        arguments: [
            ("MAIL FROM:<a@b.c>", "530 5.7.0"), ("RCPT TO:<a@b.c>", "530 5.7.0"), ("DATA", "530 5.7.0"), ("VRFY x", "530 5.7.0"),
            ("AUTH PLAIN AGFwcABzZWNyZXQ=", "530 5.7.0"), ("AUTH PLAIN !!!", "530 5.7.0"), ("AUTH LOGIN", "530 5.7.0"),
            ("HELP", "530 5.7.0"),
            ("NOOP", "250 2.0.0"), ("RSET", "250 2.0.0"), ("EHLO x", "250"), ("HELO x", "250"), ("MAIL FROM:rubbish", "530 5.7.0"),
            ("EXPN x", "530 5.7.0"), ("FOO", "500 5.5.2"), ("XCLIENT ADDR=127.0.0.1", "500 5.5.2"), ("PROXY TCP4 1.2.3.4", "500 5.5.2"),
        ])
    func inClear(line: String, code: String) {
        var shell = ServerShell()
        _ = shell.answers("EHLO x\r\n")
        #expect(shell.answers(line + "\r\n") == [code])
        var without = ServerShell()
        _ = without.answers("")
        #expect(without.answers(line + "\r\n") == [code])
    }

    @Test(
        "O12: over TLS, before AUTH",
        arguments: [
            ("MAIL FROM:<a@b.c>", "530 5.7.0"), ("RCPT TO:<a@b.c>", "530 5.7.0"), ("DATA", "530 5.7.0"), ("VRFY x", "530 5.7.0"),
            ("HELP", "530 5.7.0"),
            ("NOOP x", "250 2.0.0"), ("RSET", "250 2.0.0"), ("STARTTLS", "503 5.5.1"), ("AUTH", "501 5.5.4"),
            ("AUTH CRAM-MD5", "504 5.5.4"),
        ])
    func beforeAuth(line: String, code: String) {
        var shell = ServerShell(.implicitTLS)
        _ = shell.answers("EHLO x\r\n")
        #expect(shell.answers(line + "\r\n") == [code])
    }

    @Test("S01 S02 U17: STARTTLS forgets everything")
    func startTLS() {
        var shell = ServerShell()
        #expect(shell.answers("EHLO x\r\n") == ["220", "250"])
        #expect(shell.answers("STARTTLS x\r\n") == ["501 5.5.4"])
        #expect(shell.answers("STARTTLS\r\n") == ["220 2.0.0", "tls"])
        #expect(shell.session.clientName == nil)
        #expect(talk(&shell, ["MAIL FROM:<a@b.c>", "AUTH PLAIN AGFwcABzZWNyZXQ=", "STARTTLS"]) == ["503 5.5.1", "503 5.5.1", "503 5.5.1"])
        #expect(talk(&shell, ["EHLO x", "AUTH PLAIN AGFwcABzZWNyZXQ="]) == ["250", "235 2.7.0"])
        #expect(shell.session.receivedProtocol == "ESMTPSA")
        #expect(talk(&shell, ["RSET", "EHLO y", "MAIL FROM:<a@b.c>"]) == ["250 2.0.0", "250", "250 2.1.0"])  // U17, O05
        #expect(talk(&shell, ["STARTTLS"]) == ["503 5.5.1"])
        var unavailable = ServerShell(.startTLS(available: false))
        #expect(unavailable.answers("STARTTLS\r\n") == ["220", "454 4.7.0"])  // S04
    }

    @Test(
        "S03 E03: what is written before the reply is never run",
        arguments: [
            ["STARTTLS\r\nEHLO evil\r\n"], ["EHLO x\r\nSTARTTLS\r\n"], ["STARTTLS\r\nx"],
        ])
    func synchronizationInClear(input: [String]) {
        var shell = ServerShell()
        _ = shell.answers("")
        #expect(input.flatMap { shell.answers($0) } == ["554 5.5.0", "closed"])
    }

    @Test(
        "E03",
        arguments: [
            "DATA\r\nSubject: x\r\n", "MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nx", "EHLO x\r\nNOOP\r\n",
            "MAIL FROM:<a@b.c>\r\nRCPT TO:<no@e.f>\r\nDATA\r\nMAIL FROM:<x@y.z>\r\n",
        ])
    func synchronization(input: String) {
        var shell = ServerShell.loggedIn()
        #expect(shell.answers(input).suffix(2) == ["554 5.5.0", "closed"])
        #expect(shell.envelopes.isEmpty)
        var login = ServerShell(.implicitTLS)
        _ = login.answers("EHLO x\r\n")
        #expect(login.answers("AUTH PLAIN\r\nAGFwcABzZWNyZXQ=\r\n") == ["554 5.5.0", "closed"])
    }

    @Test("E01 C09: one segment or one octet at a time, the same answers")
    func pipelining() {
        let recipients = (0..<100).map { "RCPT TO:<\($0 % 3 == 0 ? "no" : "r")\($0)@x.example>\r\n" }.joined()
        let group = "MAIL FROM:<a@b.c>\r\n" + recipients + "DATA\r\n"
        var whole = ServerShell.loggedIn()
        let answers = whole.answers(group)
        #expect(answers.count == 102)
        #expect(answers.filter { $0 == "550 5.1.1" }.count == 34)
        #expect(answers.last == "354")
        #expect(whole.envelopes.first?.recipients.count == 66)
        var slow = ServerShell.loggedIn()
        #expect(octets(group).flatMap { octet in slow.answers(String(UnicodeScalar(octet))) } == answers)
        #expect(slow.envelopes == whole.envelopes)
    }

    @Test(
        "O01 O02 O04 O07 C12 D05 O06: order",
        arguments: [
            (["RCPT TO:<a@b.c>"], ["503 5.5.1"]), (["DATA"], ["503 5.5.1"]),
            (["MAIL FROM:<a@b.c>", "DATA"], ["250 2.1.0", "554 5.5.1"]),
            (["MAIL FROM:<a@b.c>", "MAIL FROM:<x@b.c>", "RCPT TO:<d@e.f>"], ["250 2.1.0", "503 5.5.1", "250 2.1.5"]),
            (["MAIL FROM:<a@b.c>", "EHLO y", "RCPT TO:<d@e.f>"], ["250 2.1.0", "250", "503 5.5.1"]),
            (["MAIL FROM:<a@b.c>", "EHLO", "RCPT TO:<d@e.f>"], ["250 2.1.0", "501 5.5.4", "250 2.1.5"]),
            (["MAIL FROM:<a@b.c>", "HELO y", "RCPT TO:<d@e.f>"], ["250 2.1.0", "250", "503 5.5.1"]),
            (["MAIL FROM:<a@b.c>", "RSET", "RCPT TO:<d@e.f>"], ["250 2.1.0", "250 2.0.0", "503 5.5.1"]),
            (["MAIL FROM:<a@b.c>", "RSET x", "RCPT TO:<d@e.f>"], ["250 2.1.0", "501 5.5.4", "250 2.1.5"]),
            (
                ["MAIL FROM:<a@b.c>", "VRFY x", "AUTH PLAIN x", "STARTTLS", "NOOP", "RCPT TO:<d@e.f>"],
                ["250 2.1.0", "252 2.0.0", "503 5.5.1", "503 5.5.1", "250 2.0.0", "250 2.1.5"]
            ),
            (["MAIL FROM:<no@b.c>", "RCPT TO:<d@e.f>"], ["550 5.7.1", "503 5.5.1"]),
            (["MAIL FROM:<a@b.c> SIZE=1001", "RCPT TO:<d@e.f>"], ["552 5.3.4", "503 5.5.1"]),
            (["MAIL FROM:<a@b.c> SIZE=1000"], ["250 2.1.0"]),
            (["MAIL FROM:<a@b.c", "RCPT TO:<d@e.f>"], ["501 5.5.4", "503 5.5.1"]),
            (["MAIL FROM:<a@b.c>", "RCPT TO:<no@e.f>", "DATA"], ["250 2.1.0", "550 5.1.1", "554 5.5.1"]),  // E02
            (["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "QUIT"], ["250 2.1.0", "250 2.1.5", "221 2.0.0", "closed"]),
            (["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA", "."], ["250 2.1.0", "250 2.1.5", "354", "554 5.6.0"]),
            (
                ["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA", "A: b\r\n\r\nx\r\n.", "RCPT TO:<d@e.f>", "DATA"],
                ["250 2.1.0", "250 2.1.5", "354", "message", "250 2.0.0", "503 5.5.1", "503 5.5.1"]
            ),
            (
                ["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA", "a\nb\r\n.", "DATA", "MAIL FROM:<a@b.c>"],
                ["250 2.1.0", "250 2.1.5", "354", "550 5.5.2", "503 5.5.1", "250 2.1.0"]
            ),
            (["BDAT 5"], ["521 5.5.1", "closed"]), (["EXPN x"], ["502 5.5.1"]), (["ETRN x"], ["502 5.5.1"]), (["HELP"], ["214 2.0.0"]),
            (["GET / HTTP/1.0"], ["421 4.7.0", "closed"]),
        ])
    func order(lines: [String], expected: [String]) {
        var shell = ServerShell.loggedIn()
        #expect(talk(&shell, lines) == expected)
    }

    @Test("O01: MAIL before EHLO")
    func helloFirst() throws {
        var shell = ServerShell(.trusted(try #require(AccountName("local"))))
        #expect(shell.answers("MAIL FROM:<a@b.c>\r\n") == ["220", "503 5.5.1"])
        #expect(
            talk(&shell, ["EHLO x", "MAIL FROM:<a@b.c>", "STARTTLS", "AUTH PLAIN x"]) == ["250", "250 2.1.0", "502 5.5.1", "503 5.5.1"])
        #expect(shell.session.receivedProtocol == "ESMTP")
    }

    @Test("C06: the 21st error closes; junk has a limit of its own; a message resets both")
    func limits() {
        var shell = ServerShell.loggedIn()
        for _ in 0..<20 { #expect(shell.answers("\r\n") == ["500 5.5.2"]) }
        var again = shell
        #expect(shell.answers("\r\n") == ["421 4.7.0", "closed"])
        _ = talk(&again, ["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA", "A: b\r\n."])
        #expect(again.answers("FOO\r\n") == ["500 5.5.2"])
        var junk = ServerShell.loggedIn()
        for _ in 0..<99 { #expect(junk.answers("NOOP\r\n") == ["250 2.0.0"]) }
        #expect(junk.answers("RSET\r\n") == ["421 4.7.0", "closed"])  // EHLO was the first of the hundred
    }

    @Test("R05 A15: limits and repeats of recipients")
    func recipients() {
        var shell = ServerShell.loggedIn(recipients: 2)
        #expect(
            talk(&shell, ["MAIL FROM:<a@b.c>", "RCPT TO:<x@e.f>", "RCPT TO:<x@E.F>", "RCPT TO:<X@e.f>", "RCPT TO:<y@e.f>", "DATA"])
                == ["250 2.1.0", "250 2.1.5", "250 2.1.5", "250 2.1.5", "452 4.5.3", "354"])
        #expect(shell.envelopes.first?.recipients.map(\.description) == ["x@e.f", "X@e.f"])
        var postmaster = ServerShell.loggedIn()
        _ = talk(&postmaster, ["MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA"])  // A14
        #expect(postmaster.envelopes.first?.recipients.map(\.description) == ["ops@example.com"])
        #expect(postmaster.envelopes.first?.arguments.sender == .null)
    }

    /// Programs of this host may leave the domain out, and nobody else may.
    @Test(arguments: [
        ("MAIL FROM:<root>", "250 2.1.0", "501 5.1.7"), ("RCPT TO:<root>", "250 2.1.5", "501 5.1.3"),
        ("RCPT TO:<root@localhost>", "250 2.1.5", "554 5.1.2"), ("RCPT TO:<\"a b\">", "250 2.1.5", "501 5.1.3"),
        ("RCPT TO:<ro ot>", "501 5.1.3", "501 5.1.3"),
        ("RCPT TO:<root@>", "501 5.1.3", "501 5.1.3"), ("RCPT TO:<>", "501 5.1.3", "501 5.1.3"),
        ("RCPT TO:<root> X=1", "555 5.5.4", "501 5.1.3"),
        ("RCPT TO:<a@b@localhost>", "501 5.1.3", "501 5.1.3"), ("RCPT TO:<a@b.example>", "250 2.1.5", "250 2.1.5"),
        ("MAIL FROM:<ro ot>", "501 5.1.7", "501 5.1.7"),
    ])
    func usersOfThisHost(command: String, local: String, other: String) throws {
        let account = try #require(AccountName("local"))
        for (isLocal, expected) in [(true, local), (false, other)] {
            var shell = ServerShell(.trusted(account), isLocal: isLocal)
            let isSender = command.hasPrefix("MAIL")
            let answers = talk(&shell, ["EHLO x"] + (isSender ? [] : ["MAIL FROM:<a@b.c>"]) + [command])
            #expect(answers.last == expected)
        }
    }

    @Test("D06: at twice the limit the connection closes; below it the message is read to its end")
    func size() {
        var shell = ServerShell.loggedIn(limit: 100)
        _ = talk(&shell, ["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA"])
        #expect(shell.answers(String(repeating: "0123456\r\n", count: 20) + ".\r\nNOOP\r\n") == ["552 5.3.4", "250 2.0.0"])
        _ = talk(&shell, ["MAIL FROM:<a@b.c>", "RCPT TO:<d@e.f>", "DATA"])
        #expect(shell.answers(String(repeating: "x", count: 300)) == ["552 5.3.4", "closed"])
    }

    @Test("C07 C08 C11")
    func brokenLines() {
        var shell = ServerShell.loggedIn()
        #expect(shell.answers("NOOP\r\r\n") == ["501 5.5.2"])
        #expect(shell.answers(String(repeating: "x", count: 5000)) == ["500 5.5.2"])
        #expect(shell.answers(String(repeating: "x", count: 5000) + "\r\nNOOP\r\n") == ["250 2.0.0"])
        #expect(shell.answers("NOOP\nMAIL FROM:<a@b.c>\r\n") == ["500 5.5.2", "closed"])
    }

    @Test("B05: a suspended account is cut off in an open session")
    func revocation() {
        var shell = ServerShell.loggedIn()
        _ = talk(&shell, ["MAIL FROM:<a@b.c>"])
        shell.session.revokeAuthentication()
        #expect(talk(&shell, ["RCPT TO:<d@e.f>", "MAIL FROM:<a@b.c>"]) == ["530 5.7.0", "530 5.7.0"])
        guard case .mail = shellWaitingForDecision(&shell) else { return }
        Issue.record("MAIL reached the policy")
    }

    private func shellWaitingForDecision(_ shell: inout ServerShell) -> ServerSession.CommandResult {
        shell.session.command(octets("MAIL FROM:<a@b.c>"), followedByInput: false)
    }

    @Test("a decision that comes after the revocation is void")
    func lateDecision() throws {
        var session = ServerSession(
            .init(hostname: "r.example", security: .trusted(try #require(AccountName("local"))), maximumMessageSize: 1000))
        _ = session.greeting(clientHasSpoken: false)
        _ = session.command(octets("EHLO x"), followedByInput: false)
        guard case .mail = session.command(octets("MAIL FROM:<a@b.c>"), followedByInput: false) else {
            Issue.record("MAIL did not reach the policy")
            return
        }
        session.revokeAuthentication()
        #expect(session.mailAccepted() == .reply(.authenticationNeeded))
        #expect(session.recipientRefused(.localError) == .reply(.authenticationNeeded))
    }

    @Test("R02: the class of a status is the class of its code")
    func statusClass() {
        for error in [CommandError.emptyLine, .foreignProtocol, .foreignOctet, .unknownVerb, .emptyForwardPath, .malformedHostName] {
            let reply = Reply(error)
            #expect(reply.enhancedStatus?.first == "\(reply.code)".first)
        }
    }
}
