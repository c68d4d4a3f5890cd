import MailModel
@testable import MailQueue
@testable import Reports
import Testing

@Suite struct DigestTests {
    private func entry(
        _ id: Int64, to recipients: [String], from sender: String = "anna@corp.example", said reply: String,
        state: QueuedRecipient.State = .failed,
        edit: (inout QueuedRecipient) -> Void = { _ in }
    ) throws -> QueueEntry {
        let message = try message(to: recipients, from: sender, id: id)
        let failed = message.recipients.map { recipient in
            var recipient = recipient
            (recipient.state, recipient.lastReply) = (state, reply)
            edit(&recipient)
            return recipient
        }
        return QueueEntry(
            id: message.id, account: crm, acceptedAt: arrival, state: .dead, dueAt: arrival, attempts: 1, size: 100, reversePath: nil,
            recipients: failed, facts: message.facts, note: "")
    }

    @Test func oneForEachPerson() throws {
        let entries = [
            try entry(1, to: ["a@c.example"], said: "552 Message is too long."),
            try entry(2, to: ["b@c.example", "c@c.example"], said: "550 unknown"),
            try entry(3, to: ["d@c.example"], from: "otto@corp.example", said: "550 unknown"),
            try entry(4, to: ["e@c.example"], from: "", said: "550 unknown"),
            try entry(5, to: ["f@c.example"], said: "550 unknown") { $0.isReported = true },
            try entry(6, to: ["g@c.example"], from: "no-reply@corp.example", said: "nobody home", state: .expired),
        ]
        let digests = makeWriter(try reportSettings()).digests(of: entries, at: arrival)
        #expect(digests.map(\.to) == ["anna@corp.example", "otto@corp.example", "ops@mail.example.com"])
        #expect(digests.map { $0.covers.map(\.value) } == [[1, 2], [3], [6]])
        let mails = try readInPython(digests.map(\.report))
        for mail in mails {
            #expect(mail.verified && mail.defects.isEmpty && mail.type == "text/plain")
            #expect(mail.field("Auto-Submitted") == ["auto-generated"] && mail.field("X-Fairlead-Report") == ["digest"])
        }
        #expect(digests.map(\.report.facts.kind) == [.report, .report, .report])
        #expect(mails[1].subject == "Not delivered: 1 message")
        #expect(mails[0].subject == "Not delivered: 2 messages")
        #expect(
            mails[0].text == """
                2 messages could not be sent, to 3 recipients. More than 20 reports in an
                hour come as one list like this.

                550 unknown
                    What to do: Look whether the address is right, and send the message
                    again to the right one.

                    0000000000002  2026-03-01T09:05Z  b@c.example
                    0000000000002  2026-03-01T09:05Z  c@c.example

                552 Message is too long.
                    What to do: Make the message smaller: Amazon SES takes 40 MB, and
                    attachments grow by a third on the way. A link to the file often serves
                    better.

                    0000000000001  2026-03-01T09:05Z  a@c.example

                A line is queue id, time of acceptance and recipient. This is the mail relay
                relay.example.com; there, 'fairlead trace ID' tells the whole story of a
                message.

                """)
    }

    @Test func atMostAThousandLines() throws {
        let entries = try (1...600).map { try entry($0, to: ["a@c.example", "b@c.example"], said: "550 unknown") }
        let digest = try #require(makeWriter(try reportSettings()).digests(of: entries, at: arrival).first)
        #expect(digest.covers.count == 600)
        let mail = try #require(try readInPython([digest.report]).first)
        #expect(mail.text.split(separator: "\n").count { $0.contains("@c.example") } == 1000)
        #expect(mail.text.contains("\n200 more are not listed.\n"))
    }

    @Test func atMostSoManyOctets() throws {
        let entries = try (1...2000).map { try entry($0, to: ["a@c.example"], said: "550 \($0) " + String(repeating: "long ", count: 200)) }
        let digest = try #require(makeWriter(try reportSettings()).digests(of: entries, at: arrival).first)
        #expect(digest.covers.count == 2000 && digest.report.size < 300_000)
        let mail = try #require(try readInPython([digest.report]).first)
        #expect(mail.verified && mail.text.contains("more are not listed."))
    }

    @Test func nothingToTell() throws {
        let writer = makeWriter(try reportSettings(ReportSettings.Policy.none))
        #expect(writer.digests(of: [], at: arrival).isEmpty)
        #expect(writer.digests(of: [try entry(1, to: ["a@c.example"], said: "550 unknown")], at: arrival).isEmpty)
    }

    @Test func anAlarm() throws {
        let lines = "Sending is paused.\n\n  cause: 535 Authentication\n" + String(repeating: "word ", count: 40)
        let alarm = try #require(makeWriter(try reportSettings(.sender)).alarm(subject: "Paused: größer", text: lines, at: arrival))
        #expect(alarm.facts.kind == .alarm && alarm.reversePath.description == "hello@mail.example.com")
        #expect(alarm.recipients.map(\.mailbox) == [try mailbox("ops@mail.example.com")])
        for (held, expected) in [
            (["mail.example.com"], "billing@partner.example"), (["mail.example.com", "billing@partner.example"], "hello@mail.example.com"),
        ] as [(Set<String>, String)] {
            let other = makeWriter(try reportSettings()).alarm(subject: "x", text: "y", held: held, at: arrival)
            #expect(other?.reversePath.description == expected)
        }
        let mail = try #require(try readInPython([alarm]).first)
        #expect(mail.verified && mail.defects.isEmpty && mail.subject == "Paused: größer" && mail.field("X-Fairlead-Report") == ["alarm"])
        #expect(mail.text.hasPrefix("Sending is paused.\n\n  cause: 535 Authentication\nword word"))
        #expect(mail.text.split(separator: "\n").allSatisfy { $0.utf8.count <= 76 })
    }
}
