internal import ControlProtocol

/// `status --watch`: what fits on a screen of a given size, the most important first.
struct StatusScreen {
    let report: StatusReport
    /// The latest, oldest first.
    let events: [EventRecord]
    let now: Double
    /// Why what is shown is not of now.
    let trouble: String?
    let usesBlocks: Bool

    static let shortest = 6
    /// The key line at the bottom and the head at the top.
    private static let frame = 2
    /// Lines that an alarm may take for its cause, and for its cure.
    private static let paragraph = 3

    /// Exactly `height` lines.
    func lines(width: Int, height: Int) -> [StyledLine] {
        let text = StatusText(report: report, now: now)
        var top = [title(width)]
        if let trouble { top += StyledLine.labelled("daemon", trouble, .red).wrapped(to: width, most: Self.paragraph) }
        top += (text.state + text.route).flatMap { $0.wrapped(to: width, most: Self.paragraph) } + text.queue
        top += [text.rate[0]] + plot(width) + text.rate.dropFirst() + text.space
        top += text.remarks.flatMap { $0.wrapped(to: width, most: Self.paragraph) }
        let room = max(0, height - top.count - 1)
        let below = fill(room, text)
        var lines = Array((top + below).prefix(max(0, height - 1)))
        lines += [StyledLine](repeating: StyledLine(), count: max(0, height - 1 - lines.count))
        return lines + [StyledLine("q quit   fairlead trace WORD tells a message's story", .dim)]
    }

    private func title(_ width: Int) -> StyledLine {
        let head = StatusText(report: report, now: now).head
        let seconds = Int(now) % 86_400
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)) UTC"
        let gap = width - head.width - clock.count
        return gap > 0 ? head.adding(String(repeating: " ", count: gap)).adding(clock, .dim) : head
    }

    /// Accounts, errors and events share what is left.
    private func fill(_ room: Int, _ text: StatusText) -> [StyledLine] {
        guard room >= 2 else { return [] }
        let accounts = text.accounts(min(report.accounts.count, max(1, room / 3 - 1)))
        var left = room - accounts.count
        let errors = Array(text.errors(max(1, room / 5)).prefix(left))
        left -= errors.count
        guard left >= 2, !events.isEmpty else { return Array((accounts + errors).prefix(room)) }
        let shown = events.suffix(left - 1).map { event in
            StyledLine("\(event.time.dropFirst(11).prefix(8))  ", .dim).adding("\(event.queueID ?? "-")  ")
                .adding(event.event, EventText.style(of: event.event)).adding("  " + EventText.details(event).joined(separator: "  "))
        }
        return accounts + errors + [StyledLine("events", .dim)] + shown
    }

    /// The last minute, a column a second.
    private func plot(_ width: Int) -> [StyledLine] {
        guard let seconds = report.sending.perSecond, !seconds.isEmpty else { return [] }
        let shades: [Character] = usesBlocks ? ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] : ["_", ".", ":", "-", "=", "+", "*", "#"]
        let values = seconds.suffix(max(0, width - StyledLine.labelWidth))
        let most = max(1, values.max() ?? 1, report.sending.effectiveLimit ?? report.sending.limit ?? 1)
        let columns = values.map { value in
            value <= 0 ? " " : shades[min(shades.count - 1, value * shades.count / (most + 1))]
        }
        return [StyledLine.labelled("").adding(String(columns), .green)]
    }
}
