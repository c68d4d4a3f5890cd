import MailModel
import MessageFormat
import Rewriting
import Testing

/// What comes of messages: a table per theme. Each case that is accepted goes through twice, and the second time changes nothing (H09).
@Suite struct RewritingCaseTests {
    @Test("H01 H02 H03 H04 H05 H06", arguments: RewritingCase.authors) func author(_ one: RewritingCase) throws { try one.check() }
    @Test("H07 H08", arguments: RewritingCase.names) func name(_ one: RewritingCase) throws { try one.check() }
    @Test("H06 H12", arguments: RewritingCase.recipients) func recipients(_ one: RewritingCase) throws { try one.check() }
    @Test("H03 H09 H10", arguments: RewritingCase.fields) func fields(_ one: RewritingCase) throws { try one.check() }
    @Test("envelopes and accounts", arguments: RewritingCase.envelopes) func envelope(_ one: RewritingCase) throws { try one.check() }

    @Test("policies of accounts, maps and fields", arguments: RewritingCase.policies) func policy(_ one: RewritingCase) throws {
        try one.check()
    }

    private static let author = "From: a@mail.example.com"
    private static let sizes: [(name: String, header: String, outcome: String)] = [
        ("commas alone", "From: " + String(repeating: ",", count: 900), "554 5.6.0 The From field names no address"),
        ("10,000 commas", author + "\r\nTo: " + folded(",", 10_000) + "b@c.example", "accepted"),
        ("10,241 commas", author + "\r\nTo: " + folded(",", 10_241), "554 5.6.0 To field: more than 10240 addresses"),
        ("10,000 open comments", "From: " + folded("(", 10_000), "554 5.6.0 From field: the comment that begins at octet 2 is not closed"),
        (
            "5,000 nested comments", "From: " + folded("(", 5000) + "\r\n " + folded(")", 5000) + "\r\n a@mail.example.com", "accepted"
        ),
        ("10,000 quotes in quotes", "From: \"" + folded("\\\"", 10_000) + "\" <a@mail.example.com>", "accepted"),
        (
            "10,000 angles", "From: " + folded("<", 10_000),
            "554 5.6.0 From field: unexpected '<' at octet 3; put a display name with special characters in double quotes"
        ),
        ("10,000 addresses", author + "\r\nCc: " + folded("a@b.c,", 10_000) + "b@c.example", "accepted"),
        ("998 Keywords", author + String(repeating: "\r\nKeywords: a, b", count: 998), "accepted"),
        ("998 Comments", author + String(repeating: "\r\nComments: " + String(repeating: "c", count: 80), count: 998), "accepted"),
        ("1,000 fields", author + String(repeating: "\r\nX: y", count: 999), "accepted"),
        ("1,001 fields", author + String(repeating: "\r\nX: y", count: 1000), "tooManyFields"),
        ("101,000 octets", author + "\r\nX: " + folded("y", 101_000), "accepted"),
        ("103,000 octets", author + "\r\nX: " + folded("y", 103_000), "tooLong"),
        ("a line of 998", author + "\r\nX: " + String(repeating: "y", count: 995), "accepted"),
        ("a line of 999", author + "\r\nX: " + String(repeating: "y", count: 996), "lineTooLong(line: 2)"),
    ]

    /// H05, H11: what is too much is refused, what is merely much passes, and neither takes long.
    @Test(arguments: sizes.map(\.name)) func hostileSizes(name: String) throws {
        let one = try #require(Self.sizes.first { $0.name == name })
        let clock = ContinuousClock()
        let start = clock.now
        let outcome: String
        do {
            outcome = Self.outcome(of: try HeaderBlock(parsing: octets(one.header + "\r\n")))
        } catch { outcome = "\(error)" }
        #expect(outcome == one.outcome)
        #expect(clock.now - start < .seconds(5))  // a debug build on a busy machine
    }

    private static func outcome(of header: HeaderBlock) -> String {
        do {
            let rules = try RewritingCase.Setting.standard.rules()
            let envelope = Envelope(reversePath: .null, recipients: [try mailbox("bob@c.example")])
            let message = try rules.apply(to: header, envelope: envelope, account: RewritingCase.account)
            let again = try rules.apply(to: message.header, envelope: message.envelope, account: RewritingCase.account)
            #expect(again.header == message.header)
            return "accepted"
        } catch let refusal as Refusal { return refusal.reply.oneLine } catch { return "\(error)" }
    }

    /// In lines that are short enough.
    private static func folded(_ piece: String, _ count: Int) -> String {
        let perLine = 900 / piece.utf8.count
        return stride(from: 0, to: count, by: perLine)
            .map { String(repeating: piece, count: min(perLine, count - $0)) }
            .joined(separator: "\r\n ")
    }
}
