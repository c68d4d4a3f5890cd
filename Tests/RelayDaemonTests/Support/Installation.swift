import Cryptography
import Glibc
import MailModel
import Networking
@testable import RelayDaemon
import SafeIO
import SESSandbox
import Settings

/// A folder with everything that a daemon needs, and a sandbox in place of SES.
final class Installation: Sendable {
    let folder = "/tmp/relay-test-\(getpid())-\(UInt64.random(in: 0..<(1 << 60)))"
    let sandbox: SandboxServer
    var configuration: String { folder + "/fairlead.yaml" }

    init() throws {
        for name in ["", "/tls", "/dkim"] { _ = try Directory.create(path: folder + name, mode: 0o700) }
        let (certificate, key) = try SelfSignedCertificate.make(hostNames: ["localhost"], validDays: 100)
        try WholeFile.replace(folder + "/tls/cert.pem", with: certificate, mode: 0o644)
        try WholeFile.replace(folder + "/tls/key.pem", with: key, mode: 0o600)
        try WholeFile.replace(folder + "/ca.pem", with: certificate, mode: 0o644)
        try WholeFile.replace(folder + "/dkim/key.pem", with: try RSAPrivateKey.generate().pem, mode: 0o600)
        let rules = SandboxRules(
            identities: [try SandboxIdentity(parsing: "mail.example.com")],
            credentials: ["AKIAIOSFODNN7EXAMPLE": Secret(Array(Self.sesPassword.utf8))])
        let address = try Self.loopback(0)
        sandbox = try SandboxServer(
            SandboxConfiguration(
                listeners: [SandboxListener(address, .starttls)],
                tls: try TLSContext.server(certificateChainPEM: certificate, privateKeyPEM: key), rules: rules, keep: .nothing),
            workers: WorkerPool(count: 1))
        sandbox.start()
        try setCredentials(Self.sesPassword)
        try setPassword("first")
    }

    static let sesPassword = "BGq0fXs4PmqkCFAoHxb7rY4Tkp1cXAgVOwGdKSIGxnFx"

    func setCredentials(_ password: String) throws {
        let text = "SES_SMTP_USERNAME=AKIAIOSFODNN7EXAMPLE\nSES_SMTP_PASSWORD=\(password)\n"
        try WholeFile.replace(folder + "/ses.env", with: Array(text.utf8), mode: 0o600)
    }

    func setPassword(_ password: String) throws {
        try WholeFile.replace(folder + "/passwords", with: Array("app:\(try PasswordHash.make(Array(password.utf8)))\n".utf8), mode: 0o600)
    }

    func configure(ports: [UInt16], more: String = "") throws {
        let text = """
            hostname: relay.example.com
            operator: ops@mail.example.com
            listeners:
            \(ports.map { "  - { address: \"127.0.0.1:\($0)\", tls: starttls }" }.joined(separator: "\n"))
            tls: { certificate: tls/cert.pem, private_key: tls/key.pem }
            passwords: passwords
            identities:
              - domain: mail.example.com
                default_sender: no-reply@mail.example.com
                dkim: { selector: dev, private_key: dkim/key.pem }
            upstream:
              host: localhost
              port: \(sandbox.addresses[0].port)
              ca_file: ca.pem
              credentials: ses.env
              region: eu-west-1
            queue: { path: queue }
            control: control.sock
            http: off
            \(more)

            """
        try WholeFile.replace(configuration, with: Array(text.utf8), mode: 0o644)
    }

    func remove() async {
        await sandbox.stop()
        for path in ["/queue/spool", "/queue", "/tls", "/dkim", ""].map({ folder + $0 }) {
            if let directory = try? Directory(path: path), let names = try? directory.names() {
                for name in names { _ = try? directory.remove(name) }
            }
            rmdir(path)
        }
    }

    static func loopback(_ port: UInt16) throws -> SocketAddress {
        guard let address = SocketAddress(parsing: "127.0.0.1:\(port)") else { throw SystemCallError("parse", code: EINVAL) }
        return address
    }

    /// A port that is free now.
    static func freePort() async throws -> UInt16 {
        let listener = try Listener(address: try loopback(0), workers: WorkerPool(count: 1)) { _, _ in }
        let port = listener.localAddress.port
        await listener.stop()
        return port
    }

    /// Whether somebody greets at this port.
    static func answers(_ port: UInt16) async -> Bool {
        let worker = Worker()
        return await (try? Connector.connect(host: "127.0.0.1", port: port, timeout: .seconds(5), worker: worker)) != nil
    }
}
