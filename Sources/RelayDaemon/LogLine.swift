internal import ControlProtocol
internal import MailModel

/// The log's words for an event: the form that Postfix users' tools already read, one line per recipient outcome.
enum LogLine {
    /// `<queue id>: to=<...>, account=..., relay=host[ip]:port, delay=0.2, dsn=2.0.0, status=relayed (250 Ok <SES id>)`
    static func text(_ event: RelayEvent) -> String {
        let id = event.queueID.map { "\($0): " } ?? ""
        switch event.name {
        case .accepted:
            return id
                + fields([
                    ("client", event.client), ("account", event.account?.description), ("from", "<\(event.sender ?? "")>"),
                    ("size", event.messageSize.map(String.init)), ("nrcpt", String(event.recipients.count)),
                    ("message-id", event.messageID), (nil, event.alignment),
                ])
        case .rewritten:
            return id + "rewritten: " + fields([("from_before", event.fromBefore), ("from_after", event.fromAfter)])
        case .loginRefused:
            // One stable line: ban rules of intrusion guards match it.
            let account = event.account?.description ?? "unknown"
            return "login refused: client=\(event.client ?? "unknown"), account=\(account), reason=\(event.reply ?? "")"
        case .refused:
            return "message refused: "
                + fields([
                    ("client", event.client), ("account", event.account?.description), ("from", event.sender.map { "<\($0)>" }),
                    ("reply", event.reply),
                ])
        case .routePaused: return "route paused: \(event.reply ?? "")"
        case .routeResumed: return "route open again: \(event.reply ?? "")"
        case .alarm: return "alarm \(event.relay ?? ""): \(event.reply ?? "")"
        case .alarmCleared: return "alarm over \(event.relay ?? ""): \(event.reply ?? "")"
        case .suppressed: return "suppressed: to=\(event.recipients.first.map { "<\($0)>" } ?? ""), reason=\(event.reply ?? "")"
        case .delayed, .reported, .deadLettered, .held, .released, .quarantined:
            return id + "\(event.name.rawValue): " + fields([("account", event.account?.description), ("reason", event.reply)])
        case .relayed, .deferred, .failed, .expired, .inDoubt, .removed:
            let head = fields([
                ("to", event.recipients.first.map { "<\($0)>" }), ("account", event.account?.description), ("relay", event.relay),
                ("delay", event.delay.map(seconds)), ("dsn", event.dsn),
            ])
            return id + head + ", status=\(event.name.rawValue) (\(event.reply ?? ""))"
        }
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

    /// `name=value` for each value that there is; one without a name is such a list itself.
    private static func fields(_ pairs: [(String?, String?)]) -> String {
        pairs.compactMap { name, value in value.map { text in name.map { "\($0)=\(text)" } ?? text } }.joined(separator: ", ")
    }
}
