internal import ArgumentParser
internal import ControlProtocol
internal import MailModel
internal import RelayDaemon
internal import SafeIO

extension Check {
    struct Message: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What would become of a message: the rules, the header before and after, signature, alignment, the answer.",
            discussion: "Nothing is stored or sent, and no daemon is needed. Exit status 0: it would be accepted; 65: refused.")

        @Argument(help: ArgumentHelp("The message with its header; - is standard input.", valueName: "file")) var file: String
        @Option(help: ArgumentHelp("The account that sends it; without one, an account without an entry.", valueName: "name"))
        var account = "app"
        @Option(help: ArgumentHelp("A recipient; may be given again. Without one, those in To and Cc.", valueName: "address"))
        var to: [String] = []
        @Option(help: ArgumentHelp("The envelope sender; empty for <>. Without one, the author in From.", valueName: "address"))
        var from: String?
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        /// What the largest message may have, and some for its own header.
        private static let limit = 64 << 20

        func run() async throws {
            guard let name = AccountName(account) else { throw failure("\(account) is not an account name", Sysexits.usage) }
            let octets: [UInt8]
            do throws(SystemCallError) {
                octets = try WholeFile.read(file == "-" ? "/dev/stdin" : file, limit: Self.limit)
            } catch {
                throw failure("\(error)", Sysexits.noInput)
            }
            let recipients = try to.map { try mailbox($0, "--to") }
            let sender = try from.map { $0.isEmpty ? ReversePath.null : .mailbox(try mailbox($0, "--from")) }
            let report: MessageCheckReport
            do throws(StartFailure) {
                report = try MessageCheck.run(
                    octets, account: name, reversePath: sender, recipients: recipients, configuration: common.config)
            } catch {
                for line in error.lines { Terminal.error("fairlead: \(line)") }
                throw ExitCode(error.code)
            }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(report), as: UTF8.self))
            } else {
                for line in Self.lines(report) { Terminal.line(line) }
            }
            if !report.accepted { throw ExitCode(Sysexits.data) }
        }

        private func mailbox(_ text: String, _ option: String) throws -> Mailbox {
            do throws(AddressError) {
                return try Mailbox(parsing: Array(text.utf8))
            } catch {
                throw failure("\(option): \(text) is not an address; write one such as anna@example.com", Sysexits.usage)
            }
        }

        private static func lines(_ report: MessageCheckReport) -> [String] {
            var lines = [
                (report.accepted ? Terminal.styled("accepted", .green) : Terminal.styled("refused", .red)) + "  \(report.reply)"
            ]
            if report.mode != "live" { lines.append("staging   account \(report.account): \(report.mode)") }
            guard report.accepted else { return lines }
            lines += report.rules.map { "rule      \($0)" }
            lines.append("envelope  from <\(report.sender ?? "")> to \(report.recipients.joined(separator: ", "))")
            if let alignment = report.alignment {
                lines.append(
                    "dmarc     \(alignment.dmarc ? "passes" : "fails"): DKIM alignment \(alignment.dkim), SPF alignment \(alignment.spf) "
                        + "if SES has a custom MAIL FROM domain, else none")
            }
            if let signature = report.signature {
                lines.append("dkim      d=\(signature.domain) s=\(signature.selector) h=\(signature.signedFields.joined(separator: ":"))")
            }
            if report.signature == nil { lines.append("dkim      none of ours: its key waits for the DNS (publish: pending)") }
            if let reply = report.upstreamReply { lines.append("ses       \(reply)") }
            lines.append("size      \(report.size ?? 0) octets")
            for change in report.headers {
                if let before = change.before { lines.append(Terminal.styled("- \(before)", .red)) }
                if let after = change.after { lines.append(Terminal.styled("+ \(after)", .green)) }
            }
            return lines
        }
    }
}
