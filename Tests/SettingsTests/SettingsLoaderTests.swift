import Cryptography
import Glibc
import MailModel
import SafeIO
import Settings
import Testing

@Suite struct SettingsLoaderTests {
    private func messages(_ settings: LoadedSettings) -> [String] { settings.warnings.map(\.message) }

    @Test func goodSettings() throws {
        let folder = try TestFolder()
        let settings = try folder.load()
        #expect(settings.warnings == [])
        #expect(settings.keysWithoutEffect == [])
        #expect(settings.hostname.description == "relay.example.com")
        #expect(settings.certificateExpiry.description.hasPrefix("2046-11-16"))
        #expect(settings.defaultIdentity.signingKey.bits == 2048)
        #expect(settings.passwords.names.map(\.description) == ["crm"])
        #expect(settings.credentials.username == "AKIAIOSFODNN7EXAMPLE")
        #expect(settings.upstreamAuthorities == nil)
        #expect(settings.aliases.isEmpty)
    }

    @Test func usersOfThisHost() throws {
        let folder = try TestFolder()
        let text = try folder.read("fairlead.yaml")
        try folder.write("fairlead.yaml", text + "local: { accounts: { root: shop, \"4711\": crm, no-such-user: crm } }\n")
        let settings = try folder.load()
        #expect(settings.localAccounts.mapValues(\.description) == [0: "shop", 4711: "crm"])
        #expect(messages(settings).count == 1)
        #expect(messages(settings).first?.contains("no user no-such-user") ?? false)
        try folder.write("fairlead.yaml", text + "queue: { path: /srv/queue// }\nlocal: { socket: /x/y.sock }\n")
        let others = try folder.load().configuration
        #expect((others.submitSocket, others.maildrop) == ("/x/y.sock", "/srv/queue-maildrop"))
    }

    @Test func nothingSecretIsPrinted() throws {
        let folder = try TestFolder()
        let settings = try folder.load()
        var text = "\(settings) \(String(reflecting: settings))"
        dump(settings, to: &text)
        for secret in ["BMW5RDrXmm", "e6v3lSbiaf0", "PRIVATE KEY", "45, 45, 45, 45, 66, 69, 71, 73, 78, 32, 80"] {
            #expect(!text.contains(secret))
        }
    }

    @Test func authoritiesAliasesAndTheirKeysWithoutEffect() throws {
        let folder = try TestFolder()
        let text = try folder.read("fairlead.yaml").replacing(
            "credentials: ses.env", with: "credentials: ses.env, ca_file: tls/fullchain.pem")
        try folder.write("fairlead.yaml", text + "aliases: aliases\naccounts: { crm: { lifetime: 1h }, erp: { lifetime: 2h } }\n")
        let settings = try folder.load()
        #expect(settings.upstreamAuthorities != nil)
        #expect(settings.aliases.alias(for: try Mailbox(parsing: "support@mail.example.com".utf8))?.targets.count == 2)
        #expect(settings.keysWithoutEffect.map(\.key) == [])
        #expect(settings.keysWithoutEffect.map(\.line) == settings.keysWithoutEffect.map(\.line).sorted { ($0 ?? 0) < ($1 ?? 0) })
        #expect(settings.keysWithoutEffect.allSatisfy { $0.severity == .warning && $0.line != nil })
    }

    @Test(arguments: [
        ("tls/fullchain.pem", "tls/expired.pem", "expired on 2026-11-22"), ("dkim/fl2026.pem", "dkim/short.pem", "has 1024 bits"),
    ])
    func warnings(_ good: String, _ odd: String, _ message: String) throws {
        let folder = try TestFolder()
        try folder.write("fairlead.yaml", try folder.read("fairlead.yaml").replacing(good, with: odd))
        let settings = try folder.load()
        #expect(settings.warnings.count == 1)
        #expect(settings.warnings.first?.line != nil)
        #expect(messages(settings).first?.contains(message) ?? false)
    }

    @Test(arguments: ["expired", "expires on"])
    func datesOfTheCertificate(_ message: String) throws {
        let folder = try TestFolder()
        let leaf = try #require(try Certificate.chain(pem: try WholeFile.read(folder.path + "/tls/expired.pem")).first)
        let now = message == "expired" ? leaf.notAfter + 1 : leaf.notBefore
        try folder.write("fairlead.yaml", try folder.read("fairlead.yaml").replacing("fullchain", with: "expired"))
        let loader = SettingsLoader(environment: { _ in nil }, clock: { Timestamp(seconds: now) })
        let settings = try loader.load(folder.path + "/fairlead.yaml")
        #expect(messages(settings).count == 1)
        #expect(messages(settings).first?.contains(message) ?? false)
    }

    @Test func emptyPasswordFileIsAWarning() throws {
        let folder = try TestFolder()
        try folder.write("passwords", "# nobody yet\n")
        #expect(messages(try folder.load()).first?.contains("nobody can log in") ?? false)
    }

    @Test(
        arguments: [
            ("alarm-command", 0o755, nil), ("alarm-command", 0o644, "is not executable; run: chmod +x"),
            ("tls", 0o755, "is not a regular file"),
            ("nowhere", 0o755, "No such file or directory"), ("none", 0o755, nil),
        ] as [(String, UInt32, String?)])
    func alarmCommandIsLookedAt(_ name: String, mode: UInt32, message: String?) throws {
        let folder = try TestFolder()
        try folder.write("alarm-command", "#!/bin/sh\n", mode: mode)
        try folder.write("fairlead.yaml", try folder.read("fairlead.yaml") + "alarm: { command: \(name) }\n")
        let settings = try folder.load()
        #expect(settings.warnings.count == (message == nil ? 0 : 1))
        #expect(settings.warnings.first?.key == (message == nil ? nil : "alarm.command"))
        #expect(settings.warnings.allSatisfy { $0.line == 9 })
        #expect(messages(settings).first?.contains(message ?? "") ?? true)
    }

    @Test func environmentFillsGaps() throws {
        let folder = try TestFolder()
        let variables = ["SES_SMTP_USERNAME": "AKIAIOSFODNN7EXAMPLE", "SES_SMTP_PASSWORD": "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"]
        let both = try folder.load(environment: variables)
        #expect(both.credentials.password.exposed.starts(with: "BMW5".utf8))
        #expect(messages(both).count == 1)
        folder.remove("ses.env")
        let without = try folder.load(environment: variables)
        #expect(without.credentials.password.exposed.starts(with: "BLBM".utf8))
        #expect(messages(without).first?.contains("does not exist") ?? false)
    }

    @Test func credentialsDirectoryIsExempt() throws {
        let folder = try TestFolder()
        chmod(folder.path + "/ses.env", 0o444)
        #expect(throws: SettingsError.self) { try folder.load() }
        #expect(throws: SettingsError.self) { try folder.load(environment: ["CREDENTIALS_DIRECTORY": folder.path + "/tls"]) }
        #expect(throws: SettingsError.self) { try folder.load(environment: ["CREDENTIALS_DIRECTORY": folder.path + "/ses"]) }
        #expect(throws: SettingsError.self) { try folder.load(environment: ["CREDENTIALS_DIRECTORY": ""]) }
        #expect(try folder.load(environment: ["CREDENTIALS_DIRECTORY": folder.path]).warnings == [])
    }

    /// Debian's way: `root:fairlead 0640`, and keys of the group `ssl-cert`.
    @Test(arguments: [(0o640, true), (0o600, true), (0o440, true), (0o660, true), (0o641, true), (0o644, false), (0o602, false)])
    func modes(_ mode: UInt32, isAccepted: Bool) throws {
        let folder = try TestFolder()
        chmod(folder.path + "/ses.env", mode)
        if isAccepted {
            _ = try folder.load()
        } else {
            #expect(throws: SettingsError.self) { try folder.load() }
        }
    }

    @Test(.enabled(if: geteuid() == 0 && getgrnam("ssl-cert") != nil))
    func groupOfCertificatesMayRead() throws {
        let folder = try TestFolder()
        chmod(folder.path + "/tls/privkey.pem", 0o640)
        chown(folder.path + "/tls/privkey.pem", 0, try #require(getgrnam("ssl-cert")).pointee.gr_gid)
        _ = try folder.load()
    }

    @Test func fifoDoesNotHang() throws {
        let folder = try TestFolder()
        folder.remove("ses.env")
        mkfifo(folder.path + "/ses.env", 0o600)
        #expect(throws: SettingsError.self) { try folder.load() }
    }

    @Test func mostSpecificIdentityCovers() throws {
        let folder = try TestFolder()
        let identities = ["domain: example.com", "domain: mail.example.com", "address: vip@mail.example.com"]
            .map { "  - { \($0), dkim: { private_key: dkim/fl2026.pem } }\n" }.joined()
        let one = "  - domain: mail.example.com\n    dkim: { selector: fl2026, private_key: dkim/fl2026.pem }\n"
        try folder.write("fairlead.yaml", try folder.read("fairlead.yaml").replacing(one, with: identities))
        let settings = try folder.load()
        for (mailbox, subject) in [
            ("a@example.com", "example.com"), ("a@x.mail.example.com", "mail.example.com"),
            ("vip@mail.example.com", "vip@mail.example.com"),
            ("vip+1@mail.example.com", "vip@mail.example.com"), ("a@other.example", nil),
        ] as [(String, String?)] {
            #expect(settings.identity(covering: try Mailbox(parsing: Array(mailbox.utf8)))?.identity.subject.description == subject)
        }
        #expect(settings.defaultIdentity.identity.subject.description == "example.com")
    }

    @Test func manyAccounts() throws {
        let folder = try TestFolder()
        let accounts = (0..<5000).map { "  app\($0): { from: [\"*@mail.example.com\"], rate: 5/s }\n" }.joined()
        try folder.write("fairlead.yaml", try folder.read("fairlead.yaml") + "accounts:\n" + accounts)
        #expect(try folder.load().configuration.accounts.count == 5000)
    }
}
