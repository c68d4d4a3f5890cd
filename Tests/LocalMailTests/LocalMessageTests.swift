import MailModel
import Testing
@testable import LocalMail

@Suite struct LocalMessageTests {
    private func made(_ input: String, dotEnds: Bool = true, readsRecipients: Bool = false, name: String = "") throws -> LocalMessage {
        try LocalMessage(
            Array(input.utf8), dotEnds: dotEnds,
            author: (Array(name.utf8), try Mailbox(parsing: Array("www-data@web1.example.com".utf8))),
            host: try Domain("web1.example.com".utf8), readsRecipients: readsRecipients)
    }

    private func wire(_ input: String, dotEnds: Bool = true, name: String = "") throws -> String {
        String(decoding: try made(input, dotEnds: dotEnds, name: name).wire, as: UTF8.self)
    }

    private static let from = "From: a@b.example\r\n"

    @Test(arguments: [
        // Line ends.
        ("From: a@b.example\n\nhi\n", from + "\r\nhi\r\n.\r\n"),
        ("From: a@b.example\r\n\r\nhi\r\n", from + "\r\nhi\r\n.\r\n"),
        ("From: a@b.example\n\nhi", from + "\r\nhi\r\n.\r\n"),
        ("From: a@b.example\n\n10%\r20%\r\n30%\r\r\nend\r", from + "\r\n10%\r\n20%\r\n30%\r\nend\r\n.\r\n"),
        ("From: a@b.example\n\na\0b\n", from + "\r\nab\r\n.\r\n"),
        // Dots.
        ("From: a@b.example\n\na\n.\nb\n", from + "\r\na\r\n.\r\n"),
        ("From: a@b.example\n\n.a\n..\n", from + "\r\n..a\r\n...\r\n.\r\n"),
        // Header and body.
        ("From: a@b.example\nhello there\n", from + "\r\nhello there\r\n.\r\n"),
        ("From: a@b.example\nSubject: x\n folded\n\tmore\n\nb\n", from + "Subject: x\r\n folded\r\n\tmore\r\n\r\nb\r\n.\r\n"),
        ("From root Sat Nov 21 09:00:00 2026\nFrom: a@b.example\n\nb\n", from + "\r\nb\r\n.\r\n"),
        ("From: a@b.example\n", from + "\r\n.\r\n"),
        // No author.
        ("hello\n", "From: www-data@web1.example.com\r\n\r\nhello\r\n.\r\n"),
        ("", "From: www-data@web1.example.com\r\n\r\n.\r\n"),
        ("\nFrom: x\n", "From: www-data@web1.example.com\r\n\r\nFrom: x\r\n.\r\n"),
        (" indented\n", "From: www-data@web1.example.com\r\n\r\n indented\r\n.\r\n"),
        ("Subject: s\n\nb\n", "From: www-data@web1.example.com\r\nSubject: s\r\n\r\nb\r\n.\r\n"),
    ]) func wire(input: String, expected: String) throws {
        #expect(try wire(input) == expected)
    }

    @Test func dotsMayStay() throws {
        #expect(try wire("From: a@b.example\n\na\n.\nb\n", dotEnds: false) == Self.from + "\r\na\r\n..\r\nb\r\n.\r\n")
    }

    @Test func authorsName() throws {
        #expect(try wire("x\n", name: "Web Server").hasPrefix("From: Web Server <www-data@web1.example.com>\r\n\r\n"))
        #expect(try wire("x\n", name: "a\u{7}, b <c@d>").hasPrefix("From: "))
    }

    @Test(arguments: [
        ("root", "root@web1.example.com"), (" root (Cron Daemon)", " root@web1.example.com (Cron Daemon)"),
        (" \"Cron\" <root>", " \"Cron\" <root@web1.example.com>"), (" < root >", " < root@web1.example.com >"),
        (" root, a@b.example, www-data", " root@web1.example.com, a@b.example, www-data@web1.example.com"),
        (" Team: anna, ben;, carl", " Team: anna@web1.example.com, ben@web1.example.com;, carl@web1.example.com"),
        (" a@b.example", nil), (" undisclosed-recipients:;", nil), ("", nil), (" (nobody)", nil), (" Ann Example", nil),
        (" \"a, b\" <c@d.example>", nil), (" <@route,@r2:a@b.example>", nil), (" \"root\"", " \"root\"@web1.example.com"),
        (" a b <root>", " a b <root@web1.example.com>"), (" <root", nil), (" ((a,b) \\( root) x", " ((a,b) \\( root) x@web1.example.com"),
        (" a.b", " a.b@web1.example.com"), (" root\r\n (x)", " root@web1.example.com\r\n (x)"), (" \"open", " \"open@web1.example.com"),
    ]) func qualifying(value: String, expected: String?) throws {
        let qualified = AddressQualifier.qualified(Array(value.utf8)[...], with: try Domain("web1.example.com".utf8))
        #expect(qualified.map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test(arguments: [
        ("To: a@b.example, root\nCc: \"C, D\" <c@d.example>\nBcc: e@f.example\n\n", ["a@b.example", "root", "c@d.example", "e@f.example"]),
        ("To: a@b.example\nResent-To: r@s.example\n\n", ["r@s.example"]),
        ("To: =?utf-8?q?J=C3=BCrgen?= <j@b.example>\nTo: root@localhost\n\n", ["j@b.example", "root"]),
        ("To: Jürgen Müller <j@b.example>\n\n", ["j@b.example"]),
        ("To: a@bücher.example\n\n", ["a@xn--bcher-kva.example"]),
        ("To: a@b.example,\n  c@d.example\n\nTo: not@me.example\n", ["a@b.example", "c@d.example"]),
        ("To: undisclosed-recipients:;\n\n", []), ("Subject: x\n\n", []),
    ]) func recipients(input: String, expected: [String]) throws {
        #expect(try made(input, readsRecipients: true).recipients.map { String(decoding: $0.path, as: UTF8.self) } == expected)
        #expect(try made(input).recipients == [])
    }

    @Test(arguments: ["To: Ann Example\n\n", "To: <a@b.example\n\n", "Cc: a@b@c\n\n", "To: müller@b.example\n\n"])
    func badRecipients(input: String) throws {
        #expect(throws: LocalMailError.self) { try made(input, readsRecipients: true) }
    }

    /// Twice the input may cost twice the time, and no more.
    @Test(arguments: ["\r", "(", "<", "a,", "\"", "root,", "From:", ":"]) func longInput(piece: String) throws {
        let input = "To: " + String(repeating: piece, count: 50_000) + "\n\n" + String(repeating: piece, count: 50_000)
        let clock = ContinuousClock()
        let time = clock.measure { _ = try? made(input, readsRecipients: true) }
        #expect(time < .seconds(10))
    }
}
