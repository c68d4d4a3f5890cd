/// One line for monitors, and a grade: 0 all is well, 1 somebody should look, 2 mail does not flow, is not accepted, or stands until somebody comes.
public struct HealthReport: Codable, Hashable, Sendable {
    public var grade: Int32
    public var summary: String

    public init(grade: Int32, summary: String) {
        self.grade = grade
        self.summary = summary
    }

    /// Grades what stops mail at once, also before it has lasted long enough for an alarm; then the alarms, then the warnings.
    public init(_ status: StatusReport) {
        let depth = "\(status.queue.messages) queued"
        let others = status.alarms.count > 1 ? "; \(status.alarms.count) alarms in all" : ""
        if let alarm = status.alarms.first {
            self.init(
                grade: alarm.grave ? 2 : 1,
                summary: "\(alarm.grave ? "CRITICAL" : "WARNING"): \(alarm.kind): \(alarm.cause); to do: \(alarm.cure)\(others); \(depth)")
        } else if status.queue.storage != "ok" {
            self.init(grade: 2, summary: "CRITICAL: no mail is accepted: \(status.queue.storage); \(depth)")
        } else if status.route.state != "open" {
            let reason = status.route.reason ?? status.route.cause ?? "unknown"
            self.init(
                grade: status.route.healsByItself ? 1 : 2,
                summary: "\(status.route.healsByItself ? "WARNING" : "CRITICAL"): the route is paused: \(reason); \(depth)")
        } else if let warning = status.warnings.first {
            self.init(grade: 1, summary: "WARNING: \(warning); \(depth)")
        } else {
            self.init(grade: 0, summary: "OK: \(depth)")
        }
    }
}

extension StatusReport.Route {
    /// A second's pause, by which a rate is kept.
    fileprivate var healsByItself: Bool { cause == "throttled" || cause == "too_many_connections" }
}
