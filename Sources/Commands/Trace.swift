internal import ArgumentParser
internal import ControlProtocol

struct Trace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The whole story of a message, by queue id, Message-ID, SES id or recipient; also after it left.")

    @Argument(help: "A queue id, a Message-ID, an SES id or a recipient's address.")
    var word: String
    @Flag(help: "Also the headers of what is still queued: as they came, and as they will be sent.") var headers = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var request = ControlRequest(.trace, word: word)
        request.headers = headers ? true : nil
        var answer: [UInt8] = []
        try await QueueQuestion.ask(request, config: common.config) { answer = $0 }
        if output.json {
            Terminal.line(String(decoding: answer, as: UTF8.self))
            return
        }
        let report = try ControlCoding.decode(TraceReport.self, from: answer)
        if report.messages.isEmpty, report.events == nil { Terminal.line("nothing known of \(Terminal.harmless(word))") }
        for (index, message) in report.messages.enumerated() {
            if index > 0 { Terminal.line() }
            for line in Timeline(message, now: Double(wallClockSeconds())).lines { Terminal.line(line) }
            if headers { show(message) }
        }
        guard let events = report.events else { return }
        if !report.messages.isEmpty { Terminal.line() }
        Terminal.line(Terminal.styled("without a message in the queue", .bold))
        for event in events { Terminal.line("  " + EventText.line(event)) }
    }

    private func show(_ message: TraceReport.Message) {
        guard let header = message.header else {
            Terminal.line("  no longer queued: of its header the events above are what is kept")
            return
        }
        if let original = message.originalHeader {
            Terminal.line("\n" + Terminal.styled("as it came", .bold) + "\n\(Terminal.harmless(original))")
        } else {
            Terminal.line("\nthe header that came in was not kept with this message")
        }
        let settings = message.generation.map { " (settings \($0))" } ?? ""
        Terminal.line(Terminal.styled("as it will be sent\(settings)", .bold) + "\n\(Terminal.harmless(header))")
    }
}
