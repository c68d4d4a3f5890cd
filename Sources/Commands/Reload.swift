internal import ArgumentParser
internal import ControlProtocol

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put new configuration, certificates, accounts and secrets in force; bad ones change nothing.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard ConfigurationFile.controlSocket(of: common.config) != nil else {
            // What cannot be read cannot be put in force either: the daemon keeps what it has.
            _ = try ConfigurationFile.read(common.config)
            return
        }
        var client = try ControlClient(config: common.config)
        try client.ask(ControlRequest(.reload)) { line in
            Terminal.line(String(decoding: line, as: UTF8.self))
        }
    }
}
