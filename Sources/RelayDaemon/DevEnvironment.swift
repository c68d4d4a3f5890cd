public import ControlProtocol
internal import Cryptography
internal import Glibc
internal import MailModel
internal import Networking
internal import SafeIO
internal import SESSandbox
internal import Settings

/// Relay and SES sandbox in one process, with everything they need made in one folder: for a laptop without an AWS account.
public final class DevEnvironment: Sendable {
    public static let domain = "mail.example.com"
    public static let account = "app"

    /// The configuration file that was made; every command takes it by `--config`.
    public let configurationPath: String
    /// Where the sandbox keeps what it received.
    public let keptFolder: String
    public let port: UInt16
    public let password: String
    private let relay: Relay
    private let sandbox: SandboxServer

    /// - Parameters:
    ///   - folder: made if it is missing; keys, account and queue of an earlier run are used again.
    ///   - port: STARTTLS here, TLS from the start one above, the sandbox two above, the dashboard three above.
    public static func start(folder: String, port: UInt16) async throws(StartFailure) -> DevEnvironment {
        let files: Files
        do {
            files = try Files(folder: folder, port: port)
            try files.make()
        } catch let error as SystemCallError {
            throw .unavailable("\(error)")
        } catch {
            throw .unavailable("\(folder): \(error)")
        }
        let sandbox: SandboxServer
        do {
            sandbox = try files.sandbox()
        } catch {
            throw .unavailable("the sandbox cannot start: \(error); fairlead dev --port chooses other ports")
        }
        sandbox.start()
        let relay = try await Relay.start(configuration: files.configuration, quiet: true)
        return DevEnvironment(relay: relay, sandbox: sandbox, files: files, port: port)
    }

    private init(relay: Relay, sandbox: SandboxServer, files: Files, port: UInt16) {
        self.relay = relay
        self.sandbox = sandbox
        self.port = port
        configurationPath = files.configuration
        keptFolder = files.kept
        password = files.password
    }

    public var howToConnect: [String] {
        [
            "Fairlead is running. Point an app at it:",
            "",
            "  server    localhost",
            "  port      \(port) (STARTTLS) or \(port + 1) (TLS)",
            "  user      \(Self.account)",
            "  password  \(password)",
            "  from      anything; it leaves as an address of \(Self.domain)",
            "",
            "  swaks --server localhost:\(port) --tls --auth-user \(Self.account) --auth-password \(password) \\",
            "        --from you@shop.example --to anna@customer.example",
            "",
            "The dashboard is http://localhost:\(port + 3)/",
            "The SES sandbox keeps what it received in \(keptFolder)",
            "Commands take --config \(configurationPath), such as: fairlead status, tail, trace anna@customer.example",
        ]
    }

    /// Hands over each event as it happens.
    public func follow(_ onEvent: @escaping @Sendable (EventRecord) -> Void) {
        _ = relay.hub.subscribe { onEvent(EventRecord($0)) }
    }

    /// Ends both in good order.
    public func stop() async {
        await relay.stop()
        await sandbox.stop()
    }
}

/// The files of a development folder.
private struct Files {
    let folder: String
    let port: UInt16
    let password: String
    var configuration: String { "\(folder)/fairlead.yaml" }
    var kept: String { "\(folder)/received" }

    private static let sandboxUser = "AKIAIOSFODNN7EXAMPLE"
    private let sandboxPassword: String

    init(folder: String, port: UInt16) throws {
        let directory = try Directory.create(path: folder, mode: 0o700)
        self.folder = directory.path
        self.port = port
        // Both are made once and kept, so that an app's settings stay right over restarts.
        password = try Self.kept("\(folder)/app-password") { try PasswordFile.generateSecret().exposed }
        // In the form that SES gives out, so that nothing warns of it.
        sandboxPassword = try Self.kept("\(folder)/sandbox-password") {
            SESPassword.derive(secretAccessKey: try PasswordFile.generateSecret(), region: "eu-west-1").exposed
        }
    }

    func make() throws {
        for name in ["tls", "dkim", "received"] { _ = try Directory.create(path: "\(folder)/\(name)", mode: 0o700) }
        if access("\(folder)/tls/key.pem", F_OK) != 0 {
            let made = try SelfSignedCertificate.make(hostNames: ["localhost", "127.0.0.1", "::1"], validDays: 3650)
            try WholeFile.replace("\(folder)/tls/cert.pem", with: made.certificatePEM, mode: 0o644)
            try WholeFile.replace("\(folder)/tls/key.pem", with: made.privateKeyPEM, mode: 0o600)
        }
        _ = try Self.kept("\(folder)/dkim/key.pem") { try RSAPrivateKey.generate().pem }
        let hash = try PasswordHash.make(Array(password.utf8))
        try WholeFile.replace("\(folder)/passwords", with: Array("\(DevEnvironment.account):\(hash)\n".utf8), mode: 0o600)
        let secrets = "SES_SMTP_USERNAME=\(Self.sandboxUser)\nSES_SMTP_PASSWORD=\(sandboxPassword)\n"
        try WholeFile.replace("\(folder)/ses.env", with: Array(secrets.utf8), mode: 0o600)
        try WholeFile.replace(configuration, with: Array(text.utf8), mode: 0o644)
    }

    func sandbox() throws -> SandboxServer {
        var rules = SandboxRules(
            identities: [try SandboxIdentity(parsing: DevEnvironment.domain)],
            credentials: [Self.sandboxUser: Secret(Array(sandboxPassword.utf8))])
        rules.maximumSendRate = 14
        let listeners = try ["127.0.0.1:\(port + 2)/starttls"].map { text in
            guard let listener = SandboxListener(parsing: text) else { throw SystemCallError("listen", code: EINVAL, subject: text) }
            return listener
        }
        let tls = try TLSContext.server(
            certificateChainPEM: try WholeFile.read("\(folder)/tls/cert.pem"), privateKeyPEM: try WholeFile.read("\(folder)/tls/key.pem"))
        return try SandboxServer(SandboxConfiguration(listeners: listeners, tls: tls, rules: rules, keep: .messages(folder: kept)))
    }

    private var text: String {
        """
        # Made by `fairlead dev`: a relay on this machine in front of a sandbox that stands in for Amazon SES.
        hostname: relay.localdomain
        operator: ops@\(DevEnvironment.domain)
        listeners:
          - { address: "127.0.0.1:\(port)", tls: starttls }
          - { address: "127.0.0.1:\(port + 1)", tls: implicit }
        tls: { certificate: tls/cert.pem, private_key: tls/key.pem }
        passwords: passwords
        identities:
          - domain: \(DevEnvironment.domain)
            default_sender: no-reply@\(DevEnvironment.domain)
            dkim: { selector: dev, private_key: dkim/key.pem }
        upstream:
          host: localhost
          port: \(port + 2)
          ca_file: tls/cert.pem
          credentials: ses.env
          region: eu-west-1
        queue: { path: queue }
        control: control.sock
        http: 127.0.0.1:\(port + 3)

        """
    }

    private static func kept(_ path: String, _ make: () throws -> [UInt8]) throws -> String {
        if access(path, F_OK) != 0 { try WholeFile.replace(path, with: try make(), mode: 0o600) }
        return String(decoding: try WholeFile.read(path), as: UTF8.self)
    }
}
