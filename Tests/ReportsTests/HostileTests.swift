import MailModel
@testable import MailQueue
import Reports
import Testing

/// Nothing that comes from a client or from the upstream can begin a line, leave ASCII or make a line too long.
@Suite struct HostileTests {
    @Test func randomHeadersAndReplies() throws {
        var random = SeededGenerator(seed: 3464)
        let pieces: [[UInt8]] = [
            [13, 10], [10], [13], [0], [13, 10, 32], octets("\r\n\r\n"), octets("\r\nBcc: x@y.example"), octets("\r\n.\r\n"),
            octets("--=_"),
            octets("--"), octets("=?utf-8?q?=0D=0A?="), octets("=?utf-8?b?DQpCY2M6IHg=?="), [0xFF], [0xC3, 0xA4], octets("\u{2028}"),
            [27, 91],
            octets("Subject: "), octets("Message-ID: <"), octets(">"), octets(": "), octets(" "), octets("\t"), octets("word"),
            octets("554 "),
            [UInt8](repeating: 120, count: 1200), [UInt8](repeating: 0xE4, count: 50), octets("From "), octets("DKIM-Signature: v=1"),
        ]
        func noise(_ count: Int) -> [UInt8] {
            (0..<Int.random(in: 0...count, using: &random)).flatMap { _ in pieces.randomElement(using: &random)! }
        }
        func noiseText(_ count: Int) -> String { text(noise(count)) }

        var mails: [QueuedMessage] = []
        for round in 0..<300 {
            let writer = makeWriter(try reportSettings(round % 3 == 0 ? .operator : .sender))
            let plain = try message(to: ["bob@c.example", "\"c \\\" d\"@c.example"])
            var facts = plain.facts
            facts.fromBefore = noiseText(3)
            facts.messageID = noiseText(3)
            facts.identity = noiseText(1)
            let header =
                octets("From: a@mail.example.com\r\nSubject: ") + noise(8) + octets("\r\nMessage-ID: <") + noise(2) + octets(">\r\n")
                + noise(12)
            let message = QueuedMessage(
                id: plain.id, account: plain.account, acceptedAt: arrival, reversePath: plain.reversePath, recipients: plain.recipients,
                header: header + [13, 10], body: plain.body, is8Bit: false, facts: facts)
            let failed = message.failed(
                noiseText(6), as: [.failed, .expired, .delayed].randomElement(using: &random)!, status: noiseText(2), relay: noiseText(2))
            let decision =
                failed[0].action == .delayed
                ? writer.delay(
                    of: message, recipients: failed, until: Timestamp(microseconds: .random(in: 0...4_000_000_000_000_000, using: &random)),
                    at: arrival)
                : writer.failure(of: message, recipients: failed, at: arrival)
            if let report = decision.report {
                mails.append(report)
            } else {
                #expect(decision.summary.contains("it is itself"))
            }
            mails.append(try #require(writer.alarm(subject: noiseText(5), text: noiseText(20), at: arrival)))
        }
        let entries = try (1...200).map { number in
            let message = try message(
                to: ["bob@c.example", "\"c \\\" d\"@c.example"], from: number % 2 == 0 ? noiseText(2) + "?" : "anna@corp.example")
            let recipients = message.recipients.map { recipient in
                var recipient = recipient
                (recipient.state, recipient.lastReply) = (.failed, noiseText(6))
                return recipient
            }
            return QueueEntry(
                id: QueueID(Int64(number))!, account: crm, acceptedAt: arrival, state: .dead, dueAt: arrival, attempts: 1, size: 1,
                reversePath: nil, recipients: recipients, facts: message.facts, note: noiseText(2))
        }
        let digests = makeWriter(try reportSettings()).digests(of: entries, at: arrival)
        #expect(digests.flatMap(\.covers).count == 200)
        mails += digests.map(\.report)
        #expect(mails.count > 500)
        for mail in mails { expectHarmless(mail.octets) }
        for mail in try readInPython(mails) {
            #expect(mail.verified && mail.signatures == 1 && mail.defects.isEmpty)
            #expect(mail.field("Bcc").isEmpty && mail.field("From").count == 1 && mail.field("Subject").count == 1)
            if mail.type == "multipart/report" {
                #expect(mail.parts == ["text/plain", "message/delivery-status", "text/rfc822-headers"])
                #expect(mail.status.map { $0.map { $0[0] }.filter { $0.hasSuffix("Recipient") }.count } == [0, 1, 1])
            } else {
                #expect(mail.type == "text/plain")
            }
        }
    }

    private func expectHarmless(_ octets: [UInt8]) {
        #expect(octets.allSatisfy { ASCII.isPrintable($0) || $0 == 9 || $0 == 10 || $0 == 13 })
        let lines = text(octets).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 998 && !$0.utf8.contains(10) && !$0.utf8.contains(13) })
    }
}
