internal import MailModel
@testable import SESSandbox
import Testing

/// ses.md 2: the dialogue, without a socket. `TLS` stands for a finished handshake, `.` for the final dot.
@Suite struct SessionTests {
    struct Dialogue: Sendable, CustomTestStringConvertible {
        let name: String
        var change: @Sendable (inout SandboxRules) -> Void = { _ in }
        let lines: [(client: String, server: String)]
        var testDescription: String { name }
    }

    static let ehloTLS = "250 email-smtp.amazonaws.com 8BITMIME AUTH PLAIN LOGIN Ok"
    /// NUL AKIAEXAMPLE NUL p+a/s=s
    static let plain = "AEFLSUFFWEFNUExFAHArYS9zPXM="
    static let login: [(client: String, server: String)] = [
        ("TLS", ""), ("EHLO relay.example.com", ehloTLS), ("AUTH PLAIN \(plain)", "235 Authentication successful."),
    ]
    static let mail: [(client: String, server: String)] = login + [("MAIL FROM:<app@mail.example.com>", "250 Ok")]

    static let dialogues: [Dialogue] = [
        Dialogue(
            name: "the recent transcript",
            lines: [
                ("EHLO relay.example.com", "250 email-smtp.amazonaws.com 8BITMIME STARTTLS AUTH PLAIN LOGIN Ok"),
                ("STARTTLS", "220 Ready to start TLS"), ("TLS", ""), ("EHLO relay.example.com", ehloTLS),
                ("AUTH PLAIN \(plain)", "235 Authentication successful."), ("MAIL FROM:<app@mail.example.com>", "250 Ok"),
                ("RCPT TO:<user@example.net>", "250 Ok"), ("DATA", "354 End data with <CR><LF>.<CR><LF>"), (".", ""), ("QUIT", "221 Bye"),
            ]),
        Dialogue(
            name: "STARTTLS repeated inside TLS", change: { $0.repeatsSTARTTLS = true },
            lines: [
                ("TLS", ""), ("EHLO x", "250 email-smtp.amazonaws.com 8BITMIME STARTTLS AUTH PLAIN LOGIN Ok"),
            ]),
        Dialogue(
            name: "before STARTTLS",
            lines: [
                ("NOOP", "250 Ok"), ("HELO x", "250 email-smtp.amazonaws.com"),
                ("AUTH PLAIN \(plain)", "530 Must issue a STARTTLS command first"),
                ("MAIL FROM:<a@b.example>", "530 Must issue a STARTTLS command first"),
                ("RCPT TO:<a@b.example>", "530 Must issue a STARTTLS command first"),
                ("DATA", "530 Must issue a STARTTLS command first"), ("RSET", "530 Must issue a STARTTLS command first"),
                ("VRFY x", "530 Must issue a STARTTLS command first"), ("STARTTLS now", "501 Syntax error (no parameters allowed)"),
                ("QUIT", "221 Bye"),
            ]),
        Dialogue(
            name: "before AUTH",
            lines: [
                ("TLS", ""), ("EHLO x", ehloTLS), ("MAIL FROM:<a@b.example>", "530 Authentication required"),
                ("RCPT TO:<a@b.example>", "530 Authentication required"), ("DATA", "530 Authentication required"), ("RSET", "250 Ok"),
            ]),
        Dialogue(
            name: "STARTTLS twice",
            lines: [
                ("TLS", ""), ("STARTTLS", "454 TLS not available due to temporary reason: TLS already active"),
            ]),
        Dialogue(
            name: "AUTH LOGIN",
            lines: [
                ("TLS", ""), ("EHLO x", ehloTLS), ("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("QUtJQUVYQU1QTEU=", "334 UGFzc3dvcmQ6"),
                ("cCthL3M9cw==", "235 Authentication successful."), ("AUTH LOGIN", "503 Refusing any other AUTH command."),
            ]),
        Dialogue(
            name: "AUTH LOGIN with the name in the command",
            lines: [
                ("TLS", ""), ("EHLO x", ehloTLS), ("auth login QUtJQUVYQU1QTEU=", "334 UGFzc3dvcmQ6"),
                ("cCthL3M9cw==", "235 Authentication successful."),
            ]),
        Dialogue(
            name: "AUTH that fails",
            lines: [
                ("TLS", ""), ("EHLO x", ehloTLS), ("AUTH", "501 Syntax: AUTH mechanism [initial-response]"),
                ("AUTH CRAM-MD5", "504 The requested authentication mechanism is not supported"), ("AUTH PLAIN", "334 Ok"),
                ("*", "501 Authentication canceled by client."),
                ("AUTH PLAIN !", "501 Invalid command argument, not a valid Base64 string"),
                ("AUTH PLAIN =", "501 Invalid command argument, does not contain NUL"),
                ("AUTH PLAIN AEFLSUFFWEFNUExFAHdyb25n", "535 Authentication Credentials Invalid"),
                ("AUTH LOGIN", "334 VXNlcm5hbWU6"), ("bm9ib2R5", "334 UGFzc3dvcmQ6"),
                ("cCthL3M9cw==", "535 Authentication Credentials Invalid"),
                ("MAIL FROM:<a@b.example>", "530 Authentication required"), ("AUTH PLAIN", "334 Ok"),
                (plain, "235 Authentication successful."),
            ]),
        Dialogue(
            name: "not subscribed", change: { $0.account = .notSubscribed },
            lines: [
                ("TLS", ""), ("EHLO x", ehloTLS), ("AUTH PLAIN \(plain)", "535 Account not subscribed to SES"),
            ]),
        Dialogue(
            name: "authentication unavailable", change: { $0.account = .authenticationUnavailable },
            lines: [
                ("TLS", ""), ("EHLO x", ehloTLS), ("AUTH PLAIN \(plain)", "454 Temporary authentication failure"),
            ]),
        Dialogue(
            name: "senders",
            lines: login + [
                ("MAIL FROM:<>", "501 Invalid MAIL FROM address provided"), ("MAIL FROM:<app>", "501 Invalid MAIL FROM address provided"),
                ("MAIL FROM:<caf\u{e9}@mail.example.com>", "501 Invalid MAIL FROM address provided"),
                ("MAIL FROM:<a b@mail.example.com>", "553 <a b@mail.example.com> Invalid email address"),
                ("MAIL FROM:<a@mail_x.example.com>", "553 <a@mail_x.example.com> Invalid email address"),
                ("MAIL FROM:<a@mail.example.com", "553 <<a@mail.example.com> Invalid email address"),
                ("MAIL", "501 Syntax: MAIL FROM: <address>"), ("MAIL FROM:", "501 Syntax: MAIL FROM: <address>"),
                ("MAIL TO:<a@mail.example.com>", "501 Syntax: MAIL FROM: <address>"),
                ("mail from: <anybody@anywhere.example> BODY=8BITMIME", "250 Ok"),
                ("MAIL FROM:<a@mail.example.com>", "503 5.5.1 Sender already specified."),
                ("RSET", "250 Ok"), ("MAIL FROM:<\"a>b\"@mail.example.com>", "250 Ok"),
            ]),
        Dialogue(
            name: "recipients",
            lines: mail + [
                ("DATA", "503 Error: need RCPT command"), ("RCPT TO:<user>", "553 <user> address unknown"),
                ("RCPT TO:<>", "553 <> address unknown"),
                ("RCPT TO:<caf\u{e9}@example.net>", "501 Invalid RCPT TO address provided"),
                ("RCPT TO:<\"a:b\"@example.net>", "501 Invalid RCPT TO address provided"), ("RCPT", "501 Syntax: RCPT TO: <address>"),
                ("RCPT TO:", "501 Syntax: RCPT TO: <address>"), ("RCPT TO:<bounce+42@simulator.amazonses.com>", "250 Ok"),
                ("RCPT TO:<anybody@anywhere.example>", "250 Ok"), ("DATA", "354 End data with <CR><LF>.<CR><LF>"),
            ]),
        Dialogue(
            name: "out of order",
            lines: login + [
                ("RCPT TO:<user@example.net>", "503 5.5.1 Error: need MAIL command"), ("DATA", "503 5.5.1 Error: need MAIL command"),
                ("VRFY x", "502 VRFY command is disabled"), ("EXPN x", "502 EXPN command is disabled"),
                ("EHLO", "501 Syntax: EHLO hostname"),
                ("HELO", "501 Syntax: HELO hostname"), ("BDAT 10 LAST", "500 Error: command not implemented"),
                ("XYZ", "500 Error: bad syntax"),
                ("", "500 Error: bad syntax"), ("RSET", "250 Ok"), ("EHLO again", ehloTLS), ("MAIL FROM:<a@mail.example.com>", "250 Ok"),
            ]),
        Dialogue(
            name: "message cap", change: { $0.maximumMessagesPerConnection = 2 },
            lines: mail + [
                ("RCPT TO:<user@example.net>", "250 Ok"), ("DATA", "354 End data with <CR><LF>.<CR><LF>"), (".", ""),
                ("MAIL FROM:<a@mail.example.com>", "250 Ok"), ("RCPT TO:<user@example.net>", "250 Ok"),
                ("DATA", "354 End data with <CR><LF>.<CR><LF>"), (".", ""),
                ("MAIL FROM:<a@mail.example.com>", "421 Connection closed by server. Maximum message count per session reached."),
            ]),
    ]

    @Test(arguments: dialogues) func dialogue(_ dialogue: Dialogue) throws {
        var rules = try exampleRules()
        dialogue.change(&rules)
        var session = SandboxSession()
        for line in dialogue.lines {
            switch line.client {
            case "TLS": session.startedTLS(version: "TLSv1.3")
            case ".": #expect(session.endTransaction().transaction != nil)
            case let text where session.awaitsCredentials:
                #expect(session.takeCredentials(octets(text)[...], under: rules).oneLine == line.server, "\(text)")
            case let text:
                #expect(session.take(SandboxCommand(octets(text)[...]), under: rules).reply.oneLine == line.server, "\(text)")
            }
        }
    }

    static let findings: [(lines: [String], findings: Set<SandboxFinding>)] = [
        (["EHLO x", "AUTH PLAIN \(plain)", "MAIL FROM:<a@b.example> BODY=8BITMIME", "RCPT TO:<a@b.example>"], []),
        (["AUTH PLAIN \(plain)", "MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>"], [.missingEHLO]),
        (["EHLO x", "AUTH PLAIN \(plain)", "MAIL FROM:<a@b.example> SIZE=1000", "RCPT TO:<a@b.example>"], [.unannouncedParameter]),
        (["EHLO x", "AUTH PLAIN \(plain)", "MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example> NOTIFY=NEVER"], [.unannouncedParameter]),
    ]

    @Test(arguments: findings) func finds(_ example: (lines: [String], findings: Set<SandboxFinding>)) throws {
        let rules = try exampleRules()
        var session = SandboxSession()
        _ = session.take(SandboxCommand(octets("EHLO clear")[...]), under: rules)
        session.startedTLS(version: "TLSv1.3")
        for line in example.lines { #expect(session.take(SandboxCommand(octets(line)[...]), under: rules).reply.isPositive) }
        #expect(session.endTransaction().findings == example.findings)
        #expect(session.endTransaction().findings.isEmpty)
    }
}
