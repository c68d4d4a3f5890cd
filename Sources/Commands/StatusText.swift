internal import ControlProtocol

/// `status` for people, on one screen: what is wrong comes first. Each section is a few lines, which `StatusScreen` chooses from.
struct StatusText {
    let report: StatusReport
    /// Seconds since 1970.
    let now: Double

    /// What a terminal has at least.
    private static let screen = 24
    /// Accounts that are shown however long the rest is; all are in `--json`.
    private static let fewestAccounts = 4, mostAccounts = 10

    var lines: [StyledLine] {
        let before = [head] + state + route + queue + rate + connections + space
        let after = dkim + errors(.max) + settings + remarks
        // The prompt wants a line, and so do the names of the columns.
        let room = Self.screen - 2 - before.count - after.count
        return before + accounts(min(Self.mostAccounts, max(Self.fewestAccounts, room))) + after
    }

    var head: StyledLine {
        let uptime = report.uptime.map { ", up \(humanDuration($0))" } ?? ", since \(report.startedAt)"
        return StyledLine("fairlead \(report.version)", .bold).adding(" on \(report.hostname)\(uptime)")
    }

    // MARK: Trouble

    var state: [StyledLine] {
        guard !report.alarms.isEmpty else { return [calm] }
        return report.alarms.flatMap { alarm in
            let name = [alarm.kind, alarm.subject, alarm.detail].compactMap(\.self).joined(separator: " ")
            return [
                StyledLine.labelled(alarm.grave ? "ALARM" : "warning", name, alarm.grave ? .red : .yellow).adding(" since \(alarm.since)"),
                .labelled("  because", alarm.cause), .labelled("  to do", alarm.cure),
            ]
        }
    }

    /// What is not an alarm, or not yet.
    private var calm: StyledLine {
        if report.queue.storage != "ok" { return .labelled("state", "no mail is accepted", .red) }
        if report.route.state != "open" { return .labelled("state", "nothing leaves for the moment", .yellow) }
        if !report.warnings.isEmpty { return .labelled("state", "mail flows; there are warnings", .yellow) }
        return .labelled("state", "all is well", .green)
    }

    var route: [StyledLine] {
        let route = report.route
        // What stands in the alarm above is not said twice.
        let isTold = report.alarms.contains { $0.kind == "route_paused" || $0.kind == "quota_exceeded" }
        let connections = report.connections
        var lines = [
            StyledLine.labelled("route", route.state, route.state == "open" ? .green : .red).adding(
                "  \(route.host)  \(connections.upstream) of \(connections.upstreamLimit) connections, \(connections.upstreamBusy) busy")
        ]
        if !isTold, let reason = route.reason { lines.append(.labelled("  because", reason)) }
        if !isTold, let cure = route.cure { lines.append(.labelled("  to do", cure)) }
        if let since = route.since {
            lines.append(.labelled("  since", since + (route.nextProbeIn.map { ", next try in \(humanDuration($0))" } ?? "")))
        }
        return lines
    }

    // MARK: Figures

    var queue: [StyledLine] {
        let queue = report.queue
        let oldest = queue.oldestAge.map { ", oldest \(humanDuration($0))" } ?? ""
        var line = StyledLine.labelled("queue", "\(queue.messages) messages for \(queue.recipients) recipients\(oldest)")
        if queue.held > 0 { line.add(", \(queue.held) held", .yellow) }
        var lines = [line]
        if queue.suspects > 0 {
            lines.append(.labelled("  suspects", "\(queue.suspects), tried alone because the daemon ended while they were"))
        }
        if queue.quarantined > 0 {
            lines.append(StyledLine.labelled("  set aside", "\(queue.quarantined)", .red).adding(" (see `fairlead queue list`)"))
        }
        if queue.dead > 0 {
            lines.append(
                StyledLine.labelled("  dead", "\(queue.dead)", .red).adding(" failed, and nobody was told (see `fairlead queue list`)"))
        }
        return lines
    }

    var rate: [StyledLine] {
        let sending = report.sending
        var line = StyledLine.labelled("rate", "\(sending.lastSecond)/s now")
        if let limit = sending.effectiveLimit ?? sending.limit {
            line.add(" of \(limit)/s ")
            line.add(Self.bar(sending.lastSecond, of: limit), .dim)
            if let configured = sending.limit, limit < configured {
                line.add(" (limit \(configured)/s, but the upstream refused more)", .yellow)
            }
        } else {
            line.add(", no limit")
        }
        line.add(", \(sending.lastMinute) in the last minute")
        return [line] + day
    }

    private var day: [StyledLine] {
        let sending = report.sending
        var lines: [StyledLine] = []
        if let quota = report.quota {
            var line = StyledLine.labelled("24 hours", "\(quota.used) recipients relayed")
            if let limit = quota.limit { line = line.adding(" of \(limit) ").adding(Self.bar(quota.used, of: limit), .dim) }
            lines.append(line)
        }
        let reports = report.reports.sent > 0 ? ", \(report.reports.sent) reports sent, \(report.reports.bounced) of them failed" : ""
        lines.append(
            .labelled(
                "outcomes", "\(sending.relayed) relayed, \(sending.deferred) deferred, \(sending.failed) failed since the start\(reports)"))
        return lines
    }

    var connections: [StyledLine] { [.labelled("connections", "\(report.connections.submission) from apps")] }

    var space: [StyledLine] {
        var lines: [StyledLine] = []
        if report.queue.storage != "ok" { lines.append(.labelled("storage", report.queue.storage, .red)) }
        if let space = report.space {
            let text = "\(Self.mebibytes(space.free)) free" + (space.freeInodes.map { ", \($0) inodes" } ?? "")
            lines.append(space.level == "ok" ? .labelled("disk", text) : .labelled("disk", "\(space.level): \(text)", .red))
        }
        return lines
    }

    // MARK: Accounts and identities

    /// The busiest, with a line above them that names the columns.
    func accounts(_ limit: Int) -> [StyledLine] {
        guard !report.accounts.isEmpty, limit > 0 else { return [] }
        let busiest = report.accounts.sorted { ($0.queued, $0.accepted24h, $1.name) > ($1.queued, $1.accepted24h, $0.name) }
        let isMore = busiest.count > limit
        var table = FigureTable(["account, 24 hours", "accepted", "limit", "relayed", "queued", ""], leading: 1)
        for account in busiest.prefix(isMore ? max(1, limit - 1) : limit) {
            table.add([
                account.name, "\(account.accepted24h)", account.daily.map { "\($0)" } ?? "-", account.relayed24h.map { "\($0)" } ?? "-",
                "\(account.queued)", account.mode == "live" ? "" : "staging: \(account.mode)",
            ])
        }
        guard isMore, limit > 1 else { return table.lines }
        return table.lines + [StyledLine("and \(busiest.count - limit + 1) more accounts (--json has them all)", .dim)]
    }

    var dkim: [StyledLine] {
        report.dkim.flatMap { identity in
            var line = StyledLine.labelled("dkim", "\(identity.identity): ")
            if let selector = identity.selector { line.add("signed with \(selector)") } else { line.add("not signed by us", .yellow) }
            line.add(identity.since.map { " since \($0)" } ?? "")
            var lines = [line]
            if let awaited = identity.awaited { lines.append(.labelled("  waits for", "\(awaited): \(identity.reason ?? "")")) }
            if let cure = identity.cure { lines.append(.labelled("  to do", cure)) }
            if let old = identity.oldRecord, let time = identity.oldRecordUntil {
                lines.append(.labelled("  old record", "\(old) must stay until \(time)"))
            }
            return lines
        }
    }

    // MARK: The rest

    func errors(_ limit: Int) -> [StyledLine] {
        let errors = report.errors ?? report.lastError.map { [StatusReport.RecentError(text: $0.text, time: $0.time, count: 1)] } ?? []
        return errors.prefix(max(0, limit)).enumerated().map { index, error in
            let ago = EventText.seconds(error.time).map { humanDuration(now - $0) + " ago" } ?? error.time
            return StyledLine.labelled(index == 0 ? "last errors" : "", ago, .dim).adding(error.count > 1 ? "  \(error.count) times" : "")
                .adding("  " + error.text)
        }
    }

    var settings: [StyledLine] {
        guard let configuration = report.configuration else { return [] }
        var line = StyledLine.labelled("settings", "\(configuration.path), read \(configuration.loadedAt.prefix(19))Z")
        if let end = EventText.seconds(configuration.certificateExpires) {
            line.add(end > now ? ", certificate good for \(humanDuration(end - now))" : ", certificate expired")
        }
        guard let versions = report.versions else { return [line] }
        return [line, .labelled("versions", "fairlead \(versions.fairlead), OpenSSL \(versions.openssl), SQLite \(versions.sqlite)")]
    }

    var remarks: [StyledLine] {
        var lines: [StyledLine] = []
        if report.logLinesLost > 0 {
            lines.append(.labelled("log", "\(report.logLinesLost) lines lost, because nobody took them", .yellow))
        }
        return lines + report.warnings.map { .labelled("warning", $0, .yellow) }
    }

    /// `[######----]`
    private static func bar(_ value: Int, of limit: Int) -> String {
        let width = 20
        let filled = limit <= 0 ? 0 : min(width, Int((Double(max(0, value)) / Double(limit) * Double(width)).rounded(.up)))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]"
    }

    private static func mebibytes(_ octets: Int) -> String {
        octets >= 10 << 30 ? "\(octets >> 30) GiB" : "\(octets >> 20) MiB"
    }
}
