import ControlProtocol
import MailModel
import Testing

@testable import StatusServer

@Suite struct PageTests {
    private static let hostile = "<script>alert(1)</script>\" onload='x' \u{202E}"

    private static func status() -> StatusReport {
        StatusReport(
            version: "1", hostname: hostile, startedAt: "2026-11-21T09:00:00.000Z", route: .init(state: "paused", host: hostile),
            queue: .init(messages: 3, recipients: 3, held: 2, quarantined: 1, oldestAge: 5, storage: hostile),
            sending: .init(lastSecond: 0, lastMinute: 0, limit: 14, running: 0, relayed: 0, deferred: 0, failed: 0),
            connections: .init(submission: 0, upstream: 0, upstreamBusy: 0, upstreamLimit: 10), lastError: nil, warnings: [hostile])
    }

    private static func event() -> EventRecord {
        var event = EventRecord(RelayEvent(.relayed, at: Timestamp(seconds: 1_800_000_000)))
        (event.queueID, event.account, event.recipients, event.reply) = (hostile, hostile, [hostile, hostile], hostile)
        return event
    }

    /// Whatever comes from outside is text, wherever it stands.
    @Test func nothingFromOutsideBecomesMarkup() {
        var status = Self.status()
        status.accounts = [.init(name: Self.hostile, accepted24h: 1, daily: nil, queued: 1)]
        status.alarms = [
            .init(
                kind: Self.hostile, subject: Self.hostile, detail: nil, grave: true, since: Self.hostile, cause: Self.hostile,
                cure: Self.hostile)
        ]
        var identity = StatusReport.DKIM(identity: Self.hostile, selector: nil)
        (identity.awaited, identity.reason) = (Self.hostile, Self.hostile)
        status.dkim = [identity]
        let dashboard = Dashboard(status: status, events: [Self.event()], samples: [], span: .hour, now: 0)
        let trace = TracePage(
            word: Self.hostile,
            report: TraceReport(messages: [.init(queueID: Self.hostile, messageID: Self.hostile, events: [Self.event()])]),
            status: status)
        for html in [dashboard.page.html, trace.page.html] {
            #expect(html.contains("&lt;script&gt;"))
            #expect(!html.contains("<script>") && !html.contains("' onload") && !html.contains("\" onload") && !html.contains("\u{202E}"))
        }
    }

    @Test func whatHoldsMailUpIsToldWithItsCure() {
        let titles = Matter.all(Self.status()).map(\.title)
        #expect(titles == ["Route paused", "Storage", "Held messages: 2", "Set aside: 1", "Configuration"])
        #expect(Matter.all(Self.status()).allSatisfy { !$0.cause.isEmpty && !$0.cure.isEmpty })
    }

    /// An alarm says it already.
    @Test func nothingIsToldTwice() {
        var status = Self.status()
        status.alarms = ["route_paused", "storage_full", "quarantined"].map {
            .init(kind: $0, subject: nil, detail: nil, grave: true, since: "", cause: "c", cure: "d")
        }
        #expect(
            Matter.all(status).map(\.title) == ["Route paused", "Storage full", "Quarantined", "Held messages: 2", "Configuration"])
    }

    @Test func historyThatCannotBeReadIsSaid() {
        let html = Dashboard(status: Self.status(), events: nil, samples: [], span: .hour, now: 0).page.html
        #expect(html.contains("The history cannot be read now"))
        #expect(TracePage(word: "x", report: nil, status: Self.status()).page.html.contains("cannot be read now"))
        #expect(TracePage(word: "x", report: .init(messages: []), status: Self.status()).page.html.contains("Nothing is known"))
    }
}
