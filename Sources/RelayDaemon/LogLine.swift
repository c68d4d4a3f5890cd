internal import ControlProtocol
internal import MailModel

/// The log's words for an event: the form that Postfix users' tools already read, one line per recipient outcome.
enum LogLine {
    /// `<queue id>: to=<...>, account=..., relay=host[ip]:port, delay=0.2, dsn=2.0.0, status=relayed (250 Ok <SES id>)`
    static func text(_ event: RelayEvent) -> String {
        var line = FieldLine(id: event.queueID)
        switch event.name {
        case .accepted:
            line.add("client", event.client)
            line.add("account", event.account?.description)
            line.add("from", address: event.sender ?? "")
            line.add("size", event.messageSize.map(String.init))
            line.add("nrcpt", String(event.recipients.count))
            line.add("message-id", event.messageID)
            line.add(event.alignment)
        case .rewritten:
            line.say("rewritten: ")
            line.add("from_before", event.fromBefore)
            line.add("from_after", event.fromAfter)
        case .loginRefused:
            // One stable line: ban rules of intrusion guards match it.
            let account = event.account?.description ?? "unknown"
            return "login refused: client=\(event.client ?? "unknown"), account=\(account), reason=\(event.reply ?? "")"
        case .refused:
            line = FieldLine(id: nil)
            line.say("message refused: ")
            line.add("client", event.client)
            line.add("account", event.account?.description)
            line.add("from", address: event.sender)
            line.add("reply", event.reply)
        case .routePaused: return "route paused: \(event.reply ?? "")"
        case .routeResumed: return "route open again: \(event.reply ?? "")"
        case .alarm: return "alarm \(event.relay ?? ""): \(event.reply ?? "")"
        case .alarmCleared: return "alarm over \(event.relay ?? ""): \(event.reply ?? "")"
        case .suppressed: return "suppressed: to=\(event.recipients.first.map { "<\($0)>" } ?? ""), reason=\(event.reply ?? "")"
        case .delayed, .reported, .deadLettered, .held, .released, .quarantined:
            line.say("\(event.name.rawValue): ")
            line.add("account", event.account?.description)
            line.add("reason", event.reply)
        case .relayed, .deferred, .failed, .expired, .inDoubt, .removed:
            line.add("to", address: event.recipients.first?.description)
            line.add("account", event.account?.description)
            line.add("relay", event.relay)
            line.add("delay", event.delay.map(seconds))
            line.add("dsn", event.dsn)
            line.say(", status=")
            line.say(event.name.rawValue)
            line.say(" (")
            line.say(event.reply ?? "")
            line.say(")")
        }
        return line.text
    }

    static func severity(_ event: RelayEvent) -> LogWriter.Severity {
        switch event.name {
        case .accepted, .rewritten, .relayed, .refused, .deferred, .reported, .delayed: .info
        case .routeResumed, .loginRefused, .alarmCleared, .held, .released, .suppressed: .notice
        case .failed, .expired, .inDoubt, .removed: .warning
        case .routePaused, .alarm, .quarantined, .deadLettered: .error
        }
    }

    /// Seconds with at most three decimals, as Postfix has it.
    static func seconds(_ duration: Duration) -> String {
        // Less than nothing when the wall clock was set back.
        let milliseconds = max(0, duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction)"
    }
}

/// `name=value` for each value that there is, with commas between them.
private struct FieldLine {
    private(set) var text = ""
    private var isFirst = true

    init(id: QueueID?) {
        text.reserveCapacity(320)
        guard let id else { return }
        text += id.description
        text += ": "
    }

    /// Words that are no field.
    mutating func say(_ words: String) { text += words }

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        begin(name)
        text += value
    }

    mutating func add(_ name: String, address: String?) {
        guard let address else { return }
        begin(name)
        text += "<"
        text += address
        text += ">"
    }

    /// A list of fields.
    mutating func add(_ fields: String?) {
        guard let fields else { return }
        separate()
        text += fields
    }

    private mutating func begin(_ name: String) {
        separate()
        text += name
        text += "="
    }

    private mutating func separate() {
        if !isFirst { text += ", " }
        isFirst = false
    }
}
