internal import ControlProtocol

/// The one page that shows how the relay is.
struct Dashboard {
    let status: StatusReport
    /// Newest first; `nil` if they cannot be had now.
    let events: [EventRecord]?
    let samples: [Sample]
    let span: Timeline.Span
    /// Seconds since 1970.
    let now: Int

    static let eventCount = 30

    var page: Page {
        let health = HealthReport(status)
        return Page(
            title: "\(word(health)) · \(status.hostname) · Fairlead", hostname: status.hostname, version: status.version, isLive: true,
            main: [state(health), matters, figures, plots, accounts, recent].joined(separator: "\n"))
    }

    private func word(_ health: HealthReport) -> String {
        switch health.grade {
        case 0: "All is well"
        case 1: "Needs a look"
        default: "Trouble"
        }
    }

    // MARK: State

    private func state(_ health: HealthReport) -> String {
        let style = ["good", "warn"].indices.contains(Int(health.grade)) ? ["good", "warn"][Int(health.grade)] : "bad"
        let route = status.route.state == "open" ? "Mail leaves through" : "No mail leaves through"
        return """
            <section id="state" class="state \(style)" data-part aria-labelledby="state-title">
            <h1 id="state-title">\(word(health))</h1>
            <p>\(route) \(HTMLText.escaped(status.route.host)); \(HTMLText.number(status.queue.messages)) messages wait. \
            Since \(HTMLText.time(status.startedAt)).</p>
            </section>
            """
    }

    private var matters: String {
        let all = Matter.all(status)
        guard !all.isEmpty else { return "<section id=\"matters\" data-part></section>" }
        let items = all.map { matter in
            let since = matter.since.map { " <span class=\"muted\">since \(HTMLText.time($0))</span>" } ?? ""
            return """
                <li class="\(matter.isGrave ? "bad" : "warn")"><h3>\(HTMLText.escaped(matter.title))\(since)</h3>
                <dl><dt>Because</dt><dd>\(HTMLText.escaped(matter.cause))</dd><dt>To do</dt><dd>\(HTMLText.escaped(matter.cure))</dd></dl></li>
                """
        }
        return """
            <section id="matters" data-part aria-labelledby="matters-title">
            <h2 id="matters-title">Holds and alarms</h2>
            <ul class="matters">\(items.joined())</ul>
            </section>
            """
    }

    // MARK: Figures

    private var figures: String {
        let sending = status.sending
        let connections = status.connections
        var tiles = [
            tile(
                "Queue", HTMLText.number(status.queue.messages),
                status.queue.oldestAge.map { "oldest \(HTMLText.duration($0)), \(HTMLText.number(status.queue.recipients)) recipients" }
                    ?? "nothing waits"),
            tile(
                "Sending", "\(HTMLText.number(sending.lastSecond))/s",
                "\(HTMLText.number(sending.lastMinute)) in the last minute; limit \(limit(sending))"),
            tile(
                "Relayed", HTMLText.number(sending.relayed),
                "\(HTMLText.number(sending.deferred)) deferred, \(HTMLText.number(sending.failed)) failed since the start"),
        ]
        if let quota = status.quota {
            tiles.append(
                tile(
                    "24 hours", HTMLText.number(quota.used),
                    quota.limit.map { "recipients of \(HTMLText.number($0))" } ?? "recipients, no limit"))
        }
        tiles.append(
            tile(
                "Connections", HTMLText.number(connections.submission),
                "from apps; \(connections.upstream) of \(connections.upstreamLimit) to SES, \(connections.upstreamBusy) busy"))
        if let space = status.space {
            let inodes = space.freeInodes.map { "and \(HTMLText.number($0)) inodes" } ?? "for the queue"
            tiles.append(tile("Free space", HTMLText.size(space.free), space.level == "ok" ? inodes : "\(space.level): \(inodes)"))
        }
        return "<section id=\"figures\" data-part aria-label=\"Figures\"><dl class=\"tiles\">\(tiles.joined())</dl></section>"
    }

    private func tile(_ name: String, _ value: String, _ remark: String) -> String {
        "<div><dt>\(name)</dt><dd><strong>\(value)</strong> <span>\(HTMLText.escaped(remark))</span></dd></div>"
    }

    private func limit(_ sending: StatusReport.Sending) -> String {
        guard let limit = sending.limit else { return "none" }
        guard let effective = sending.effectiveLimit, effective != limit else { return "\(limit)/s" }
        return "\(limit)/s, \(effective)/s in force"
    }

    // MARK: Plots

    private var plots: String {
        let links = Timeline.Span.allCases.map { other in
            "<a href=\"/?span=\(other.rawValue)\"\(other == span ? " aria-current=\"true\"" : "")>\(other.rawValue)</a>"
        }
        return """
            <section id="plots" data-part aria-labelledby="plots-title">
            <h2 id="plots-title">Last \(span.name)</h2>
            <nav class="spans" aria-label="Length of the plots">\(links.joined())</nav>
            <div class="plots">
            \(Plot.throughput(samples, span, now: now).html)
            \(Plot.queue(samples, span, now: now).html)
            </div>
            </section>
            """
    }
}
