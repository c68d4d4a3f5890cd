internal import ArgumentParser
internal import ControlProtocol

extension Queue {
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the whole queue against itself: checksums, bodies, counts. Exit status 1 if something is wrong.",
            discussion: "Best while the daemon is down: then the database's pages are checked as well.")

        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            var report: VerifyReport?
            try await QueueQuestion.ask(ControlRequest(.queueVerify), config: common.config) { line in
                if output.json { Terminal.line(String(decoding: line, as: UTF8.self)) }
                report = try ControlCoding.decode(VerifyReport.self, from: line)
            }
            guard let report else { throw failure("the answer was empty", Sysexits.software) }
            if !output.json { show(report) }
            if !report.problems.isEmpty { throw ExitCode(1) }
        }

        private func show(_ report: VerifyReport) {
            Terminal.line(
                "\(report.messages) messages, \(report.recipients) recipients, \(report.octets) octets compared with their checksums")
            Terminal.line(
                "recipients of all time: \(report.accepted) accepted = \(report.relayed) relayed + \(report.failed) failed + "
                    + "\(report.removed) removed + \(report.open) open")
            if !report.checkedPages { Terminal.line("the database's pages were not checked: the daemon is running") }
            for problem in report.problems { Terminal.line("PROBLEM  \(problem)") }
            Terminal.line(
                report.problems.isEmpty ? "all is well" : "\(report.problems.count) problems; copy the folder before anything else")
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write messages to files: ID.eml as it would be sent, ID.json with envelope and state. The queue keeps them.")

        @Argument(help: "Queue ids.") var ids: [String] = []
        @OptionGroup var selection: Selection
        @Option(help: ArgumentHelp("The folder to write to; made if it is not there.", valueName: "folder")) var to: String
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let request = ControlRequest(.queueExport, filter: try selection.required(ids: ids))
            let writer = try ExportFolder(to)
            try await QueueQuestion.ask(request, config: common.config) { line in
                try writer.take(try ControlCoding.decode(ExportedPiece.self, from: line))
            }
            try writer.finish()
            Terminal.line(
                output.json
                    ? "{\"exported\":\(writer.count)}" : "\(writer.count) \(writer.count == 1 ? "message" : "messages") written to \(to)")
        }
    }
}
