internal import MailModel
internal import MailQueue
internal import MessageFormat

/// A multipart/report (RFC 6522) on one message: words for people, fields for programs, and the header of the message.
struct DeliveryReport {
    let message: QueuedMessage
    let recipients: [FailedRecipient]
    /// For a warning: when it will be given up.
    let until: Timestamp?
    /// The time during which it was tried.
    let age: Duration
    let hostname: Domain
    /// Why the operator gets it, if it is the operator and not the sender.
    let toOperator: String?
    let original: OriginalHeader

    /// So many recipients are named in the text; all of them in the part for programs.
    private static let namedRecipients = 100

    private var isWarning: Bool { until != nil }

    var subject: HeaderText {
        HeaderText((isWarning ? "Late: " : "Not delivered: ").utf8)
            + (original.subject ?? HeaderText("message to \(String(foreign: recipients.first.map(Self.address) ?? "", limit: 100))".utf8))
    }

    /// - Parameter id: of the report; no line of it can be the boundary that is made of it.
    func content(id: QueueID) -> OutgoingMail.Content {
        let words = OutgoingMail.Content(text: text)
        let status = DeliveryStatus(of: message, recipients: recipients, until: until, hostname: hostname)
        let (header, isWhole) = original.returned
        // `=_` is in no encoded text, and no line of any part begins with `--`.
        let boundary = "=_\(id)"
        var body: [UInt8] = Array("This is a delivery report in the format of RFC 3464.\r\n".utf8)
        func part(_ fields: [UInt8], _ content: [UInt8]) {
            body += Array("\r\n--\(boundary)\r\n".utf8) + fields + ASCII.crlf + content
        }
        part(words.fields, words.body)
        part(Array("Content-Type: message/delivery-status\r\nContent-Description: Delivery report\r\n".utf8), status.octets)
        let description = isWhole ? "Header of the message" : "Header of the message, its beginning"
        part(Array("Content-Type: text/rfc822-headers\r\nContent-Description: \(description)\r\n".utf8), header)
        body += Array("\r\n--\(boundary)--\r\n".utf8)
        return OutgoingMail.Content(
            fields: "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"\(boundary)\"\r\n", body: body)
    }

    // MARK: The part for people

    private var text: ReportText {
        var text = ReportText()
        let count = recipients.count
        let all = message.recipients.count
        let toWhom = all == 1 ? "its recipient" : count == all ? "any of its \(all) recipients" : "\(count) of its \(all) recipients"
        if let until {
            text.paragraph("Your message is late: it could not be sent to \(toWhom) yet, and is still being tried.")
            if until < .never { text.paragraph("It is given up at about \(Self.date(until)); you are told then.") }
        } else {
            text.paragraph("Your message could not be sent to \(toWhom). Nothing more is tried for \(count == 1 ? "this one" : "these").")
        }
        text.blankLine()
        summarize(to: &text)
        for group in groups {
            text.blankLine()
            describe(group, in: &text)
        }
        text.blankLine()
        if let toOperator {
            text.paragraph("You get this as the operator of the relay: \(String(foreign: toOperator)).")
            text.blankLine()
        }
        text.paragraph(
            "This is the mail relay \(hostname). The parts below are for programs, and the header of the message. On the relay,"
                + " 'fairlead trace \(message.id)' tells the whole story of this message. A program wrote this mail; do not answer it.")
        return text
    }

    private func summarize(to text: inout ReportText) {
        if let subject = original.subject { text.paragraph("Subject: " + String(decoding: subject.utf8, as: UTF8.self)) }
        if let author = message.facts.fromBefore { text.paragraph("From: " + String(foreign: author)) }
        text.paragraph("Accepted: \(Self.date(message.acceptedAt))")
        text.paragraph("Queue id: \(message.id), of account \(message.account)")
    }

    /// Recipients for whom the same was said.
    private struct Group {
        let action: FailedRecipient.Action
        let reply: String
        let host: String?
        var recipients: [FailedRecipient]
    }

    private var groups: [Group] {
        struct Key: Hashable {
            let action: FailedRecipient.Action
            let reply: String
        }
        var groups: [Group] = []
        var places: [Key: Int] = [:]
        for failed in recipients {
            let key = Key(action: failed.action, reply: failed.reply)
            if let place = places[key] {
                groups[place].recipients.append(failed)
            } else {
                places[key] = groups.count
                groups.append(
                    Group(
                        action: failed.action, reply: String(foreign: failed.reply), host: DeliveryStatus.host(of: failed.relay),
                        recipients: [failed]))
            }
        }
        return groups
    }

    private func describe(_ group: Group, in text: inout ReportText) {
        // One text for people, however many different things were said.
        let isRoom = text.octets.count < 48 << 10
        guard isRoom else { return text.paragraph("(and \(group.recipients.count) more: see the part for programs)") }
        text.paragraph(isWarning ? "Late for:" : "Not sent to:")
        for failed in group.recipients.prefix(Self.namedRecipients) { text.paragraph(Self.address(failed), indent: 4) }
        let rest = group.recipients.count - Self.namedRecipients
        if rest > 0 { text.paragraph("and \(rest) more, named in the part for programs", indent: 4) }
        let said = SMTPCode(of: group.reply) != nil ? "\(group.host ?? "The upstream") said" : "The reason"
        switch group.action {
        case .failed: text.paragraph("\(said):")
        case .expired:
            text.paragraph("It was tried for \(age.inWords)\(Self.attempts(group.recipients)). \(said), at last:")
        case .delayed:
            text.paragraph("It has been tried for \(age.inWords)\(Self.attempts(group.recipients)). \(said), so far:")
        }
        text.paragraph(group.reply.isEmpty ? "(nothing)" : group.reply, indent: 4)
        text.paragraph("What to do:")
        text.paragraph(Advice.text(for: group.reply, action: group.action), indent: 4)
    }

    private static func attempts(_ recipients: [FailedRecipient]) -> String {
        let most = recipients.map(\.recipient.attempts).max() ?? 0
        return most == 0 ? "" : most == 1 ? ", once" : ", \(most) times"
    }

    private static func address(_ failed: FailedRecipient) -> String { failed.recipient.mailbox.description }

    private static func date(_ time: Timestamp) -> String { String(decoding: MessageDate.format(time), as: UTF8.self) }
}
