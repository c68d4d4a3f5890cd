internal import ArgumentParser
internal import RelayDaemon

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon in the foreground, as systemd wants it; logs to standard error.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        do throws(StartFailure) {
            try await Relay.start(configuration: common.config).run()
        } catch {
            for line in error.lines { Terminal.error("fairlead: \(line)") }
            throw ExitCode(error.code)
        }
    }
}
