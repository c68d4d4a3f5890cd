internal import ArgumentParser
internal import ControlProtocol

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the relay is doing now: what is wrong and what to do, route, queue, rate, accounts.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var client = try ControlClient(config: common.config)
        let (report, json) = try client.value(StatusReport.self, ControlRequest(.status))
        if output.json {
            Terminal.line(String(decoding: json, as: UTF8.self))
        } else {
            for line in StatusText.lines(report) { Terminal.line(line) }
        }
    }
}
