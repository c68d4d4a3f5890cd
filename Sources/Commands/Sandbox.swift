internal import ArgumentParser
internal import Cryptography
internal import MailModel
internal import Networking
internal import RelayDaemon
internal import SafeIO
internal import SESSandbox

struct Sandbox: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A local stand-in for Amazon SES: enforces its rules and keeps what it received as .eml files.")

    @Option(help: ArgumentHelp("Where to listen; 465 and 2465 are TLS from the start.", valueName: "addr:port[/implicit]"))
    var listen: [String] = ["127.0.0.1:2587"]
    @Option(help: ArgumentHelp("The certificate chain, PEM.", valueName: "file")) var certificate: String
    @Option(help: ArgumentHelp("Its private key, PEM.", valueName: "file")) var privateKey: String
    @Option(help: ArgumentHelp("The SMTP user name.", valueName: "name")) var user: String
    @Option(help: ArgumentHelp("The SMTP password.", valueName: "text")) var password: String?
    @Option(help: ArgumentHelp("A file that holds the SMTP password.", valueName: "file")) var passwordFile: String?
    @Option(help: ArgumentHelp("A verified domain or address; may be repeated.", valueName: "identity")) var identity: [String]
    @Option(help: ArgumentHelp("A configuration set that messages may name; may be repeated.", valueName: "name"))
    var configurationSet: [String] = []
    @Option(help: ArgumentHelp("Keep messages in this folder.", valueName: "folder")) var keep: String?
    @Option(help: ArgumentHelp("Keep only a line per message, in this folder.", valueName: "folder")) var journal: String?
    @Option(help: ArgumentHelp("The region named in replies.", valueName: "region")) var region = "eu-west-1"
    @Option(help: ArgumentHelp("Recipients per second.", valueName: "N")) var rate: Int?
    @Option(help: ArgumentHelp("Recipients per rolling 24 hours.", valueName: "N")) var quota: Int?
    @Option(help: ArgumentHelp("Messages per connection.", valueName: "N")) var maxMessages: Int?
    @Option(help: ArgumentHelp("Trouble to make, such as rcpt,to=*@slow.example:450 4.2.1 busy; may be repeated.", valueName: "fault"))
    var fault: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let server: SandboxServer
        do {
            server = try SandboxServer(try settings(), onTransaction: { Terminal.line(SandboxText.line($0)) })
        } catch let error as SystemCallError {
            throw failure("\(error)", Sysexits.unavailable)
        }
        server.start()
        Terminal.error("SES sandbox on \(server.addresses.map(\.description).joined(separator: ", "))")
        await untilTerminated()
        await server.stop()
    }

    private func settings() throws -> SandboxConfiguration {
        var rules = SandboxRules()
        rules.region = region
        rules.credentials = [user: Secret(try secret())]
        rules.maximumSendRate = rate
        rules.dailyQuota = quota
        rules.configurationSets = Set(configurationSet)
        if let maxMessages { rules.maximumMessagesPerConnection = maxMessages }
        rules.identities = try identity.map { text in
            do { return try SandboxIdentity(parsing: text) } catch { throw failure("--identity \(text): \(error)", Sysexits.usage) }
        }
        let listeners = try listen.flatMap { $0.split(separator: ",") }.map { text in
            guard let listener = SandboxListener(parsing: String(text)) else {
                throw failure("--listen \(text): expected a numeric address and port, such as 127.0.0.1:2587", Sysexits.usage)
            }
            return listener
        }
        let keeping: SandboxConfiguration.Keep = keep.map { .messages(folder: $0) } ?? journal.map { .journal(folder: $0) } ?? .nothing
        var settings = SandboxConfiguration(listeners: listeners, tls: try tls(), rules: rules, keep: keeping)
        settings.faults = try fault.map { text in
            do { return try SandboxFault(parsing: text) } catch { throw failure("--fault \(text): \(error)", Sysexits.usage) }
        }
        return settings
    }

    private func tls() throws -> TLSContext {
        do {
            return try TLSContext.server(
                certificateChainPEM: try WholeFile.read(certificate), privateKeyPEM: try WholeFile.read(privateKey))
        } catch {
            throw failure("--certificate, --private-key: \(error)", Sysexits.data)
        }
    }

    private func secret() throws -> [UInt8] {
        if let password { return Array(password.utf8) }
        guard let passwordFile else { throw ValidationError("give --password or --password-file") }
        do {
            var octets = try WholeFile.read(passwordFile)
            if octets.last == 10 { octets.removeLast() }
            return octets
        } catch {
            throw failure("\(error)", Sysexits.data)
        }
    }
}

/// What the sandbox did with a message, on one line.
enum SandboxText {
    static func line(_ transaction: SandboxTransaction) -> String {
        String(decoding: transaction.json, as: UTF8.self)
    }
}
