internal import ArgumentParser
internal import ControlProtocol

struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Live events: accepted, rewritten, relayed, deferred, failed.")

    @Option(name: .short, help: ArgumentHelp("How many past events to show first.", valueName: "N"))
    var n = 10
    @Flag(name: .long, help: "Show the past events and end.")
    var noFollow = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var client = try ControlClient(config: common.config)
        try client.ask(ControlRequest(.tail, count: max(0, n), follow: !noFollow)) { line in
            if output.json {
                Terminal.line(String(decoding: line, as: UTF8.self))
            } else {
                Terminal.line(EventText.line(try ControlCoding.decode(EventRecord.self, from: line)))
            }
        }
    }
}

struct Trace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The whole story of a message, by queue id, Message-ID, SES id or recipient; also after it left.")

    @Argument(help: "A queue id, a Message-ID, an SES id or a recipient's address.")
    var word: String
    @Flag(help: "Also the headers of what is still queued: as they came, and as they will be sent.") var headers = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var client = try ControlClient(config: common.config)
        var request = ControlRequest(.trace, word: word)
        request.headers = headers ? true : nil
        let answer = try client.value(TraceReport.self, request)
        if output.json {
            Terminal.line(String(decoding: answer.json, as: UTF8.self))
            return
        }
        guard !answer.value.messages.isEmpty else {
            Terminal.line("nothing known of \(word)")
            return
        }
        for message in answer.value.messages {
            Terminal.line(Terminal.styled("\(message.queueID)  \(message.messageID ?? "")", .bold))
            for event in message.events { Terminal.line("  " + EventText.line(event)) }
            if headers { show(message) }
        }
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
