/// One line for monitors, and a grade: 0 all is well, 1 somebody should look, 2 mail does not flow.
public struct HealthReport: Codable, Hashable, Sendable {
    public var grade: Int32
    public var summary: String

    public init(grade: Int32, summary: String) {
        self.grade = grade
        self.summary = summary
    }

    public init(_ status: StatusReport) {
        let depth = "\(status.queue.messages) queued"
        if status.queue.storage != "ok" {
            self.init(grade: 2, summary: "CRITICAL: no mail is accepted: \(status.queue.storage); \(depth)")
        } else if status.route.state != "open" {
            self.init(
                grade: 2, summary: "CRITICAL: the route is paused: \(status.route.reason ?? status.route.cause ?? "unknown"); \(depth)")
        } else if status.queue.quarantined > 0 {
            self.init(grade: 1, summary: "WARNING: \(status.queue.quarantined) messages are set aside; \(depth)")
        } else if let warning = status.warnings.first {
            self.init(grade: 1, summary: "WARNING: \(warning); \(depth)")
        } else {
            self.init(grade: 0, summary: "OK: \(depth)")
        }
    }
}
