internal import ArgumentParser
internal import ControlProtocol
internal import Glibc

extension Queue {
    struct Rewrite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the headers of queued messages anew, by today's rules, identities and keys.",
            discussion: """
                Author, reverse-path and signature become what they would be if the message came in now; body, recipients and age stay. A \
                message that today's rules would refuse stays as it is, and is listed.
                """)

        @Argument(help: "Queue ids.") var ids: [String] = []
        @Option(help: ArgumentHelp("Messages that leave under this verified identity.", valueName: "domain or address"))
        var identity: String?
        @Flag(help: "Only say what would become of them.") var dryRun = false
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            var filter = try selection.filter(ids: ids)
            filter.identity = identity
            if filter.isEmpty {
                throw ValidationError(
                    "name messages by id, --account, --identity, --recipient, --state or --older-than, or say --all")
            }
            guard !ControlClient.isDaemonDown(config: common.config) else {
                throw failure(
                    "the daemon is down, and its rules and keys are what messages are rewritten by: start it, and say this again",
                    Sysexits.unavailable)
            }
            var request = ControlRequest(.queueRewrite, filter: filter)
            request.dryRun = dryRun ? true : nil
            var client = try ControlClient(config: common.config)
            var counts = RewriteCounts(isDryRun: dryRun)
            try client.ask(request) { line in
                let outcome = try ControlCoding.decode(RewriteOutcome.self, from: line)
                counts.take(outcome)
                if output.json {
                    Terminal.line(String(decoding: line, as: UTF8.self))
                } else if let text = counts.text(outcome) {
                    Terminal.line(text)
                }
            }
            if !output.json { Terminal.line(counts.summary) }
        }
    }
}

/// What has become of the messages so far.
private struct RewriteCounts {
    let isDryRun: Bool
    private var counts: [RewriteOutcome.Result: Int] = [:]
    private var total = 0

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    /// How often a long run says where it is.
    private static let step = 500

    mutating func take(_ outcome: RewriteOutcome) {
        counts[outcome.result, default: 0] += 1
        total += 1
        if total % Self.step == 0, isatty(2) == 1 { Terminal.error("\(total) messages looked at, \(counts[.rewritten] ?? 0) rewritten") }
    }

    /// - Returns: `nil` for what needs no line of its own.
    func text(_ outcome: RewriteOutcome) -> String? {
        switch outcome.result {
        case .unchanged: return nil
        case .rewritten:
            var parts = [outcome.queueID, isDryRun ? "would be rewritten" : "rewritten"]
            if outcome.fromBefore != outcome.fromAfter { parts.append("From \(outcome.fromBefore ?? "-") -> \(outcome.fromAfter ?? "-")") }
            if outcome.reversePathBefore != outcome.reversePathAfter {
                parts.append("reverse-path \(outcome.reversePathBefore ?? "") -> \(outcome.reversePathAfter ?? "")")
            }
            if parts.count == 2 { parts.append("signed anew, From \(outcome.fromAfter ?? "-")") }
            return parts.joined(separator: "  ")
        case .refused, .busy, .unknown, .damaged:
            return "\(outcome.queueID)  \(Terminal.styled("stays as it is", .yellow))  \(outcome.reason ?? "")"
        }
    }

    var summary: String {
        let rewritten = counts[.rewritten] ?? 0
        var parts = ["\(rewritten) \(rewritten == 1 ? "message" : "messages") \(isDryRun ? "would be rewritten" : "rewritten")"]
        for (result, words) in [
            (RewriteOutcome.Result.unchanged, "need nothing"), (.refused, "refused by today's rules"), (.busy, "being sent"),
            (.unknown, "without their original header"), (.damaged, "damaged"),
        ] { if let count = counts[result] { parts.append("\(count) \(words)") } }
        return parts.joined(separator: ", ")
    }
}
