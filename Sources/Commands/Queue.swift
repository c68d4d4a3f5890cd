internal import ArgumentParser
internal import ControlProtocol

struct Queue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the queue and change it.",
        subcommands: [
            List.self, Show.self, Retry.self, Hold.self, Release.self, Remove.self, Rewrite.self, Verify.self, Export.self, Salvage.self,
        ],
        defaultSubcommand: List.self)

    /// Which messages are meant.
    struct Selection: ParsableArguments {
        @Option(help: ArgumentHelp("Messages of this account.", valueName: "name")) var account: String?
        @Option(help: ArgumentHelp("Messages with this recipient.", valueName: "address")) var recipient: String?
        @Option(help: ArgumentHelp("Messages accepted longer ago than this, such as 15min, 2h, 4d.", valueName: "duration"))
        var olderThan: String?
        @Option(help: ArgumentHelp("Messages in this state: waiting, hold, quarantine or dead.", valueName: "state")) var state: String?
        @Flag(help: "Every message.") var all = false

        func filter(ids: [String]) throws -> QueueFilter {
            var seconds: Double?
            if let olderThan {
                guard let parsed = DurationText.seconds(olderThan) else {
                    throw ValidationError("--older-than \(olderThan): expected a number and a unit, such as 30s, 15min, 2h or 4d")
                }
                seconds = parsed
            }
            return QueueFilter(
                ids: ids.isEmpty ? nil : ids, account: account, recipient: recipient, olderThan: seconds, all: all ? true : nil,
                state: state)
        }

        /// For orders: an empty selection must not mean everything.
        func required(ids: [String]) throws -> QueueFilter {
            let filter = try filter(ids: ids)
            if filter.isEmpty {
                throw ValidationError("name messages by id, --account, --recipient, --state or --older-than, or say --all")
            }
            return filter
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What is queued; with --json one object a line.")

        @Option(help: ArgumentHelp("The most messages to show.", valueName: "N")) var limit: Int?
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            var table = Table(["ID", "STATE", "AGE", "SIZE", "ACCOUNT", "RECIPIENT", "REASON"])
            var count = 0
            let request = ControlRequest(.queueList, filter: try selection.filter(ids: []), count: limit)
            try await QueueQuestion.ask(request, config: common.config) { line in
                if output.json {
                    Terminal.line(String(decoding: line, as: UTF8.self))
                    return
                }
                let entry = try ControlCoding.decode(QueueEntry.self, from: line)
                count += 1
                let waiting = entry.recipients.first { $0.state == "waiting" } ?? entry.recipients.first
                let more = entry.recipients.count > 1 ? " and \(entry.recipients.count - 1) more" : ""
                table.add([
                    entry.queueID, entry.queueName, humanDuration(ageOf(entry)), "\(entry.messageSize)", entry.account,
                    (waiting?.address ?? "-") + more, waiting?.delayReason ?? "",
                ])
            }
            guard !output.json else { return }
            table.print()
            if Terminal.isInteractive { Terminal.line(count == 0 ? "the queue is empty" : "\(count) messages") }
        }

        private func ageOf(_ entry: QueueEntry) -> Double { Double(wallClockSeconds() - entry.arrivalTime) }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One message: envelope, recipients, attempts, and the header that will be sent.")

        @Argument(help: "The queue id.") var id: String
        @Flag(help: "The header as it came, in place of the one that will be sent.") var original = false
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let request = ControlRequest(.queueShow, filter: QueueFilter(ids: [id]))
            var answer: (entry: QueueEntry, json: [UInt8])?
            try await QueueQuestion.ask(request, config: common.config) { line in
                answer = (try ControlCoding.decode(QueueEntry.self, from: line), line)
            }
            guard let (entry, json) = answer else { throw failure("the daemon's answer was empty", Sysexits.software) }
            if output.json {
                Terminal.line(String(decoding: json, as: UTF8.self))
                return
            }
            Terminal.line("id         \(entry.queueID)  (\(entry.queueName))")
            Terminal.line("account    \(entry.account)")
            Terminal.line("sender     <\(entry.sender)>")
            Terminal.line("size       \(entry.messageSize)")
            for recipient in entry.recipients {
                Terminal.line("recipient  <\(recipient.address)>  \(recipient.state), \(recipient.attempts) attempts")
                if let reason = recipient.delayReason { Terminal.line("           \(reason)") }
                if let next = recipient.nextAttempt { Terminal.line("           next try \(next)") }
            }
            if let generation = entry.generation, !generation.isEmpty { Terminal.line("settings   \(generation)") }
            if original, entry.originalHeader == nil {
                throw failure("the header that came in was not kept with this message", Sysexits.data)
            }
            if let header = original ? entry.originalHeader : entry.header { Terminal.line("\n\(Terminal.harmless(header))") }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make messages due now; also lifts holds and probes a paused route at once.")
        @Argument(help: "Queue ids.") var ids: [String] = []
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions
        func run() async throws { try order(.queueRetry, try selection.required(ids: ids), "due now", output, common) }
    }

    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Keep messages back until they are released.")
        @Argument(help: "Queue ids.") var ids: [String] = []
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions
        func run() async throws { try order(.queueHold, try selection.required(ids: ids), "held", output, common) }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let held messages go.")
        @Argument(help: "Queue ids.") var ids: [String] = []
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions
        func run() async throws { try order(.queueRelease, try selection.required(ids: ids), "released", output, common) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Throw messages away, unsent and unreported; the history keeps that it was done.")
        @Argument(help: "Queue ids.") var ids: [String] = []
        @OptionGroup var selection: Selection
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions
        func run() async throws { try order(.queueRemove, try selection.required(ids: ids), "removed", output, common) }
    }

    private static func order(
        _ command: ControlRequest.Command, _ filter: QueueFilter, _ word: String, _ output: OutputOptions, _ common: CommonOptions
    ) throws {
        var client = try ControlClient(config: common.config)
        let trailer = try client.ask(ControlRequest(command, filter: filter)) { _ in }
        let count = trailer.changed ?? 0
        Terminal.line(output.json ? "{\"changed\":\(count)}" : "\(count) \(count == 1 ? "message" : "messages") \(word)")
    }
}
