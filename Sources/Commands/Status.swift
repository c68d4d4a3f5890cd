internal import ArgumentParser
internal import ControlProtocol

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What the relay is doing now: route, queue, rate, last error.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var client = try ControlClient(config: common.config)
        let (report, json) = try client.value(StatusReport.self, ControlRequest(.status))
        if output.json {
            Terminal.line(String(decoding: json, as: UTF8.self))
        } else {
            Self.print(report)
        }
    }

    static func print(_ report: StatusReport) {
        let route = report.route
        let isOpen = route.state == "open"
        Terminal.line("fairlead \(report.version) on \(report.hostname), since \(report.startedAt)")
        Terminal.line("route       \(Terminal.styled(route.state, isOpen ? .green : .red))  \(route.host)")
        if let reason = route.reason { Terminal.line("  because   \(reason)") }
        if let cure = route.cure { Terminal.line("  to do     \(cure)") }
        if let since = route.since {
            Terminal.line("  since     \(since)\(route.nextProbeIn.map { ", next try in \(humanDuration($0))" } ?? "")")
        }
        let queue = report.queue
        let oldest = queue.oldestAge.map { ", oldest \(humanDuration($0))" } ?? ""
        Terminal.line("queue       \(queue.messages) messages for \(queue.recipients) recipients\(oldest)")
        if queue.held > 0 { Terminal.line("  held      \(queue.held)") }
        if queue.quarantined > 0 {
            Terminal.line("  set aside \(Terminal.styled("\(queue.quarantined)", .red)) (damaged: see `fairlead queue list`)")
        }
        if queue.storage != "ok" { Terminal.line("storage     \(Terminal.styled(queue.storage, .red))") }
        let sending = report.sending
        Terminal.line(
            "rate        \(sending.lastSecond)/s now, \(sending.lastMinute) in the last minute; limit "
                + (sending.limit.map { "\($0)/s" } ?? "none"))
        Terminal.line("outcomes    \(sending.relayed) relayed, \(sending.deferred) deferred, \(sending.failed) failed since the start")
        let connections = report.connections
        Terminal.line(
            "connections \(connections.submission) from apps; "
                + "\(connections.upstream) of \(connections.upstreamLimit) upstream, \(connections.upstreamBusy) busy")
        if let error = report.lastError { Terminal.line("last error  \(error.time)  \(error.text)") }
        for warning in report.warnings { Terminal.line(Terminal.styled("warning     \(warning)", .yellow)) }
    }
}
