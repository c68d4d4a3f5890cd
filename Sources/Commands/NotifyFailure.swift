internal import ArgumentParser
internal import RelayDaemon

struct NotifyFailure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell alarm.url and alarm.command that the daemon failed; for the unit fairlead-failure.service.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let failure = DaemonFailure(configuration: common.config)
        // The journal's priority for what is critical.
        Terminal.error("<2>\(failure.line)")
        let untold = await failure.tell()
        for text in untold { Terminal.error("<3>\(text)") }
        if !untold.isEmpty { throw ExitCode(Sysexits.unavailable) }
    }
}
