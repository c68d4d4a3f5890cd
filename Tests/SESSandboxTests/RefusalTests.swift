internal import MailModel
@testable import SESSandbox
import Testing

/// ses.md 4.1 and 4.3: one row, one refusal after the final dot.
@Suite struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var fields: [String] = []
        var from: String? = "App <app@mail.example.com>"
        var body = ["Hello"]
        var sender = "bounce@mail.example.com"
        var recipients = ["user@example.net"]
        var change: @Sendable (inout SandboxRules) -> Void = { _ in }
        let reply: String?
        var testDescription: String { name }
    }

    static let notVerified =
        "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: "

    static let cases: [Case] = [
        Case(name: "in order", reply: nil),
        Case(
            name: "in order, with all that may be",
            fields: [
                "To: \"Doe, John\" <john@example.net>, list: a@example.net, b@example.net;", "Cc: c@example.net (a comment)",
                "Cc: d@example.net",
                "Reply-To: =?utf-8?Q?J=C3=B6rg?= <joerg@elsewhere.example>", "X-App: 1", "X-App: 2", "Received: x", "Received: y",
                "Return-Path: <>", "Content-Type: text/plain; charset=utf-8", "Content-Disposition: inline",
            ], reply: nil),
        Case(name: "subdomain of a verified domain", from: "a@deep.below.mail.example.com", reply: nil),
        Case(name: "verified address with a label", from: "billing+42@partner.example", reply: nil),
        Case(name: "no From", from: nil, reply: "554 Transaction failed: Missing required header 'From'."),
        Case(name: "empty From", from: "", reply: "554 Transaction failed: Missing required header 'From'."),
        Case(name: "From is an empty group", from: "nobody:;", reply: "554 Transaction failed: Missing required header 'From'."),
        Case(name: "foreign From", from: "Eve <eve@evil.example>", reply: notVerified + "Eve <eve@evil.example>"),
        Case(name: "one of two authors foreign", from: "app@mail.example.com, eve@evil.example", reply: notVerified + "eve@evil.example"),
        Case(name: "foreign MAIL FROM", sender: "eve@evil.example", reply: notVerified + "eve@evil.example"),
        Case(
            name: "foreign in both forms", from: "yoyo <yoyo@domain.example>", sender: "yoyo@domain.example",
            reply: notVerified + "yoyo <yoyo@domain.example>, yoyo@domain.example"),
        Case(name: "foreign Sender", fields: ["Sender: eve@evil.example"], reply: notVerified + "eve@evil.example"),
        Case(name: "foreign Return-Path", fields: ["Return-Path: <eve@evil.example>"], reply: notVerified + "<eve@evil.example>"),
        Case(name: "parent of a verified domain", from: "a@example.com", reply: notVerified + "a@example.com"),
        Case(name: "domain that only ends alike", from: "a@xmail.example.com", reply: notVerified + "a@xmail.example.com"),
        Case(name: "other case of a verified address", from: "Billing@partner.example", reply: notVerified + "Billing@partner.example"),
        Case(name: "address identity does not cover its domain", from: "x@partner.example", reply: notVerified + "x@partner.example"),
        Case(name: "foreign Reply-To is fine", fields: ["Reply-To: eve@evil.example"], reply: nil),
        Case(
            name: "sandbox recipient", recipients: ["user@example.net", "ok@mail.example.com"],
            change: { $0.requiresVerifiedRecipients = true }, reply: notVerified + "user@example.net"),
        Case(
            name: "sandbox, simulator", recipients: ["bounce+42@simulator.amazonses.com"],
            change: { $0.requiresVerifiedRecipients = true }, reply: nil),
        Case(
            name: "other region", from: "eve@evil.example", change: { $0.region = "us-east-1" },
            reply: "554 Message rejected: Email address is not verified. The following identities failed the check in region US-EAST-1: "
                + "eve@evil.example"),
        Case(
            name: "51 recipients", recipients: (0..<51).map { "u\($0)@example.net" },
            reply: "554 Transaction failed: Recipient count exceeds 50."),
        Case(name: "50 recipients", recipients: (0..<50).map { "u\($0)@example.net" }, reply: nil),
        Case(
            name: "too large", body: Array(repeating: "12345678", count: 100), change: { $0.maximumMessageOctets = 1000 },
            reply: "552 Message is too long."),
        Case(
            name: "header too long", fields: Array(repeating: "X-Long: 12345678", count: 100), change: { $0.maximumHeaderOctets = 1000 },
            reply: "554 Transaction failed: Header section too long"),
        Case(
            name: "paused", change: { $0.account = .sendingPaused },
            reply:
                "554 Message rejected: Sending paused for this account. For more information, please check the inbox of the email address"
                + " associated with your AWS account."),
        Case(
            name: "access denied", change: { $0.account = .accessDenied },
            reply: "554 Access denied: User `arn:aws:iam::123456789012:user/AKIAEXAMPLE' is not authorized to perform `ses:SendRawEmail'"
                + " on resource `arn:aws:ses:eu-west-1:123456789012:identity/mail.example.com'"),
        Case(name: "service failure", change: { $0.account = .serviceFailure }, reply: "454 Temporary service failure"),
        Case(name: "address without a domain", fields: ["To: user"], reply: "554 Transaction failed: Missing final '@domain'"),
        Case(
            name: "name without quotes that has a comma", fields: ["To: Doe, John <john@example.net>"],
            reply: "554 Transaction failed: Missing final '@domain'"),
        Case(
            name: "address as an encoded-word", fields: ["Return-Path: =?utf-8?Q?a@example.com?="],
            reply: "554 Transaction failed: Domain contains illegal character"),
        Case(
            name: "colon in a quoted local part", fields: ["To: <\"re:ceiver\"@example.net>"],
            reply: "554 Transaction failed: Address contains illegal characters in user name: '<\"re:ceiver\"@example.net>'."),
        Case(
            name: "domain with a hyphen at its end", fields: ["Cc: a@example-.net"],
            reply: "554 Transaction failed: Invalid domain name: 'example-.net'."),
        Case(name: "bad Reply-To", fields: ["Reply-To: x@"], reply: "554 Transaction failed: Missing domain"),
        Case(
            name: "bad Sender", fields: ["Sender: a b@example.net"],
            reply: "554 Transaction failed: Local address contains control or whitespace"),
        Case(
            name: "no start boundary", fields: ["Content-Type: multipart/mixed; boundary=abc"],
            reply: "554 Transaction failed: Missing start boundary"),
        Case(
            name: "only the end boundary", fields: ["Content-Type: multipart/mixed; boundary=abc"], body: ["--abc--"],
            reply: "554 Transaction failed: Missing start boundary"),
        Case(
            name: "multipart in order", fields: ["Content-Type: multipart/mixed; boundary=\"a b c\""],
            body: ["--a b c", "", "Hello", "--a b c--"], reply: nil),
        Case(
            name: "nested multipart without a start", fields: ["Content-Type: multipart/mixed; boundary=abc"],
            body: ["--abc", "Content-Type: multipart/alternative;", "\tboundary=def", "", "--abc--"],
            reply: "554 Transaction failed: Missing start boundary"),
        Case(
            name: "malformed Content-Type", fields: ["Content-Type: text; charset=utf-8"],
            reply: "554 Transaction failed: Expected '/', got ;"),
        Case(
            name: "malformed Content-Type of a part", fields: ["Content-Type: multipart/mixed; boundary=abc"],
            body: ["--abc", "Content-Type: text; x", "", "Hello", "--abc--"], reply: "554 Transaction failed: Expected '/', got ;"),
        Case(
            name: "malformed Content-Disposition", fields: ["Content-Disposition: =?utf-8?Q?attachment?="],
            reply: "554 Transaction failed: Expected disposition, got ="),
        Case(
            name: "unknown configuration set", fields: ["X-SES-CONFIGURATION-SET: nowhere"],
            reply: "554 Transaction failed: Configuration set does not exist: 'nowhere'."),
        Case(
            name: "known configuration set", fields: ["X-SES-Configuration-Set: clicks"],
            change: { $0.configurationSets = ["clicks"] }, reply: nil),
    ]

    @Test(arguments: cases) func afterTheFinalDot(_ example: Case) throws {
        var rules = try exampleRules()
        example.change(&rules)
        let text = message(example.fields, from: example.from, body: example.body)
        #expect(try refusal(of: text, from: example.sender, to: example.recipients, rules) == example.reply)
    }

    /// ses.md 5.4, copied by hand: the list in the sources must not check itself.
    static let onceOnly = """
        Accept-Language acceptLanguage Archived-At Auto-Submitted Bounces-to Comments Content-Alternative Content-Base Content-Class
        Content-Description Content-Disposition Content-Duration Content-ID Content-Language Content-Length Content-Location Content-MD5
        Content-Transfer-Encoding Content-Type Date Delivered-To Disposition-Notification-Options Disposition-Notification-To
        DKIM-Signature DomainKey-Signature Errors-To From Importance In-Reply-To Keywords List-Archive List-Help List-Id List-Owner
        List-Post List-Subscribe List-Unsubscribe Message-Context Message-ID MIME-Version Organization Original-From Original-Message-ID
        Original-Recipient Original-Subject Precedence Priority References Reply-To Return-Path Return-Receipt-To Sender Solicitation
        Sensitivity Subject Thread-Index Thread-Topic User-Agent VBR-Info List-Unsubscribe-Post
        """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)

    @Test(arguments: onceOnly) func repeatedField(_ name: String) throws {
        let value =
            ["from", "reply-to", "sender", "return-path"].contains(name.lowercased())
            ? "app@mail.example.com" : name == "Content-Disposition" ? "inline" : "text/plain"
        let once = message(["\(name.uppercased()): \(value)"])
        let twice = message(["\(name): \(value)", "\(name.lowercased()): \(value)"])
        #expect(try refusal(of: twice, exampleRules()) == "554 Transaction failed: Duplicate header '\(name)'.")
        let isInEveryMessage = ["from", "date", "message-id", "dkim-signature"].contains(name.lowercased())
        #expect((try refusal(of: once, exampleRules()) == nil) != isInEveryMessage)
    }

    @Test(arguments: ["To", "Cc", "Bcc", "Received", "ARC-Seal", "Authentication-Results", "Resent-From", "X-Mailer"])
    func fieldsThatMayRepeat(_ name: String) throws {
        #expect(try refusal(of: message(["\(name): a@example.net", "\(name): b@example.net"]), exampleRules()) == nil)
    }

    /// ses.md 5.5, copied by hand.
    static let extensions = """
        ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk mad maf mag mam
        maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi msp mst ops pcd pif plg prf prg
        reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk
        """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)

    @Test(arguments: extensions) func attachment(_ suffix: String) throws {
        let name = "report.\(suffix.uppercased())"
        let reply = "554 Transaction failed: Unsupported attachment type: '\(name)'."
        for field in [
            "Content-Disposition: attachment; filename=\(name)", "Content-Disposition: attachment;\r\n filename=\"\(name)\"",
            "Content-Type: application/octet-stream; name=\(name)",
        ] {
            let multipart = message(
                ["Content-Type: multipart/mixed; boundary=abc"], body: ["--abc", "", "Hello", "--abc", field, "", "AAAA", "--abc--"])
            #expect(try refusal(of: multipart, exampleRules()) == reply)
            #expect(try refusal(of: message([field]), exampleRules()) == reply)
        }
    }

    @Test(arguments: ["report.pdf", "exe", "a.exe.txt", "smime.p7s", "bat"]) func acceptedAttachment(_ name: String) throws {
        #expect(try refusal(of: message(["Content-Disposition: attachment; filename=\(name)"]), exampleRules()) == nil)
    }

    @Test func attachmentWithANameInPieces() throws {
        let text = message(["Content-Disposition: attachment; filename*0*=UTF-8''re; filename*1=port.exe"])
        #expect(try refusal(of: text, exampleRules()) == "554 Transaction failed: Unsupported attachment type: 'UTF-8''report.exe'.")
    }

    @Test func longListOfIdentitiesIsCut() throws {
        let authors = (0..<40).map { "author\($0)@evil.example" }.joined(separator: ", ")
        let reply = try refusal(of: message(from: authors), exampleRules())
        #expect(reply?.hasPrefix(Self.notVerified + "author0@evil.example, author1@evil.example, ") == true)
        #expect(reply?.hasSuffix("...") == true)
    }
}
