internal import MailModel
internal import MailQueue
internal import MessageFormat

/// One text on many failed messages, for somebody who had many reports already.
struct Digest {
    /// The messages, all for one address; not empty.
    let entries: [QueueEntry]
    let hostname: Domain
    let perHour: Int

    private static let maximumLines = 1000
    private static let maximumOctets = 256 << 10

    /// A recipient that failed and of whom nobody was told.
    private struct Line {
        let entry: QueueEntry
        let recipient: QueuedRecipient
    }

    var subject: HeaderText { HeaderText("Not delivered: \(entries.count) \(entries.count == 1 ? "message" : "messages")".utf8) }

    static func unreported(of entry: QueueEntry) -> [QueuedRecipient] {
        entry.recipients.filter { ($0.state == .failed || $0.state == .expired) && !$0.isReported }
    }

    var text: ReportText {
        var text = ReportText()
        let groups = groups
        let count = groups.reduce(0) { $0 + $1.lines.count }
        text.paragraph(
            "\(entries.count) \(entries.count == 1 ? "message" : "messages") could not be sent, to \(count)"
                + " \(count == 1 ? "recipient" : "recipients"). More than \(perHour) reports in an hour come as one list like this.")
        var written = 0
        var unwritten = 0
        for group in groups {
            guard written < Self.maximumLines, text.octets.count < Self.maximumOctets else {
                unwritten += group.lines.count
                continue
            }
            text.blankLine()
            text.paragraph(group.reply.isEmpty ? "(no answer)" : group.reply)
            text.paragraph("What to do: " + Advice.text(for: group.reply, action: group.action), indent: 4)
            text.blankLine()
            for line in group.lines {
                guard written < Self.maximumLines, text.octets.count < Self.maximumOctets else {
                    unwritten += 1
                    continue
                }
                let time = line.entry.acceptedAt.description.prefix(16)
                text.lines("    \(line.entry.id)  \(time)Z  \(line.entry.facts.alias ?? line.recipient.mailbox.description)")
                written += 1
            }
        }
        text.blankLine()
        if unwritten > 0 {
            text.paragraph("\(unwritten) more are not listed.")
            text.blankLine()
        }
        text.paragraph(
            "A line is queue id, time of acceptance and recipient. This is the mail relay \(hostname); there, 'fairlead trace ID' tells the"
                + " whole story of a message.")
        return text
    }

    private struct Group {
        let reply: String
        let action: FailedRecipient.Action
        var lines: [Line]
    }

    /// By what was said, the most frequent first.
    private var groups: [Group] {
        var groups: [Group] = []
        var places: [String: Int] = [:]
        for entry in entries {
            for recipient in Self.unreported(of: entry) {
                let said = entry.facts.alias == nil ? recipient.lastReply : AliasConcealment.concealed(recipient.lastReply)
                let reply = String(foreign: said, limit: 500)
                let line = Line(entry: entry, recipient: recipient)
                if let place = places[reply] {
                    groups[place].lines.append(line)
                } else {
                    places[reply] = groups.count
                    groups.append(Group(reply: reply, action: recipient.state == .expired ? .expired : .failed, lines: [line]))
                }
            }
        }
        // Stable, so that equal ones stay in the order of time.
        return groups.enumerated().sorted { ($1.element.lines.count, $0.offset) < ($0.element.lines.count, $1.offset) }.map(\.element)
    }
}
