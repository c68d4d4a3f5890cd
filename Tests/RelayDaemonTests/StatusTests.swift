import ControlProtocol
import MailQueue
@testable import RelayDaemon
import Synchronization
import Testing

@Suite struct HealthTests {
    private static func status(_ change: (inout StatusReport) -> Void) -> StatusReport {
        var status = StatusReport.stopping
        status.route.state = "open"
        status.queue.storage = "ok"
        change(&status)
        return status
    }

    private static func alarm(_ kind: String, grave: Bool) -> StatusReport.Alarm {
        StatusReport.Alarm(kind: kind, subject: nil, detail: nil, grave: grave, since: "", cause: "the cause", cure: "the cure")
    }

    private static func pause(_ cause: String) -> StatusReport {
        status {
            $0.route.state = "paused"
            $0.route.cause = cause
            $0.route.reason = "535 no"
        }
    }

    @Test(
        arguments: [
            (status { _ in }, 0, "OK: 0 queued"),
            (status { $0.warnings = ["hostname is odd"] }, 1, "WARNING: hostname is odd; 0 queued"),
            (
                status { $0.alarms = [alarm("quarantined", grave: false)] }, 1,
                "WARNING: quarantined: the cause; to do: the cure; 0 queued"
            ),
            (
                status { $0.alarms = [alarm("route_paused", grave: true), alarm("quarantined", grave: false)] }, 2,
                "CRITICAL: route_paused: the cause; to do: the cure; 2 alarms in all; 0 queued"
            ),
            // Before it has lasted long enough for an alarm.
            (pause("unreachable"), 2, "CRITICAL: the route is paused: 535 no; 0 queued"),
            (pause("throttled"), 1, "WARNING: the route is paused: 535 no; 0 queued"),
            (status { $0.queue.storage = "failed: x" }, 2, "CRITICAL: no mail is accepted: failed: x; 0 queued"),
        ])
    func grades(_ status: StatusReport, grade: Int32, summary: String) {
        #expect(HealthReport(status) == HealthReport(grade: grade, summary: summary))
    }

    @Test func reportsSurviveTheSocket() throws {
        var status = Self.status { $0.alarms = [Self.alarm("storage_full", grave: true)] }
        status.space = StatusReport.Space(free: 1, freeInodes: nil, level: "full")
        status.quota = StatusReport.Quota(used: 5, limit: 10)
        status.accounts = [StatusReport.Account(name: "crm", accepted24h: 7, daily: 100, queued: 1)]
        status.accounts[0].relayed24h = 6
        status.sending.perSecond = [1, 2, 3]
        status.errors = [StatusReport.RecentError(text: "550 no", time: "2026-03-01T09:05:07.123Z", count: 3)]
        status.versions = StatusReport.Versions(fairlead: "1", openssl: "3", sqlite: "3.4")
        status.configuration = StatusReport.Configuration(path: "/x", loadedAt: "", generation: "0", certificateExpires: "")
        status.configuration?.filesRefused = StatusReport.LastError(text: "no", time: "")
        status.uptime = 5
        let json = try ControlCoding.encode(status)
        #expect(try ControlCoding.decode(StatusReport.self, from: json) == status)
        let text = String(decoding: json, as: UTF8.self)
        for name in [
            "\"accepted_24h\":7", "\"dead\":0", "\"suspects\":0", "\"log_lines_lost\":0", "\"level\":\"full\"", "\"relayed_24h\":6",
            "\"per_second\":[1,2,3]", "\"errors\":[{", "\"loaded_at\":", "\"certificate_expires\":", "\"files_refused\":{", "\"uptime\":5",
        ] {
            #expect(text.contains(name), "\(name)")
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct FirstAnswerTests {
    /// Storage that hangs costs its patience, not the answer.
    @Test func whoeverHangsIsNotWaitedFor() async {
        #expect(await answer(within: .seconds(30)) { 7 } == 7)
        #expect(await answer(within: .seconds(30)) { nil as Int? } == nil)
        let gate = Gate()
        await gate.enter()
        let begin = ContinuousClock.now
        let late: Int? = await answer(within: .milliseconds(50)) {
            await gate.enter()
            return 7
        }
        #expect(late == nil && begin.duration(to: .now) < .seconds(10))
        gate.leave()
    }
}
