import MailModel
import MailQueue
import MessageFormat
import Reports
@testable import SESSandbox
import Testing

@Suite struct DeliveryReportTests {
    private func report(_ message: QueuedMessage, _ failed: [FailedRecipient], _ settings: ReportSettings? = nil) throws -> QueuedMessage {
        try #require(makeWriter(try settings ?? reportSettings()).failure(of: message, recipients: failed, at: arrival).report)
    }

    private static let notVerified =
        "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: c@d.example"

    @Test func whatIsWritten() throws {
        let message = try message(to: ["bob@c.example", "carl@c.example", "dora@d.example"])
        let report = try report(message, message.failed(Self.notVerified, status: "5.0.0", only: [0, 1]))
        guard case .inline(let body) = report.body else { Issue.record("not inline"); return }
        #expect(
            text(body).replacing("\r\n", with: "\n") == """
                This is a delivery report in the format of RFC 3464.

                --=_\(report.id)
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: 7bit

                Your message could not be sent to 2 of its 3 recipients. Nothing more is
                tried for these.

                Subject: Invoice 7
                From: anna@corp.example
                Accepted: Sun, 01 Mar 2026 09:05:07 +0000
                Queue id: \(message.id), of account crm

                Not sent to:
                    bob@c.example
                    carl@c.example
                email-smtp.eu-west-1.amazonaws.com said:
                    554 Message rejected: Email address is not verified. The following
                    identities failed the check in region EU-WEST-1: c@d.example
                What to do:
                    Amazon SES sends only in the name of addresses and domains that are
                    verified there, in the region that it names. Verify the ones that it
                    lists, or use an address that is verified. While the SES account is in
                    SES's sandbox, recipients must be verified too: ask AWS for production
                    access. Then send the message again.

                This is the mail relay relay.example.com. The parts below are for programs,
                and the header of the message. On the relay, 'fairlead trace \(message.id)'
                tells the whole story of this message. A program wrote this mail; do not
                answer it.

                --=_\(report.id)
                Content-Type: message/delivery-status
                Content-Description: Delivery report

                Reporting-MTA: dns; relay.example.com
                X-Fairlead-Queue-ID: \(message.id)
                Arrival-Date: Sun, 01 Mar 2026 09:05:07 +0000

                Final-Recipient: rfc822; bob@c.example
                Action: failed
                Status: 5.0.0
                Remote-MTA: dns; email-smtp.eu-west-1.amazonaws.com
                Diagnostic-Code: smtp; 554 Message rejected: Email address is not verified.
                 The following identities failed the check in region EU-WEST-1: c@d.example
                Last-Attempt-Date: Sun, 01 Mar 2026 09:06:07 +0000

                Final-Recipient: rfc822; carl@c.example
                Action: failed
                Status: 5.0.0
                Remote-MTA: dns; email-smtp.eu-west-1.amazonaws.com
                Diagnostic-Code: smtp; 554 Message rejected: Email address is not verified.
                 The following identities failed the check in region EU-WEST-1: c@d.example
                Last-Attempt-Date: Sun, 01 Mar 2026 09:06:07 +0000

                --=_\(report.id)
                Content-Type: text/rfc822-headers
                Content-Description: Header of the message

                Received: from client.example by relay.example.com with ESMTPSA id 1
                From: "Anna via mail.example.com" <hello@mail.example.com>
                To: bob@c.example
                Subject: Invoice 7
                Message-ID: <1@corp.example>

                --=_\(report.id)--

                """)
        // SES blamed the identity, so the report leaves under another one.
        #expect(report.reversePath == .mailbox(try mailbox("billing@partner.example")))
    }

    @Test func itTakesTheRoadOfAllMail() throws {
        let message = try message(identity: "partner")
        // An account that may only be others is no limit to what is ours.
        let settings = try reportSettings(
            returnPath: "returns@mail.example.com", accountFrom: [try AddressPattern(parsing: octets("crm@mail.example.com"))])
        let report = try report(message, message.failed(), settings)
        #expect(report.id != message.id && report.account == message.account && report.acceptedAt == arrival && !report.is8Bit)
        #expect(report.reversePath == .mailbox(try mailbox("returns@mail.example.com")))
        #expect(report.recipients.map(\.mailbox) == [try mailbox("anna@corp.example")])
        #expect(report.recipients.map(\.nextAttempt) == [arrival])
        #expect(report.facts.kind == .report && report.facts.sender == "" && report.facts.identity == "mail.example.com")
        #expect(report.facts.messageID == (try report.values(of: .messageID).first))
        #expect(try report.values(of: .from) == [#""Mail delivery (relay.example.com)" <returns@mail.example.com>"#])
        #expect(try report.values(of: .dkimSignature).count == 1)
        #expect(report.serviceTime == .seconds(4 * 86_400 + 60))

        let mail = try #require(try readInPython([report]).first)
        #expect(mail.verified && mail.signatures == 1 && mail.defects.isEmpty)
        #expect(mail.type == "multipart/report" && mail.reportType == "delivery-status")
        #expect(mail.parts == ["text/plain", "message/delivery-status", "text/rfc822-headers"])
        #expect(mail.subject == "Not delivered: Invoice 7")
        #expect(mail.field("Auto-Submitted") == ["auto-replied"] && mail.field("X-Auto-Response-Suppress") == ["All"])
        #expect(mail.field("In-Reply-To") == ["<1@corp.example>"] && mail.field("References") == ["<1@corp.example>"])
        #expect(mail.field("MIME-Version") == ["1.0"] && mail.field("Date") == ["Sun, 01 Mar 2026 09:05:07 +0000"])
        #expect(mail.field("X-Fairlead-Report") == ["failed"] && mail.field("To") == ["anna@corp.example"])
        #expect(mail.original.map { $0[0] } == ["Received", "From", "To", "Subject", "Message-ID"])
    }

    @Test func aWarning() throws {
        let message = try message(to: ["bob@c.example", "carl@c.example"])
        let until = Timestamp(seconds: arrival.seconds + 4 * 86_400)
        let failed = message.failed("454 Temporary service failure", as: .delayed, status: "4.0.0", only: [1], attempts: 17)
        let report = try #require(makeWriter(try reportSettings()).delay(of: message, recipients: failed, until: until, at: arrival).report)
        let mail = try #require(try readInPython([report]).first)
        #expect(
            mail.verified && mail.defects.isEmpty && mail.subject == "Late: Invoice 7" && mail.field("X-Fairlead-Report") == ["delayed"])
        #expect(mail.words.hasPrefix("Your message is late: it could not be sent to 1 of its 2 recipients yet, and is still being tried."))
        #expect(mail.words.contains("It is given up at about Thu, 05 Mar 2026 09:05:07 +0000"))
        #expect(mail.words.contains("What to do: Nothing: it is still being tried."))
        #expect(
            mail.status.dropFirst() == [
                [
                    ["Final-Recipient", "rfc822; carl@c.example"], ["Action", "delayed"], ["Status", "4.0.0"],
                    ["Remote-MTA", "dns; email-smtp.eu-west-1.amazonaws.com"], ["Diagnostic-Code", "smtp; 454 Temporary service failure"],
                    ["Last-Attempt-Date", "Sun, 01 Mar 2026 09:06:07 +0000"], ["Will-Retry-Until", "Thu, 05 Mar 2026 09:05:07 +0000"],
                ]
            ])
    }

    @Test func expired() throws {
        let message = try message()
        let failed = message.failed("no connection: 192.0.2.1 refused it", as: .expired, status: "4.4.7", relay: nil, attempts: 31)
        let mail = try #require(try readInPython([try report(message, failed)]).first)
        #expect(
            mail.words.contains("It was tried for 4 days, 31 times. The reason, at last: no connection: 192.0.2.1 refused it What to do:"))
        #expect(
            mail.status.last == [
                ["Final-Recipient", "rfc822; bob@c.example"], ["Action", "failed"], ["Status", "4.4.7"],
                ["Diagnostic-Code", "x-fairlead; no connection: 192.0.2.1 refused it"],
                ["Last-Attempt-Date", "Sun, 01 Mar 2026 09:06:07 +0000"],
            ])
    }

    @Test(arguments: [
        (notVerified, "verified"), ("554 Message rejected: Sending paused for this account. For more", "AWS has paused sending"),
        ("552 Message is too long.", "Make the message smaller"), ("552 5.3.4 too big", "Make the message smaller"),
        ("501 Invalid RCPT TO address provided", "Look for a typing error"), ("553 <x> address unknown", "not spelled as an address"),
        ("554 Transaction failed: Duplicate header 'To'.", "The program that wrote it"),
        ("554 Transaction failed: Unsupported attachment type: 'a.exe'.", "Send a link"),
        ("554 Transaction failed: Recipient count exceeds 50.", "Too many recipients"),
        ("554 Transaction failed: Missing final '@domain'", "has no domain"),
        ("554 Transaction failed: Domain contains illegal character", "malformed"),
        ("554 Access denied: User `x' is not authorized to perform `ses:SendRawEmail'", "IAM policy"),
        ("550 5.1.1 unknown", "Look whether the address is right"), ("554 anything", "Change what the answer names"), ("", "Change what"),
    ])
    func advice(reply: String, expected: String) throws {
        let message = try message()
        let mail = try #require(try readInPython([try report(message, message.failed(reply))]).first)
        #expect(mail.words.contains("What to do: ") && mail.words.contains(expected))
    }

    @Test func subjectsOfAllKinds() throws {
        let long = String(repeating: "grün ", count: 150)
        let cases = [
            ("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= aus\r\n Dublin", "Not delivered: Grüße aus Dublin"),
            ("Subject: =?iso-8859-1?q?a=0D=0ABcc:_x@y.example?=", "Not delivered: a Bcc: x@y.example"),
            ("Subject: =?x-unknown?q?abc?=", "Not delivered: abc"),
            ("X-No: subject", "Not delivered: message to bob@c.example"),
            ("Subject:", "Not delivered: message to bob@c.example"), ("Subject: \(long)", "Not delivered: \(long.prefix(200))..."),
            ("Subject: \(String(repeating: "x", count: 900))", "Not delivered: \(String(repeating: "x", count: 200)) ..."),
        ]
        let mails = try readInPython(
            cases.map { subject, _ in
                let message = try message(header: ["From: a@mail.example.com", subject])
                return try report(message, message.failed())
            })
        for (mail, (_, expected)) in zip(mails, cases) {
            #expect(mail.subject == expected)
            #expect(mail.verified && mail.defects.isEmpty)
            #expect(mail.field("In-Reply-To").isEmpty && mail.field("Auto-Submitted") == ["auto-replied"])
        }
        #expect(mails[0].text.contains("Subject: Grüße aus Dublin"))
    }

    @Test func aThousandRecipients() throws {
        let message = try message(to: (0..<1000).map { "\(String(repeating: "u", count: 40))\($0)@c.example" })
        let failed = try message.recipients.enumerated().map { place, recipient in
            // Two texts, and a hundred of one each.
            let reply = place < 100 ? "550 \(place) \(String(repeating: "long ", count: 300))" : place % 2 == 0 ? "550 even" : "554 odd"
            return try #require(message.failed(reply, only: [recipient.index]).first)
        }
        let report = try report(message, failed)
        #expect(report.size < 800_000)
        let mail = try #require(try readInPython([report]).first)
        #expect(mail.verified && mail.defects.isEmpty && mail.status.count == 1001)
        #expect(mail.words.contains("could not be sent to any of its 1000 recipients"))
        #expect(mail.text.utf8.count < 100_000 && mail.words.contains("more: see the part for programs"))
    }

    @Test func aLongHeaderIsCutBetweenFields() throws {
        let fields = (0..<2000).map { "X-Field-\($0): value\r\n and more" }
        let message = try message(header: ["From: a@mail.example.com"] + fields)
        let mail = try #require(try readInPython([try report(message, message.failed())]).first)
        #expect(mail.defects.isEmpty && mail.verified)
        #expect(mail.original.count > 900 && mail.original.last?[1] == "value and more")
    }

    /// What SES would say to each of them.
    @Test func theSandboxTakesThem() throws {
        let rules = SandboxRules(identities: [
            try SandboxIdentity(parsing: "mail.example.com"), try SandboxIdentity(parsing: "billing@partner.example"),
        ])
        let writer = makeWriter(try reportSettings())
        let message = try message()
        let mails = [
            writer.failure(of: message, recipients: message.failed(), at: arrival).report,
            writer.failure(of: message, recipients: message.failed(Self.notVerified), at: arrival).report,
            writer.delay(of: message, recipients: message.failed(as: .delayed), until: .never, at: arrival).report,
            writer.alarm(subject: "Grüße", text: "päused", at: arrival),
        ]
        for mail in mails {
            let mail = try #require(mail)
            var inspector = MessageInspector(maximumHeaderOctets: rules.maximumHeaderOctets)
            inspector.consume(mail.octets[...])
            func address(_ octets: [UInt8]) throws -> HeaderAddress { try HeaderAddress(checking: octets[...], in: octets[...]) }
            let refusal = rules.refusal(
                of: inspector.finish(), from: try address(mail.reversePath.wireOctets),
                to: try mail.recipients.map { try address($0.mailbox.wireOctets) }, user: "AKIAEXAMPLE")
            #expect(refusal == nil)
        }
    }
}
