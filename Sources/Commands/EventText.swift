internal import ControlProtocol

/// An event on one line for people: time, queue id, what happened, to whom, and in whose words.
enum EventText {
    static func line(_ event: EventRecord) -> String {
        var parts = [clock(event.time), event.queueID ?? "-", Terminal.styled(event.event, style(of: event.event))]
        switch event.event {
        case "accepted":
            parts.append("account=\(event.account ?? "-") client=\(event.client ?? "-") from=<\(event.sender ?? "")>")
            parts.append("to=\(list(event.recipients)) size=\(event.messageSize ?? 0)")
        case "rewritten":
            parts.append("From \(event.fromBefore ?? "-") -> \(event.fromAfter ?? "-")")
            if let reply = event.reply, reply.hasPrefix("again") { parts.append("(\(reply))") }
        case "login_refused", "refused":
            parts.append("client=\(event.client ?? "-") account=\(event.account ?? "-") \(event.reply ?? "")")
        case "alarm", "alarm_cleared":
            parts.append("\(event.relay ?? "-")  \(event.reply ?? "")")
        default:
            if let recipients = event.recipients { parts.append("to=\(list(recipients))") }
            if let delay = event.delay { parts.append("delay=\(delay)") }
            if let reply = event.reply { parts.append("(\(reply))") }
            if let next = event.nextAttempt { parts.append("next try \(clock(next))") }
        }
        return parts.joined(separator: "  ")
    }

    private static func list(_ recipients: [String]?) -> String {
        guard let recipients, let first = recipients.first else { return "-" }
        return recipients.count == 1 ? "<\(first)>" : "<\(first)> and \(recipients.count - 1) more"
    }

    /// The time of day for a terminal; the whole time stays in JSON.
    private static func clock(_ time: String) -> String {
        Terminal.isInteractive ? String(time.dropFirst(11).prefix(12)) : time
    }

    private static func style(of event: String) -> Terminal.Style {
        switch event {
        case "relayed", "route_resumed", "alarm_cleared", "released": .green
        case "failed", "expired", "route_paused", "login_refused", "refused", "alarm", "quarantined", "dead_letter": .red
        case "deferred", "in_doubt", "delayed", "held", "suppressed": .yellow
        default: .bold
        }
    }
}
