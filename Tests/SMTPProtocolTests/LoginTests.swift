import MailModel
import SMTPProtocol
import Testing

@Suite struct LoginTests {
    private func plain(_ text: String) -> String { String(decoding: Base64.encode(octets(text)), as: UTF8.self) }

    @Test(
        "U02–U16",
        arguments: [
            (["AUTH PLAIN AGFwcABzZWNyZXQ="], ["235 2.7.0"]),
            (["AUTH PLAIN", "AGFwcABzZWNyZXQ="], ["334", "235 2.7.0"]),
            (["AUTH PLAIN =", "NOOP"], ["535 5.7.8", "250 2.0.0"]),
            (["AUTH PLAIN", ""], ["334", "535 5.7.8"]),
            (["AUTH PLAIN", "*", "AUTH PLAIN AGFwcABzZWNyZXQ="], ["334", "501 5.7.0", "235 2.7.0"]),
            (["AUTH LOGIN", "YXBw", "*", "NOOP"], ["334", "334", "501 5.7.0", "250 2.0.0"]),
            (["AUTH LOGIN", "YXBw", "c2VjcmV0"], ["334", "334", "235 2.7.0"]),
            (["AUTH LOGIN YXBw", "c2VjcmV0"], ["334", "235 2.7.0"]),
            (["AUTH LOGIN =", "c2VjcmV0"], ["334", "535 5.7.8"]),
            (["AUTH LOGIN", "YXBw", "d3Jvbmc=", "AUTH PLAIN AGFwcABzZWNyZXQ="], ["334", "334", "535 5.7.8", "235 2.7.0"]),
            (["AUTH PLAIN =AAA"], ["501 5.5.2"]), (["AUTH PLAIN AAA=BBB"], ["501 5.5.2"]), (["AUTH PLAIN AG-_"], ["501 5.5.2"]),
            (["AUTH PLAIN AAA"], ["501 5.5.2"]), (["AUTH PLAIN", "AA AA"], ["334", "501 5.5.2"]),
            (["AUTH PLAIN", "AA\u{0}A"], ["334", "501 5.5.2"]),
            (["AUTH NTLM"], ["504 5.5.4"]), (["AUTH"], ["501 5.5.4"]),
            (["AUTH PLAIN AGFwcABzZWNyZXQ=", "AUTH PLAIN AGFwcABzZWNyZXQ="], ["235 2.7.0", "503 5.5.1"]),
            (["AUTH PLAIN AGxvY2tlZAB4", "NOOP"], ["454 4.7.0", "250 2.0.0"]),
            (["AUTH PLAIN AGFwcABzZWNyZXQ=\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<c@d.e>"], ["235 2.7.0", "250 2.1.0", "250 2.1.5"]),
            (["AUTH PLAIN AGFwcAB3cm9uZw==\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<c@d.e>"], ["535 5.7.8", "530 5.7.0", "530 5.7.0"]),
        ])
    func exchange(lines: [String], expected: [String]) {
        var shell = ServerShell(.implicitTLS)
        _ = shell.answers("EHLO x\r\n")
        #expect(lines.flatMap { shell.answers($0 + "\r\n") } == expected)
    }

    @Test(
        "U10 U11: PLAIN messages",
        arguments: [
            ("\u{0}app\u{0}secret", true), ("app\u{0}app\u{0}secret", true), ("admin\u{0}app\u{0}secret", false), ("", false),
            ("app", false),
            ("app\u{0}secret", false), ("\u{0}app\u{0}secret\u{0}", false), ("\u{0}\u{0}secret", false), ("\u{0}app\u{0}", false),
            ("\u{0}\u{0}", false), ("\u{0}app\u{0}\u{1}\u{7f}é", false), ("\u{0}APP\u{0}secret", false),
            ("\u{0}app\u{0}" + String(repeating: "x", count: 800), false),
        ])
    func plainMessages(text: String, isAccepted: Bool) {
        var shell = ServerShell(.implicitTLS)
        _ = shell.answers("EHLO x\r\n")
        #expect(shell.answers("AUTH PLAIN \(text.isEmpty ? "=" : plain(text))\r\n") == [isAccepted ? "235 2.7.0" : "535 5.7.8"])
        #expect((shell.session.account != nil) == isAccepted)
    }

    @Test("U05: the exchange has a line limit of its own")
    func longResponse() {
        var shell = ServerShell(.implicitTLS)
        _ = shell.answers("EHLO x\r\nAUTH PLAIN\r\n")
        _ = shell.answers("")
        shell = ServerShell(.implicitTLS)
        _ = shell.answers("EHLO x\r\n")
        #expect(shell.answers("AUTH PLAIN\r\n") == ["334"])
        #expect(shell.answers(String(repeating: "A", count: 12_288) + "\r\n") == ["535 5.7.8"])
        #expect(shell.answers("AUTH PLAIN\r\n") == ["334"])
        #expect(shell.answers(String(repeating: "A", count: 13_000) + "\r\nNOOP\r\n") == ["500 5.5.6", "250 2.0.0"])
        #expect(shell.answers(String(repeating: "A", count: 2049) + "\r\n") == ["500 5.5.2"])
    }

    @Test("U02: the challenge of PLAIN keeps its space")
    func emptyChallenge() { #expect(Reply.challenge("").wireOctets == octets("334 \r\n")) }

    @Test("U13: the prompts of LOGIN")
    func prompts() {
        #expect(Base64.decode(octets("VXNlcm5hbWU6")) == octets("Username:"))
        #expect(Base64.decode(octets("UGFzc3dvcmQ6")) == octets("Password:"))
    }

    @Test("U14: failed logins run out")
    func failedLogins() {
        var shell = ServerShell(.implicitTLS)
        _ = shell.answers("EHLO x\r\n")
        for _ in 0..<3 { #expect(shell.answers("AUTH PLAIN AGFwcAB3cm9uZw==\r\n") == ["535 5.7.8"]) }
        #expect(shell.answers("AUTH PLAIN AGFwcABzZWNyZXQ=\r\n") == ["421 4.7.0", "closed"])
    }

    @Test("U17: what is printed of a login shows no password")
    func redaction() throws {
        var session = ServerSession(.init(hostname: "r.example", security: .implicitTLS, maximumMessageSize: 1))
        _ = session.greeting(clientHasSpoken: false)
        _ = session.command(octets("EHLO x"), followedByInput: false)
        let result = session.command(octets("AUTH PLAIN AGFwcABzZWNyZXQ="), followedByInput: false)
        #expect(!"\(result)".contains("115"))
        #expect("\(result)".contains("<redacted>"))
        #expect(!"\(try Command(parsing: octets("AUTH PLAIN AGFwcABzZWNyZXQ=")))".contains("AGFw"))
    }
}
