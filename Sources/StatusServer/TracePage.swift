internal import ControlProtocol

/// What became of the messages that a word means.
struct TracePage {
    let word: String
    /// `nil` if the history cannot be read now.
    let report: TraceReport?
    let status: StatusReport

    /// Messages on one page.
    private static let limit = 100

    var page: Page {
        Page(
            title: "Trace of \(word) · \(status.hostname) · Fairlead", hostname: status.hostname, version: status.version, word: word,
            main: "<h1 class=\"trace\">Trace of <q>\(HTMLText.escaped(word))</q></h1>\n" + content)
    }

    private var content: String {
        guard let report else { return "<p>The history cannot be read now; try again in a moment.</p>" }
        guard !report.messages.isEmpty else {
            return "<p>Nothing is known of it. A word is a queue id, a whole Message-ID, an SES id or a whole address of a recipient; "
                + "the history reaches back as far as <code>queue.history</code> says.</p>"
        }
        let more = report.messages.count > Self.limit ? "<p class=\"muted\">The first \(Self.limit) are shown.</p>" : ""
        return report.messages.prefix(Self.limit).map(message).joined(separator: "\n") + more
    }

    private func message(_ message: TraceReport.Message) -> String {
        let id = message.messageID.map { " <span class=\"muted\">\(HTMLText.escaped($0))</span>" } ?? ""
        return """
            <section class="story" aria-labelledby="m-\(HTMLText.escaped(message.queueID))">
            <h2 id="m-\(HTMLText.escaped(message.queueID))">\(HTMLText.escaped(message.queueID))\(id)</h2>
            <ol>\(message.events.map(step).joined(separator: "\n"))</ol>
            </section>
            """
    }

    private func step(_ event: EventRecord) -> String {
        let facts: [(String, String?)] = [
            ("account", event.account), ("relay", event.relay), ("SES id", event.sesID), ("DSN", event.dsn),
            ("attempt", event.attempt.map(String.init)),
        ]
        let shown = facts.compactMap { name, value in value.map { "\(name) \($0)" } }
        return """
            <li class="\(EventRow.style(event.event))">\(HTMLText.time(event.time)) \(EventRow.badge(event)) \
            <span>\(EventRow.recipients(event))</span>
            <p>\(EventRow.detail(event))</p><p class="muted">\(HTMLText.escaped(shown.joined(separator: " · ")))</p></li>
            """
    }
}
