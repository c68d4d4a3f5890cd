internal import ArgumentParser
internal import RelayDaemon

struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Everything at once on a laptop: relay, SES sandbox, certificate, key and account; shows what happens, live.")

    @Option(help: ArgumentHelp("Where to keep it all; made if missing, used again if not.", valueName: "folder"))
    var dir = "./dev"
    @Option(
        help: ArgumentHelp("The port for STARTTLS; TLS is one above, the sandbox two above, the dashboard three above.", valueName: "port"))
    var port: UInt16 = 2587
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let environment: DevEnvironment
        do throws(StartFailure) {
            environment = try await DevEnvironment.start(folder: dir, port: port)
        } catch {
            for line in error.lines { Terminal.error("fairlead: \(line)") }
            throw ExitCode(error.code)
        }
        for line in environment.howToConnect { Terminal.line(line) }
        Terminal.line("\nWhat happens, live (Ctrl-C ends):")
        environment.follow { Terminal.line(EventText.line($0)) }
        await untilTerminated()
        await environment.stop()
    }
}
