internal import ArgumentParser
internal import ControlProtocol

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What the relay is doing now: what is wrong and what to do, route, queue, rate, accounts.")

    @Flag(help: "Stay, and show how it changes; q ends. In a pipe, one report after the other.") var watch = false
    @Option(help: ArgumentHelp("With --watch: how often to look.", valueName: "seconds")) var interval = 1.0
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0.1...3600).contains(interval) else { throw ValidationError("--interval takes 0.1 to 3600 seconds, not \(interval)") }
    }

    func run() async throws {
        guard watch else {
            var client = try ControlClient(config: common.config)
            try Self.show(client.value(StatusReport.self, ControlRequest(.status)), asJSON: output.json)
            return
        }
        if !output.json, let screen = TerminalScreen.take() {
            StatusWatch(config: common.config, interval: interval).run(on: screen)
            return
        }
        while true {
            var client = try ControlClient(config: common.config)
            try Self.show(client.value(StatusReport.self, ControlRequest(.status)), asJSON: output.json)
            if !output.json { Terminal.line() }
            try await Task.sleep(for: .seconds(interval))
        }
    }

    private static func show(_ answer: (value: StatusReport, json: [UInt8]), asJSON isJSON: Bool) {
        guard !isJSON else { return Terminal.line(String(decoding: answer.json, as: UTF8.self)) }
        for line in StatusText(report: answer.value, now: Double(wallClockSeconds())).lines { Terminal.line(line.rendered()) }
    }
}
