internal import ArgumentParser
internal import ControlProtocol

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put new configuration, certificates, accounts and secrets in force; bad ones change nothing.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        var client = try ControlClient(config: common.config)
        try client.ask(ControlRequest(.reload)) { line in
            Terminal.line(String(decoding: line, as: UTF8.self))
        }
    }
}
