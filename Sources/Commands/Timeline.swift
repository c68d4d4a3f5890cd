internal import ControlProtocol

/// The story of one message for people: what it is, what came of it in one line, then what happened and how long after acceptance.
struct Timeline {
    private let message: TraceReport.Message
    private let now: Double

    /// - Parameter now: seconds since 1970.
    init(_ message: TraceReport.Message, now: Double) {
        self.message = message
        self.now = now
    }

    var lines: [String] {
        var lines = [Terminal.styled("\(message.queueID)  \(message.messageID ?? "")", .bold)]
        if let accepted = message.events.first(where: { $0.event == "accepted" }) { lines.append("  " + envelope(accepted)) }
        if let outcome { lines.append("  " + outcome) }
        lines += waiting.map { "  " + $0 }
        let start = message.events.first.flatMap { EventText.seconds($0.time) }
        return lines
            + folded.map { event, others in
                let time = EventText.seconds(event.time)
                let offset = start.flatMap { start in time.map { Self.offset($0 - start) } } ?? ""
                return "  " + EventText.clock(event.time) + "  " + offset.leftPadded(to: 9) + "  " + EventText.story(event, others: others)
            }
    }

    private func envelope(_ accepted: EventRecord) -> String {
        let size = accepted.messageSize.map { ", \($0) octets" } ?? ""
        return "from <\(accepted.sender ?? "")> by account \(accepted.account ?? "-") at \(accepted.client ?? "-")"
            + " to \(EventText.list(accepted.recipients))\(size)"
    }

    // MARK: What came of it

    /// `relayed to 2 of 3 recipients, 1 failed`
    private var outcome: String? {
        let known = Set(message.events.filter { $0.event == "accepted" }.flatMap { $0.recipients ?? [] })
        var fates: [String: String] = [:]
        for event in message.events where ["relayed", "failed", "expired", "removed"].contains(event.event) {
            for recipient in event.recipients ?? [] { fates[recipient] = event.event }
        }
        guard !fates.isEmpty || message.queued != nil else { return nil }
        let total = max(known.count, fates.count)
        func count(_ fate: String) -> Int { fates.values.count { $0 == fate } }
        var parts: [String] = []
        let relayed = count("relayed")
        if relayed > 0 {
            let to = relayed == total ? (total == 1 ? "" : " to all \(total) recipients") : " to \(relayed) of \(total) recipients"
            parts.append(Terminal.styled("relayed\(to)", .green) + took(relayed == total))
        }
        for fate in ["failed", "expired", "removed"] where count(fate) > 0 {
            parts.append(Terminal.styled(total == 1 ? fate : "\(count(fate)) \(fate)", fate == "removed" ? .yellow : .red))
        }
        if let queued = message.queued, queued.queueName != "dead" {
            parts.append(Terminal.styled("\(queued.recipients.count) waiting", .yellow))
        }
        if message.queued?.queueName == "dead" { parts.append(Terminal.styled("dead: nobody could be told", .red)) }
        return "now: " + parts.joined(separator: ", ")
    }

    private func took(_ isAll: Bool) -> String {
        guard isAll, let delay = message.events.compactMap({ $0.event == "relayed" ? $0.delay : nil }).max() else { return "" }
        return delay < 60 ? " in \(delay) s" : " in \(humanDuration(delay))"
    }

    /// Why the rest still waits, and for when: recipients with the same reason together.
    private var waiting: [String] {
        guard let queued = message.queued, queued.queueName != "dead" else { return [] }
        var order: [String] = []
        var addresses: [String: [String]] = [:]
        for recipient in queued.recipients {
            var text = queued.queueName
            if recipient.attempts > 0 { text += ", \(recipient.attempts) attempts" }
            if let next = recipient.nextAttempt, queued.queueName == "deferred" {
                let left = (EventText.seconds(next) ?? now) - now
                text += ", next at \(EventText.clock(next))" + (left > 0 ? " (in \(humanDuration(left)))" : " (now)")
            }
            if let reason = recipient.delayReason { text += "; \(reason)" }
            if addresses[text] == nil { order.append(text) }
            addresses[text, default: []].append(recipient.address)
        }
        return order.prefix(20).map { "waits: \(EventText.list(addresses[$0])): \($0)" }
    }

    // MARK: Events

    /// On a terminal, recipients that fared alike at the same time share a line.
    private var folded: [(event: EventRecord, others: Int)] {
        guard Terminal.isInteractive else { return message.events.map { ($0, 0) } }
        var folded: [(event: EventRecord, others: Int)] = []
        for event in message.events {
            if let last = folded.last, last.event.isLike(event) { folded[folded.count - 1].others += 1 } else { folded.append((event, 0)) }
        }
        return folded
    }

    /// `+0.132 s`, `+4 min 3 s`
    private static func offset(_ seconds: Double) -> String {
        guard seconds < 60 else { return "+" + humanDuration(seconds) }
        let milliseconds = Int(max(0, seconds) * 1000 + 0.5)
        let digits = String(milliseconds % 1000)
        return "+\(milliseconds / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits + " s"
    }
}

extension EventRecord {
    /// The same thing, to another recipient of the same transaction.
    fileprivate func isLike(_ next: EventRecord) -> Bool {
        guard event == next.event, recipients?.count == 1, next.recipients?.count == 1, reply == next.reply, relay == next.relay,
            let here = EventText.seconds(time), let there = EventText.seconds(next.time)
        else { return false }
        return abs(there - here) < 1
    }
}

extension String {
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
