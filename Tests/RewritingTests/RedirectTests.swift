import MailModel
import MessageFormat
import Rewriting
import Testing

/// A test system's mail reaches its tester, who sees whom it was for; nobody else gets it.
@Suite struct RedirectTests {
    @Test(arguments: [1, 2, 50, 51, 1000]) func everybodyBecomesOne(count: Int) throws {
        var rules = try RewritingCase.Setting.standard.rules()
        var account = RewriteRules.Account()
        let tester = try mailbox("qa@corp.example")
        account.redirect = tester
        rules.accounts[RewritingCase.account] = account
        let header = try HeaderBlock(parsing: octets("From: a@mail.example.com\r\nTo: real@people.example\r\n"))
        let recipients = try (0..<count).map { try mailbox("r\($0)@people.example") }
        let message = try rules.apply(
            to: header, envelope: Envelope(reversePath: .null, recipients: recipients), account: RewritingCase.account)
        #expect(message.envelope.recipients == [tester])
        #expect(message.header.first(.to)?.unfolded == octets("real@people.example"))
        let named = message.header.fields.filter { $0.name == .xOriginalTo }.map { text($0.unfolded) }
        #expect(named.prefix(50) == recipients.prefix(50).map(\.description)[...])
        #expect(named.count == min(count, 51) && (count <= 50 || named.last == "(and \(count - 50) more)"))
        #expect(message.changes.contains(.redirected(to: tester, recipients: count)))
        let again = try rules.apply(to: message.header, envelope: message.envelope, account: RewritingCase.account)
        #expect(again.header == message.header && again.envelope == message.envelope)
    }
}
