internal import ArgumentParser
internal import ControlProtocol

struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Live events: accepted, rewritten, relayed, deferred, failed.",
        discussion: "Conditions add up: with several, only events that fit all of them are shown.")

    @Option(name: .short, help: ArgumentHelp("How many past events to show first. Default: 10, or with --since all.", valueName: "N"))
    var n: Int?
    @Option(help: "Only events of this account.") var account: String?
    @Option(help: ArgumentHelp("Only events that concern this recipient: an address, or @domain.", valueName: "address"))
    var recipient: String?
    @Flag(help: "Only mail and logins that did not get through: failed, expired, refused, set aside, dead.") var failed = false
    @Option(help: ArgumentHelp("Past events from then on: \(PointInTime.help).", valueName: "time")) var since: String?
    @Flag(name: .long, help: "Show the past events and end.")
    var noFollow = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let n, n < 0 { throw ValidationError("-n takes a number that is not negative, not \(n)") }
        if let since, PointInTime.seconds(since, now: 0) == nil {
            throw ValidationError("--since does not understand '\(since)'; write \(PointInTime.help)")
        }
    }

    func run() async throws {
        var request = ControlRequest(.tail, count: n, follow: !noFollow)
        let question = EventQuestion(
            account: account, recipient: recipient, failed: failed ? true : nil,
            since: since.flatMap { PointInTime.seconds($0, now: Double(wallClockSeconds())) })
        if !question.isEmpty { request.events = question }
        if noFollow {
            try await QueueQuestion.ask(request, config: common.config, show)
        } else {
            var client = try ControlClient(config: common.config)
            try client.ask(request, show)
        }
    }

    private func show(_ line: [UInt8]) throws {
        if output.json {
            Terminal.line(String(decoding: line, as: UTF8.self))
        } else {
            Terminal.line(EventText.line(try ControlCoding.decode(EventRecord.self, from: line)))
        }
    }
}
