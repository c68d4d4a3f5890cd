import MailModel
@testable import MailQueue
@testable import RelayDaemon
import Testing

/// One table: what is found, and the alarms that follow.
@Suite struct AlarmFactsTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let reply = Reply(454, StatusDetail(7, 0), "Throttling failure: Daily message quota exceeded.")

    private static func pause(_ trouble: RouteTrouble) -> AlarmFacts.Pause { AlarmFacts.Pause(trouble: trouble, since: now + .seconds(-3)) }

    private static func facts(_ change: (inout AlarmFacts) -> Void = { _ in }) -> AlarmFacts {
        var facts = AlarmFacts()
        (facts.now, facts.queuePath) = (now, "/var/lib/fairlead")
        change(&facts)
        return facts
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let facts: AlarmFacts
        /// Kind, subject, patience in seconds, whether it is grave, and words of the cause.
        let alarms: [(AlarmKind, String, Int, Bool, String)]
        var testDescription: String { name }

        init(_ name: String, _ alarms: [(AlarmKind, String, Int, Bool, String)], _ change: (inout AlarmFacts) -> Void) {
            self.name = name
            self.alarms = alarms
            facts = AlarmFactsTests.facts(change)
        }
    }

    static let rows: [Row] = [
        Row("nothing", []) { _ in },
        Row("wrong password", [(.routePaused, "", 0, true, "nothing leaves: 535 Authentication Credentials Invalid")]) {
            $0.pause = pause(.loginRefused("535 Authentication Credentials Invalid"))
        },
        Row("paused account", [(.routePaused, "", 0, true, "554")]) {
            $0.pause = pause(.accountRefused(Reply(554, nil, "Sending paused")))
        },
        Row("upstream down", [(.routePaused, "", 30, true, "Connection refused")]) { $0.pause = pause(.unreachable("Connection refused")) },
        Row("too many connections", [(.routePaused, "", 30, true, "421")]) {
            $0.pause = pause(.tooManyConnections(Reply(421, nil, "Too many concurrent SMTP connections")))
        },
        Row("a moment's throttling", []) { $0.pause = pause(.throttled(Reply(454, nil, "Maximum sending rate exceeded"))) },
        Row("long throttling", [(.upstreamThrottled, "", 300, false, "about 7 recipients a second")]) {
            ($0.configuredRate, $0.effectiveRate) = (14, 7)
        },
        Row("nearly the rate", []) { ($0.configuredRate, $0.effectiveRate) = (14, 13) },
        Row("lost identity", [(.identityHeld, "mail.example.com", 0, true, "554 Message rejected")]) {
            $0.holds = [.init(identity: "mail.example.com", reply: "554 Message rejected: Email address is not verified.", since: now)]
        },
        Row("SES's quota", [(.quotaExceeded, "", 0, true, "Daily message quota exceeded")]) { $0.pause = pause(.quotaExceeded(reply)) },
        Row("both quotas are one alarm", [(.quotaExceeded, "", 0, true, "454")]) {
            $0.pause = pause(.quotaExceeded(reply))
            $0.quota = .init(name: "", used: 200, limit: 200)
        },
        Row("our quota", [(.quotaExceeded, "", 0, true, "200 of the 200")]) { $0.quota = .init(name: "", used: 200, limit: 200) },
        Row("80 % of it", [(.quota80, "", 0, false, "160 of the 200")]) { $0.quota = .init(name: "", used: 160, limit: 200) },
        Row("79 % of it", []) { $0.quota = .init(name: "", used: 159, limit: 200) },
        Row(
            "accounts",
            [
                (.accountDaily80, "crm", 0, false, "80 of the 100"),
                (.accountDailyReached, "erp", 0, false, "is refused: it used 7 of the 7"),
            ]
        ) {
            $0.accounts = [
                .init(name: "app", used: 79, limit: 100), .init(name: "crm", used: 80, limit: 100), .init(name: "erp", used: 7, limit: 7),
            ]
        },
        Row("storage fails", [(.storageFailed, "", 0, true, "fdatasync: Input/output error")]) {
            $0.storage = .unhealthy("fdatasync: Input/output error")
        },
        Row("disk full", [(.storageFull, "", 0, true, "3 MiB and 7 inodes are free in /var/lib/fairlead")]) {
            $0.storage = .outOfSpace
            $0.space = StorageSpace(level: .full, freeOctets: 3 << 20, freeInodes: 7)
        },
        Row("disk full before anything failed", [(.storageFull, "", 0, true, "3 MiB are free")]) {
            $0.space = StorageSpace(level: .full, freeOctets: 3 << 20, freeInodes: nil)
        },
        Row("space low", [(.spaceLow, "", 0, false, "900 MiB are free")]) {
            $0.space = StorageSpace(level: .low, freeOctets: 900 << 20, freeInodes: nil)
        },
        Row("set aside", [(.quarantined, "", 0, true, "1 message")]) { $0.quarantined = 1 },
        Row("dead letters", [(.deadLetter, "", 0, true, "2 messages")]) { $0.dead = 2 },
        Row("dead letters to the operator", [(.deadLetter, "", 0, true, "among them alarms to the operator")]) {
            ($0.dead, $0.isOperatorUnreachable) = (2, true)
        },
        Row("queue old", [(.queueOld, "", 0, true, "longer than 1 h")]) { $0.oldestAge = .seconds(3601) },
        Row("queue not that old", []) { $0.oldestAge = .seconds(3600) },
        Row("backlog", [(.backlog, "", 0, true, "6 h at the present rate")]) {
            $0.backlog = "it would take 6 h at the present rate"
        },
        Row("history", [(.historyFailing, "", 0, false, "disk I/O error")]) { $0.historyFailure = "disk I/O error" },
        Row("certificate", [(.certificateExpiring, "", 0, false, "expires on 2027-01-28")]) {
            $0.certificateExpiry = now + .seconds(13 * 86_400)
        },
        Row("certificate over", [(.certificateExpiring, "", 0, true, "expired on")]) { $0.certificateExpiry = now + .seconds(-1) },
        Row("certificate good", []) { $0.certificateExpiry = now + .seconds(14 * 86_400) },
        Row("files", [(.filesRefused, "", 30, false, "what was stays in force: tls.private_key: no")]) {
            $0.filesRefused = FilesRefusal(text: "tls.private_key: no", since: now)
        },
        Row("clock", [(.clockStepped, "", 0, false, "set back by 1 h")]) { $0.clockStep = .seconds(-3600) },
    ]

    @Test(arguments: rows) func follows(_ row: Row) {
        let conditions = row.facts.conditions
        #expect(conditions.map(\.key.kind) == row.alarms.map(\.0))
        for (condition, wanted) in zip(conditions, row.alarms) {
            #expect(condition.key.subject == wanted.1)
            #expect(condition.patience == .seconds(wanted.2))
            #expect(condition.isGrave == wanted.3)
            #expect(condition.cause.contains(wanted.4), "\(condition.cause)")
            #expect(!condition.cure.isEmpty && !condition.cure.hasSuffix("."))
        }
    }

    @Test func everyKindHasARow() {
        #expect(Set(Self.rows.flatMap(\.alarms).map(\.0)) == Set(AlarmKind.allCases).subtracting([.daemonFailed]))
    }
}
