internal import ArgumentParser
internal import ControlProtocol
internal import Glibc
internal import SafeIO

struct Suppress: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Addresses that get no more mail: refused at RCPT, with the reason.",
        discussion: "With suppress_after: N in the configuration, an address is added by itself once SES refused it N times for good.",
        subcommands: [Add.self, Remove.self, List.self], defaultSubcommand: List.self)

    /// At most so many addresses go in one request.
    private static let batch = 500

    struct Addresses: ParsableArguments {
        @Argument(help: "Addresses.") var addresses: [String] = []
        @Option(help: ArgumentHelp("A file with an address on each line; - for standard input. # begins a comment.", valueName: "file"))
        var fromFile: String?

        func all() throws -> [String] {
            var all = addresses
            if let fromFile {
                let octets: [UInt8]
                do {
                    octets = try WholeFile.read(fromFile == "-" ? "/dev/stdin" : fromFile)
                } catch {
                    Terminal.error("fairlead: \(error)")
                    throw ExitCode(Sysexits.noInput)
                }
                for line in octets.split(separator: 10) {
                    let text = String(decoding: line.prefix { $0 != UInt8(ascii: "#") }.filter { $0 > 32 }, as: UTF8.self)
                    if !text.isEmpty { all.append(text) }
                }
            }
            guard !all.isEmpty else { throw ValidationError("name addresses, or a file of them with --from-file") }
            return all
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Suppress addresses.")
        @OptionGroup var selection: Addresses
        @Option(help: ArgumentHelp("Why; clients and operators read it.", valueName: "text")) var reason: String?
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions
        func run() async throws { try Suppress.order(.suppressAdd, try selection.all(), reason, "suppressed", output, common) }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let addresses get mail again.")
        @OptionGroup var selection: Addresses
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions
        func run() async throws { try Suppress.order(.suppressRemove, try selection.all(), nil, "no longer suppressed", output, common) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What is suppressed; with --json one object a line.")
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            var client = try ControlClient(config: common.config)
            var table = Table(["ADDRESS", "SINCE", "BY", "REASON"])
            try client.ask(ControlRequest(.suppressList)) { line in
                if output.json {
                    Terminal.line(String(decoding: line, as: UTF8.self))
                    return
                }
                let entry = try ControlCoding.decode(SuppressionEntry.self, from: line)
                table.add([entry.address, entry.since, entry.origin, entry.reason])
            }
            if !output.json { table.print() }
        }
    }

    private static func order(
        _ command: ControlRequest.Command, _ addresses: [String], _ reason: String?, _ word: String, _ output: OutputOptions,
        _ common: CommonOptions
    ) throws {
        var changed = 0
        for start in stride(from: 0, to: addresses.count, by: batch) {
            var request = ControlRequest(command, word: reason)
            request.addresses = Array(addresses[start..<min(addresses.count, start + batch)])
            var client = try ControlClient(config: common.config)
            changed += try client.ask(request) { _ in }.changed ?? 0
        }
        Terminal.line(output.json ? "{\"changed\":\(changed)}" : "\(changed) \(changed == 1 ? "address" : "addresses") \(word)")
    }
}
