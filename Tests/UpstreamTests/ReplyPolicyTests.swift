import MailModel
import Testing
@testable import Upstream

/// SES's replies, word for word (ses.md 4.1, 4.3, 1.5), and what each one means.
@Suite struct ReplyPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let code: UInt16
        let text: String
        let fresh: String
        /// On a connection that had been idle or carried a message; `nil` if that changes nothing.
        var reused: String?
        var testDescription: String { "\(code) \(text)" }
    }

    static let cases = [
        Case(code: 250, text: "Ok 0102018f2c6d7e11-8d0f-000000", fresh: "relayed"),
        Case(code: 421, text: "Too many concurrent SMTP connections", fresh: "too_many_connections"),
        Case(code: 421, text: "Too many connections, try again later", fresh: "too_many_connections"),
        Case(
            code: 421, text: "Connection closed by server. Maximum message count per session reached.", fresh: "deferred", reused: "used up"
        ),
        Case(code: 421, text: "Connection closed by server. Too many messages in one session", fresh: "deferred", reused: "used up"),
        Case(code: 451, text: "Temporary service failure", fresh: "deferred"),
        Case(code: 451, text: "Timeout waiting for data from client.", fresh: "deferred", reused: "used up"),
        Case(code: 454, text: "Throttling failure: Daily message quota exceeded", fresh: "quota_exceeded"),
        Case(code: 454, text: "Throttling failure: Daily message quota exceeded.", fresh: "quota_exceeded"),
        Case(code: 454, text: "Throttling failure: Maximum sending rate exceeded", fresh: "throttled"),
        Case(code: 454, text: "Throttling failure: Maximum sending rate exceeded.", fresh: "throttled"),
        Case(code: 454, text: "Throttling failure: Maximum SigV2 SMTP sending rate exceeded.", fresh: "throttled"),
        Case(code: 454, text: "Temporary authentication failure", fresh: "deferred"),
        Case(code: 454, text: "Temporary service failure", fresh: "deferred"),
        Case(code: 530, text: "Authentication required", fresh: "login_refused"),
        Case(code: 535, text: "Authentication Credentials Invalid", fresh: "login_refused"),
        Case(code: 535, text: "Account not subscribed to SES", fresh: "login_refused"),
        Case(code: 552, text: "Message is too long.", fresh: "failed"),
        Case(code: 553, text: "<a@b> Invalid email address", fresh: "failed"),
        Case(code: 553, text: "<a@b> address unknown", fresh: "failed"),
        Case(
            code: 554,
            text: "Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform `ses:SendRawEmail' on resource `arn:aws:ses:x'",
            fresh: "identity"),
        Case(
            code: 554,
            text: "Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: a@b.c",
            fresh: "identity"),
        Case(
            code: 554,
            text: "Message rejected: Sending paused for this account. For more information, please check the inbox of the email address "
                + "associated with your AWS account.", fresh: "account_refused"),
        Case(code: 501, text: "Invalid MAIL FROM address provided", fresh: "failed"),
        Case(code: 501, text: "Invalid RCPT TO address provided", fresh: "failed"),
        Case(code: 554, text: "Transaction failed: Duplicate header 'DKIM-Signature'.", fresh: "failed"),
        Case(code: 554, text: "Transaction failed: Recipient count exceeds 50.", fresh: "failed"),
        Case(code: 554, text: "Transaction failed: Missing final '@domain'", fresh: "failed"),
        Case(code: 554, text: "Transaction failed: Domain contains illegal character", fresh: "failed"),
        Case(code: 554, text: "Transaction failed: Missing start boundary", fresh: "failed"),
        Case(code: 554, text: "Transaction failed: Expected '/', got ;", fresh: "failed"),
        Case(code: 450, text: "Something new", fresh: "deferred"),
        Case(code: 571, text: "Something new", fresh: "failed"),
    ]

    @Test(arguments: cases) func verdicts(_ example: Case) {
        // With the enhanced status that SES sends with some of them, and in other capitals, it means the same.
        for reply in [
            Reply(example.code, nil, example.text), Reply(example.code, StatusDetail(4, 2), example.text),
            Reply(example.code, nil, example.text.uppercased()), Reply(example.code, nil, ["", example.text]),
        ] {
            #expect(word(ReplyPolicy.verdict(on: reply, isReusedConnection: false)) == example.fresh)
            #expect(word(ReplyPolicy.verdict(on: reply, isReusedConnection: true)) == example.reused ?? example.fresh)
        }
    }

    /// What is wrong with header or content is wrong for every recipient: it is not searched for by splitting.
    @Test(arguments: [
        (UInt16(552), "Message is too long.", true), (554, "Transaction failed: Duplicate header 'From'.", true),
        (554, "Transaction failed: Missing start boundary", true), (554, "Transaction failed: Expected '/', got ;", true),
        (554, "Transaction failed: Expected disposition, got =", true), (554, "Transaction failed: Invalid domain name: 'x'.", true),
        (554, "Transaction failed: Missing final '@domain'", true), (554, "Configuration set does not exist", true),
        (554, "Transaction failed: Recipient count exceeds 50.", false), (554, "Transaction failed: something new", false),
        (554, "Message rejected: Email address is not verified. The following identities failed the check in region X: a@b.c", false),
        (550, "5.1.1 no such user", false),
    ])
    func whoseFault(code: UInt16, text: String, isMessages: Bool) {
        #expect(ReplyPolicy.isAboutMessage(Reply(code, nil, text)) == isMessages)
    }

    private func word(_ verdict: ReplyPolicy.Verdict) -> String {
        switch verdict {
        case .relayed: "relayed"
        case .connectionUsedUp: "used up"
        case .deferred: "deferred"
        case .route(.unreachable): "unreachable"
        case .route(.loginRefused): "login_refused"
        case .route(.accountRefused): "account_refused"
        case .route(.throttled): "throttled"
        case .route(.quotaExceeded): "quota_exceeded"
        case .route(.tooManyConnections): "too_many_connections"
        case .identity: "identity"
        case .failed: "failed"
        }
    }

    /// Unverified recipients are the message's trouble; our own address in the list is not.
    @Test(arguments: [
        ("user@example.net", true), ("User <USER@example.net>, user@example.net", true), ("user@example.net, other@example.net", true),
        ("app@mail.example.com", false), ("user@example.net, app@mail.example.com", false),
        ("App <app@mail.example.com>, app@mail.example.com", false),
        ("mail.example.com", false), ("user@example.net, ...", false), ("stranger@example.org", false), ("", false),
    ])
    func namesOnlyRecipients(list: String, expected: Bool) throws {
        let delivery = try delivery(to: ["user@example.net", "other@example.net"])
        let reply = Reply(
            554, nil,
            "Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: \(list)")
        #expect(reply.namesOnlyRecipients(of: delivery.message) == expected)
        #expect(!Reply(554, nil, "Access denied: User is not authorized").namesOnlyRecipients(of: delivery.message))
    }
}
