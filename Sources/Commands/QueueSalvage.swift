internal import ArgumentParser
internal import ControlProtocol
internal import Glibc
internal import RelayDaemon
internal import Settings

extension Queue {
    struct Salvage: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Get every whole message out of a damaged queue into a new one. Only while the daemon is down.",
            discussion: """
                The damaged folder is only read. Afterwards let queue.path name the new folder, or put it in the place of the old one, \
                and start the daemon.
                """)

        @Option(help: ArgumentHelp("The damaged folder; the configuration's queue.path if none is named.", valueName: "folder"))
        var from: String?
        @Option(help: ArgumentHelp("The new folder, which must be empty or not there.", valueName: "folder")) var to: String
        @OptionGroup var output: OutputOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            let source = try from ?? ConfigurationFile.read(common.config).queue.path
            let report: SalvageReport
            do throws(ControlFailure) {
                report = try await StoppedQueue.salvage(from: source, to: to)
            } catch {
                throw failure(error.text, error.code)
            }
            if output.json {
                Terminal.line(String(decoding: try ControlCoding.encode(report), as: UTF8.self))
                return
            }
            Terminal.line("\(report.recovered) messages recovered into \(to)")
            if report.finished > 0 { Terminal.line("\(report.finished) were finished already") }
            if !report.damaged.isEmpty {
                Terminal.line(
                    "\(report.damaged.count) are damaged and stay in \(source): \(report.damaged.prefix(20).joined(separator: " "))")
            }
            Terminal.line("suppressed addresses are not taken along; add those again that still fail: fairlead suppress add")
            if !report.knowsFreePages {
                Terminal.line(
                    "note: the list of free pages is damaged; messages that had left without a trace in the history may be among them")
            }
        }
    }
}
