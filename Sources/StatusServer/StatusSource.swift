public import ControlProtocol

/// What the pages show: the daemon, as seen from its HTTP server. Everything here answers within a few seconds, whatever storage does.
public protocol StatusSource: Sendable {
    /// What `fairlead status` answers.
    func status() async -> StatusReport
    func metrics() async -> MetricsReport
    /// One point of the plots.
    func sample() async -> Sample
    /// Whether every part that must take turns still does.
    func isAlive() async -> Bool
    /// Why no mail can be accepted at the moment; `nil` if it can.
    func refusal() async -> String?
    /// The latest events, the newest last; `nil` if the history cannot be read now.
    func events(_ count: Int) async -> [EventRecord]?
    /// What `fairlead trace` answers; `nil` if the history cannot be read now.
    func trace(_ word: String) async -> TraceReport?
}
