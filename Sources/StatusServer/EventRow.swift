internal import ControlProtocol

/// How an event is told on a page.
enum EventRow {
    /// The class of its colour.
    static func style(_ event: String) -> String {
        switch event {
        case "relayed", "route_resumed", "alarm_cleared", "released": "good"
        case "failed", "expired", "route_paused", "login_refused", "refused", "alarm", "quarantined", "dead_letter": "bad"
        case "deferred", "in_doubt", "delayed", "held", "suppressed": "warn"
        default: "plain"
        }
    }

    static func badge(_ event: EventRecord) -> String {
        let name = event.event.split(separator: "_").joined(separator: " ")
        return "<span class=\"badge \(style(event.event))\">\(HTMLText.escaped(name))</span>"
    }

    /// To whom.
    static func recipients(_ event: EventRecord) -> String {
        guard let first = event.recipients?.first else { return "" }
        let rest = (event.recipients?.count ?? 1) - 1
        return HTMLText.escaped(first) + (rest == 0 ? "" : " and \(HTMLText.number(rest)) more")
    }

    /// In whose words, and what else matters of this kind.
    static func detail(_ event: EventRecord) -> String {
        var parts: [String] = []
        switch event.event {
        case "accepted":
            if let sender = event.sender { parts.append("from <\(sender)>") }
            if let size = event.messageSize { parts.append(HTMLText.size(size)) }
            if let client = event.client { parts.append("client \(client)") }
        case "rewritten":
            parts.append("From \(event.fromBefore ?? "none") became \(event.fromAfter ?? "none")")
        case "login_refused", "refused":
            if let client = event.client { parts.append("client \(client)") }
            if let reply = event.reply { parts.append(reply) }
        case "alarm", "alarm_cleared":
            parts = [event.relay, event.reply].compactMap(\.self)
        default:
            if let reply = event.reply { parts.append(reply) }
            if let delay = event.delay, event.event == "relayed" { parts.append("after \(HTMLText.decimal(delay)) s") }
            if let next = event.nextAttempt { parts.append("next attempt \(next)") }
        }
        return HTMLText.escaped(parts.joined(separator: "; "))
    }

    /// A link to the whole story.
    static func message(_ event: EventRecord) -> String {
        guard let id = event.queueID else { return "" }
        return "<a class=\"id\" href=\"/trace?q=\(Query.encoded(id))\">\(HTMLText.escaped(id))</a>"
    }
}
