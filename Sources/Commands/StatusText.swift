internal import ControlProtocol

/// `status` for people, on one screen: what is wrong comes first.
enum StatusText {
    /// Accounts that are shown; the rest is in `--json`.
    private static let accountLimit = 10

    static func lines(_ report: StatusReport) -> [String] {
        ["fairlead \(report.version) on \(report.hostname), since \(report.startedAt)"] + state(report) + route(report)
            + queue(report) + sending(report) + accounts(report.accounts) + remarks(report)
    }

    private static func line(_ label: String, _ text: String) -> String {
        label + String(repeating: " ", count: max(1, 12 - label.count)) + text
    }

    private static func state(_ report: StatusReport) -> [String] {
        guard !report.alarms.isEmpty else { return [line("state", Terminal.styled("all is well", .green))] }
        return report.alarms.flatMap { alarm in
            let name = [alarm.kind, alarm.subject, alarm.detail].compactMap(\.self).joined(separator: " ")
            return [
                line(alarm.grave ? "ALARM" : "warning", "\(Terminal.styled(name, alarm.grave ? .red : .yellow)), since \(alarm.since)"),
                line("  because", alarm.cause), line("  to do", alarm.cure),
            ]
        }
    }

    private static func route(_ report: StatusReport) -> [String] {
        let route = report.route
        // What stands in the alarm above is not said twice.
        let isTold = report.alarms.contains { $0.kind == "route_paused" || $0.kind == "quota_exceeded" }
        let isOpen = route.state == "open"
        var lines = [line("route", "\(Terminal.styled(route.state, isOpen ? .green : .red))  \(route.host)")]
        if !isTold, let reason = route.reason { lines.append(line("  because", reason)) }
        if !isTold, let cure = route.cure { lines.append(line("  to do", cure)) }
        if let since = route.since {
            lines.append(line("  since", since + (route.nextProbeIn.map { ", next try in \(humanDuration($0))" } ?? "")))
        }
        return lines
    }

    private static func queue(_ report: StatusReport) -> [String] {
        let queue = report.queue
        let oldest = queue.oldestAge.map { ", oldest \(humanDuration($0))" } ?? ""
        var lines = [line("queue", "\(queue.messages) messages for \(queue.recipients) recipients\(oldest)")]
        if queue.held > 0 { lines.append(line("  held", "\(queue.held)")) }
        if queue.suspects > 0 {
            lines.append(line("  suspects", "\(queue.suspects), tried alone because the daemon ended while they were"))
        }
        if queue.quarantined > 0 {
            lines.append(line("  set aside", Terminal.styled("\(queue.quarantined)", .red) + " (see `fairlead queue list`)"))
        }
        if queue.dead > 0 {
            lines.append(
                line("  dead", Terminal.styled("\(queue.dead)", .red) + " failed, and nobody was told (see `fairlead queue list`)"))
        }
        if queue.storage != "ok" { lines.append(line("storage", Terminal.styled(queue.storage, .red))) }
        if let space = report.space {
            let inodes = space.freeInodes.map { ", \($0) inodes" } ?? ""
            let text = "\(mebibytes(space.free)) free\(inodes)"
            lines.append(line("disk", space.level == "ok" ? text : Terminal.styled("\(space.level): \(text)", .red)))
        }
        return lines
    }

    private static func sending(_ report: StatusReport) -> [String] {
        let sending = report.sending
        let limit = sending.limit.map { "\($0)/s" } ?? "none"
        let isLess = sending.effectiveLimit != nil && sending.effectiveLimit != sending.limit
        let effective = isLess ? ", \(sending.effectiveLimit ?? 0)/s in force because the upstream refused more" : ""
        var lines = [
            line("rate", "\(sending.lastSecond)/s now, \(sending.lastMinute) in the last minute; limit \(limit)\(effective)")
        ]
        if let quota = report.quota {
            lines.append(line("24 hours", "\(quota.used) recipients relayed" + (quota.limit.map { " of \($0)" } ?? "")))
        }
        lines.append(line("outcomes", "\(sending.relayed) relayed, \(sending.deferred) deferred, \(sending.failed) failed since the start"))
        if report.reports.sent > 0 {
            lines.append(line("reports", "\(report.reports.sent) sent since the start, \(report.reports.bounced) of them failed"))
        }
        let connections = report.connections
        lines.append(
            line(
                "connections",
                "\(connections.submission) from apps; "
                    + "\(connections.upstream) of \(connections.upstreamLimit) upstream, \(connections.upstreamBusy) busy"))
        return lines
    }

    /// The busiest.
    private static func accounts(_ accounts: [StatusReport.Account]) -> [String] {
        let busiest = accounts.sorted { ($0.queued, $0.accepted24h, $1.name) > ($1.queued, $1.accepted24h, $0.name) }
        var lines = busiest.prefix(accountLimit).map { account in
            let daily = account.daily.map { " of \($0)" } ?? ""
            return line(
                "account",
                "\(account.name): \(account.accepted24h)\(daily) recipients in 24 hours, \(account.queued) messages queued"
                    + (account.mode == "live" ? "" : "; " + Terminal.styled("staging: \(account.mode)", .yellow)))
        }
        if busiest.count > accountLimit {
            lines.append(line("", "and \(busiest.count - accountLimit) more accounts (--json has them all)"))
        }
        return lines
    }

    private static func remarks(_ report: StatusReport) -> [String] {
        var lines: [String] = []
        if let error = report.lastError { lines.append(line("last error", "\(error.time)  \(error.text)")) }
        if report.logLinesLost > 0 {
            lines.append(line("log", Terminal.styled("\(report.logLinesLost) lines lost, because nobody took them", .yellow)))
        }
        return lines + report.warnings.map { Terminal.styled(line("warning", $0), .yellow) }
    }

    private static func mebibytes(_ octets: Int) -> String {
        octets >= 10 << 30 ? "\(octets >> 30) GiB" : "\(octets >> 20) MiB"
    }
}
