internal import ControlProtocol

/// An event on one line for people: time, queue id, what happened, to whom, and in whose words.
enum EventText {
    static func line(_ event: EventRecord) -> String {
        "\(clock(event.time))  \(event.queueID ?? "-")  \(story(event))"
    }

    /// The line without time and queue id.
    ///
    /// - Parameter others: so many more recipients fared alike.
    static func story(_ event: EventRecord, others: Int = 0) -> String {
        ([Terminal.styled(event.event, style(of: event.event))] + details(event, others: others)).joined(separator: "  ")
    }

    /// To whom it happened, and in whose words.
    static func details(_ event: EventRecord, others: Int = 0) -> [String] {
        var parts: [String] = []
        switch event.event {
        case "accepted":
            parts.append("account=\(event.account ?? "-") client=\(event.client ?? "-") from=<\(event.sender ?? "")>")
            parts.append("to=\(list(event.recipients)) size=\(event.messageSize ?? 0)")
        case "rewritten":
            parts.append("From \(event.fromBefore ?? "-") -> \(event.fromAfter ?? "-")")
            if let reply = event.reply, reply.hasPrefix("again") { parts.append("(\(reply))") }
        case "login_refused":
            parts.append("client=\(event.client ?? "-") account=\(event.account ?? "-") \(event.reply ?? "")")
        case "refused":
            parts.append("client=\(event.client ?? "-") account=\(event.account ?? "-")")
            if event.recipients != nil { parts.append("to=\(list(event.recipients))") }
            parts.append(event.reply ?? "")
        case "alarm", "alarm_cleared":
            parts.append("\(event.relay ?? "-")  \(event.reply ?? "")")
        default:
            if let recipients = event.recipients { parts.append("to=\(list(recipients, others: others))") }
            if let delay = event.delay { parts.append("delay=\(delay)") }
            if let reply = event.reply { parts.append("(\(reply))") }
            if let next = event.nextAttempt { parts.append("next try \(clock(next))") }
        }
        return parts
    }

    static func list(_ recipients: [String]?, others: Int = 0) -> String {
        guard let recipients, let first = recipients.first else { return "-" }
        let more = recipients.count - 1 + others
        return more == 0 ? "<\(first)>" : "<\(first)> and \(more) more"
    }

    /// The time of day for a terminal; the whole time stays in JSON.
    static func clock(_ time: String) -> String {
        Terminal.isInteractive ? String(time.dropFirst(11).prefix(12)) : time
    }

    /// Of a time as events have it, since 1970.
    static func seconds(_ time: String) -> Double? {
        guard let whole = PointInTime.seconds(time, now: 0) else { return nil }
        let fraction = time.split(separator: ".").dropFirst().first.flatMap { Double("0." + $0.prefix { $0.isASCII && $0.isNumber }) }
        return whole + (fraction ?? 0)
    }

    static func style(of event: String) -> Terminal.Style {
        switch event {
        case "relayed", "route_resumed", "alarm_cleared", "released": .green
        case "failed", "expired", "route_paused", "login_refused", "refused", "alarm", "quarantined", "dead_letter": .red
        case "deferred", "in_doubt", "delayed", "held", "suppressed": .yellow
        default: .bold
        }
    }
}
