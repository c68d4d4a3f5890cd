import MailModel
import MailQueue
import MessageFormat
import Reports
import Testing

/// Who is told; above all, who never is (RFC 5321 §4.5.5, §6.1; RFC 3834).
@Suite struct AddresseeTests {
    @Test(arguments: [
        // The client's reverse-path.
        ("anna@corp.example", "to anna@corp.example"),
        ("anna+news@corp.example", "to anna+news@corp.example"),
        ("\"a b\"@corp.example", "to \"a b\"@corp.example"),
        ("app@mail.example.com", "to app@mail.example.com"),
        ("bouncer@corp.example", "to bouncer@corp.example"),
        ("postmaster@corp.example", "to postmaster@corp.example"),
        // Nobody reads it.
        ("no-reply@corp.example", "to ops@mail.example.com"),
        ("No-Reply+7@corp.example", "to ops@mail.example.com"),
        ("noreply@corp.example", "to ops@mail.example.com"),
        ("no_reply@corp.example", "to ops@mail.example.com"),
        ("do-not-reply@corp.example", "to ops@mail.example.com"),
        ("DoNotReply@corp.example", "to ops@mail.example.com"),
        ("do.not.reply@corp.example", "to ops@mail.example.com"),
        ("noreply-orders@corp.example", "to ops@mail.example.com"),
        ("orders-noreply@corp.example", "to ops@mail.example.com"),
        ("bounce@corp.example", "to ops@mail.example.com"),
        ("bounces+anna=corp.example@corp.example", "to ops@mail.example.com"),
        ("MAILER-DAEMON@corp.example", "to ops@mail.example.com"),
        // Ours.
        ("hello@mail.example.com", "to ops@mail.example.com"),
        ("Hello+x@mail.example.com", "to ops@mail.example.com"),
        ("billing@partner.example", "to ops@mail.example.com"),
        // Nothing that mail can go to.
        ("root@localhost", "to ops@mail.example.com"),
        ("nonsense", "to ops@mail.example.com"),
        ("a\r\nBcc: x@y.example", "to ops@mail.example.com"),
        ("\"a:b\"@corp.example", "to ops@mail.example.com"),
        // It failed for the sender itself.
        ("bob@c.example", "to ops@mail.example.com"),
        ("Bob+self@c.example", "to ops@mail.example.com"),
    ])
    func senders(sender: String, expected: String) throws {
        let writer = makeWriter(try reportSettings())
        let message = try message(from: sender)
        #expect(writer.failure(of: message, recipients: message.failed(), at: arrival).summary == expected)
        if sender.lowercased().hasPrefix("bob") { return }  // a late recipient may still be read
        #expect(writer.delay(of: message, recipients: message.failed(as: .delayed), until: .never, at: arrival).summary == expected)
    }

    static let noSender = "impossible: its reverse-path is <>: nobody is to be told"
    static let itself = "impossible: it is itself a delivery report"
    static let report = ["Content-Type: Multipart/Report;\r\n report-type=delivery-status; boundary=x", "From: a@b.example"]
    static let cameBack = ["x-fairlead-report: digest", "From: a@b.example"]

    @Test(
        arguments: [
            (nil, "", sampleHeader, noSender),
            (.sender, "", sampleHeader, noSender),
            (.operator, "", sampleHeader, "to ops@mail.example.com"),
            (ReportSettings.Policy.none, "", sampleHeader, "none: account crm has 'reports: none'"),
            (ReportSettings.Policy.none, "anna@corp.example", sampleHeader, "none: account crm has 'reports: none'"),
            (.operator, "anna@corp.example", sampleHeader, "to ops@mail.example.com"),
            (nil, "anna@corp.example", report, itself),
            (nil, "", report, itself),
            (.operator, "anna@corp.example", report, "to ops@mail.example.com"),
            (nil, "anna@corp.example", cameBack, itself),
            (nil, "anna@corp.example", ["Auto-Submitted: auto-generated", "From: a@b.example"], "to anna@corp.example"),
            (nil, "", ["Auto-Submitted: auto-replied", "From: a@b.example"], noSender),
            (nil, "anna@corp.example", ["not a header"], "to anna@corp.example"),
        ] as [(ReportSettings.Policy?, String, [String], String)])
    func policies(policy: ReportSettings.Policy?, sender: String, header: [String], expected: String) throws {
        let message = try message(from: sender, header: header)
        let writer = makeWriter(try reportSettings(policy))
        #expect(writer.failure(of: message, recipients: message.failed(), at: arrival).summary == expected)
        let delay = writer.delay(of: message, recipients: message.failed(as: .delayed), until: .never, at: arrival).summary
        #expect(delay == expected.replacing("impossible: ", with: "none: "))
    }

    @Test func whatIsSetForOneMessageCounts() throws {
        let writer = makeWriter(try reportSettings())
        for (wanted, sender, expected) in [
            ("desk@corp.example", "anna@corp.example", "to desk@corp.example"), ("desk@corp.example", "", "to desk@corp.example"),
            ("no-reply@corp.example", "anna@corp.example", "to ops@mail.example.com"), ("?", "", "to ops@mail.example.com"),
        ] {
            let message = try message(from: sender) { $0.reportsTo = wanted }
            #expect(writer.failure(of: message, recipients: message.failed(), at: arrival).summary == expected)
        }
        #expect(writer.failure(of: try message(), recipients: [], at: arrival).summary == "none: no recipient failed")
        let unknown = try message(from: nil)
        #expect(writer.failure(of: unknown, recipients: unknown.failed(), at: arrival).summary == "to ops@mail.example.com")
    }

    @Test(arguments: [MessageFacts.Kind.report, .alarm], [ReportSettings.Policy.sender, .operator, .none])
    func noReportOnAReport(kind: MessageFacts.Kind, policy: ReportSettings.Policy) throws {
        let writer = makeWriter(try reportSettings(policy))
        let message = try message {
            $0.kind = kind; $0.reportsTo = "desk@corp.example"
        }
        let expected = "it is a \(kind.rawValue) of ours, of which no report is made"
        #expect(writer.failure(of: message, recipients: message.failed(), at: arrival).summary == "impossible: " + expected)
        #expect(writer.delay(of: message, recipients: message.failed(), until: .never, at: arrival).summary == "none: " + expected)
    }

    /// A bounce of a bounce ends after one step, even if all that is left of it is its header or its sender.
    @Test func everyMailOfOursIsRecognised() throws {
        let writer = makeWriter(try reportSettings())
        let message = try message()
        let report = try #require(writer.failure(of: message, recipients: message.failed(), at: arrival).report)
        let warning = try #require(writer.delay(of: message, recipients: message.failed(), until: .never, at: arrival).report)
        let alarm = try #require(writer.alarm(subject: "x", text: "y", at: arrival))
        for mail in [report, warning, alarm] {
            func summary(of mail: QueuedMessage) -> String { writer.failure(of: mail, recipients: mail.failed(), at: arrival).summary }
            #expect(summary(of: mail).hasPrefix("impossible: it is a"))
            for sender in ["anna@corp.example", "hello@mail.example.com", ""] {
                var facts = MessageFacts()  // as if it had come back from a client
                facts.sender = sender
                let back = QueuedMessage(
                    id: mail.id, account: crm, acceptedAt: arrival, reversePath: mail.reversePath, recipients: mail.recipients,
                    header: mail.header, body: mail.body, is8Bit: false, facts: facts)
                #expect(summary(of: back) == Self.itself)
            }
        }
    }

    @Test func theOperatorItself() throws {
        let message = try message(to: ["ops@mail.example.com"], from: "no-reply@corp.example")
        let expected = "nobody reads mail to its sender, <no-reply@corp.example>, and the operator is who it failed for"
        #expect(
            makeWriter(try reportSettings()).failure(of: message, recipients: message.failed(), at: arrival).summary
                == "impossible: \(expected)")
        // An operator who sends from the default sender's address reads it.
        let settings = try reportSettings(operator: "hello@mail.example.com")
        let own = try ReportsTests.message(from: "hello@mail.example.com")
        #expect(makeWriter(settings).failure(of: own, recipients: own.failed(), at: arrival).summary == "to hello@mail.example.com")
    }
}
