import MailModel
import SafeIO
import Testing
@testable import Settings

@Suite struct ConfigurationTests {
    static let required = """
        operator: ops@example.com
        tls: { certificate: tls/fullchain.pem, private_key: tls/privkey.pem }
        passwords: passwords
        identities:
          - domain: mail.example.com
        upstream: { credentials: ses.env }

        """

    private func parse(_ text: String, file: String = "/etc/fairlead/fairlead.yaml") throws(SettingsError) -> Configuration {
        try Configuration.parse(Array(text.utf8), file: file).configuration
    }

    @Test func defaults() throws {
        let configuration = try parse(Self.required)
        #expect(configuration.hostname == nil)
        #expect(configuration.operatorAddress?.description == "ops@example.com")
        #expect(configuration.listeners.map(\.address.description) == ["[::]:587", "[::]:465"])
        #expect(configuration.listeners.map(\.security) == [.starttls, .implicit])
        #expect(configuration.tls.certificate == "/etc/fairlead/tls/fullchain.pem")
        #expect(configuration.passwords == "/etc/fairlead/passwords")
        #expect(configuration.accounts.isEmpty)
        #expect(configuration.aliases == nil)
        let identity = try #require(configuration.identities.first)
        #expect(identity.defaultSender.description == "no-reply@mail.example.com")
        #expect(identity.returnPath == identity.defaultSender)
        #expect(identity.dkim.selector.description == "fl2026")
        #expect(identity.dkim.privateKey == "/etc/fairlead/dkim/mail.example.com.fl2026.pem")
        #expect(configuration.rewrite.unverifiedFrom == .rewrite)
        #expect(configuration.rewrite.displayName.description == "{name} via {domain}")
        #expect(configuration.rewrite.sesHeaders == .refuse)
        let upstream = configuration.upstream
        #expect(upstream.host.description == "email-smtp.eu-west-1.amazonaws.com")
        #expect((upstream.port, upstream.tls, upstream.caFile, upstream.effectiveRegion) == (587, .starttls, nil, "eu-west-1"))
        #expect(upstream.credentials == "/etc/fairlead/ses.env")
        #expect(upstream.rate == .limited(count: 14, per: .seconds(1)))
        #expect(upstream.dailyQuota == nil)
        #expect((upstream.connections, upstream.maxMessagesPerConnection, upstream.recipientsPerTransaction) == (10, 50, 50))
        #expect(configuration.queue.path == "/var/lib/fairlead")
        #expect((configuration.queue.lifetime, configuration.queue.history) == (.seconds(4 * 86_400), .seconds(30 * 86_400)))
        #expect(configuration.limits.messageSize == ByteCount(octets: 40_000_000))
        #expect(
            (configuration.limits.recipients, configuration.limits.connections, configuration.limits.connectionsPerIP) == (1000, 1000, 50))
        #expect(configuration.queue.delayWarning == .seconds(4 * 3600))
        #expect(configuration.suppressAfter == nil)
        #expect((configuration.alarm.url, configuration.alarm.command) == (nil, nil))
        #expect((configuration.alarm.oldest, configuration.alarm.mail) == (.seconds(3600), true))
        #expect(configuration.control == "/run/fairlead/control.sock")
        #expect(configuration.http?.description == "127.0.0.1:9587")
        #expect((configuration.submitSocket, configuration.maildrop) == ("/run/fairlead/submit.sock", "/var/lib/fairlead-maildrop"))
        #expect((configuration.local.account?.description, configuration.local.accounts) == ("local", []))
        #expect((configuration.log.level, configuration.log.format) == (.info, .auto))
    }

    /// The file that is installed shows the defaults, and nothing else but what is required.
    @Test func installedFileShowsTheDefaults() throws {
        let path = TestFolder.sources + "/../../config/fairlead.yaml"
        let (installed, warnings) = try Configuration.parse(try WholeFile.read(path), file: "/etc/fairlead/fairlead.yaml")
        #expect(warnings.isEmpty)
        #expect(installed == (try parse(Self.required)))
    }

    /// Its commented keys are right too: with every `#key` taken in, it still parses.
    @Test func installedFileIsRightInItsComments() throws {
        let text = String(decoding: try WholeFile.read(TestFolder.sources + "/../../config/fairlead.yaml"), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let content = line.drop { $0 == " " }
            guard content.hasPrefix("#"), !content.hasPrefix("# ") || content.hasPrefix("#  ") else { return String(line) }
            return String(line.prefix(line.count - content.count)) + content.dropFirst()
        }
        let configuration = try parse(lines.joined(separator: "\n"))
        #expect(configuration.listeners.count == 3)
        #expect(configuration.accounts.keys.map(\.description).sorted() == ["crm", "ses"])
        #expect(configuration.aliases == "/etc/fairlead/aliases")
        #expect(configuration.upstream.caFile == "/path/to/ca.pem")
    }

    @Test func everythingSet() throws {
        let configuration = try parse(
            """
            hostname: Relay.Example.com
            operator: ops@example.com
            listeners:
              - { address: "[::]:587", tls: starttls }
              - { address: "127.0.0.1:2525", tls: none, account: local, allow: [127.0.0.1, 172.17.0.0/16] }
              - { address: "[::1]:2525", tls: none, account: local }
            tls: { certificate: /tls/a.pem, private_key: ../b.pem }
            passwords: passwords
            accounts:
              crm: { from: ["*@mail.example.com"], rate: 5/s, daily: 2000, lifetime: 15min, reports: operator }
              web@app: { from: billing@partner.example, daily: 100/d, reports: none, ses_headers: [message-tags] }
            identities:
              - domain: mail.example.com
                default_sender: hello@news.mail.example.com
                return_path: bounce@mail.example.com
                dkim: { selector: a.b, private_key: dkim/x.pem }
              - address: Billing@partner.example
            rewrite: { unverified_from: reject, display_name: "{name}", ses_headers: strip }
            aliases: aliases
            upstream:
              { host: 127.0.0.1, port: 2465, tls: implicit, ca_file: ca.pem, credentials: ses.env, region: us-east-1, rate: unlimited,
                daily_quota: 50000, connections: 3, max_messages_per_connection: 7, recipients_per_transaction: 1 }
            queue: { path: queue, lifetime: 12h, history: 1w, delay_warning: off }
            limits: { message_size: 10MiB, recipients: 5, connections: 6, connections_per_ip: 7 }
            suppress_after: 3
            alarm: { url: "https://hooks.example.com/services/T0/B0", command: bin/alarm, oldest: 15min, mail: false }
            local: { account: none, accounts: { www-data: shop, "1000": crm }, maildrop: off }
            control: control.sock
            http: off
            log: { level: debug, format: json }
            """, file: "conf/fairlead.yaml")
        #expect(configuration.hostname?.description == "relay.example.com")
        #expect(configuration.tls.certificate == "/tls/a.pem")
        #expect(configuration.tls.privateKey == "conf/../b.pem")
        let local = try #require(AccountName("local"))
        #expect(configuration.listeners.map(\.security) == [.starttls, .none(account: local), .none(account: local)])
        #expect(configuration.listeners[1].mayConnect(try #require(IPAddress("172.17.3.4"))))
        #expect(!configuration.listeners[1].mayConnect(try #require(IPAddress("10.0.0.1"))))
        #expect(configuration.listeners[2].mayConnect(try #require(IPAddress("::1"))))
        #expect(!configuration.listeners[2].mayConnect(try #require(IPAddress("10.0.0.1"))))
        #expect(configuration.listeners[0].mayConnect(try #require(IPAddress("8.8.8.8"))))
        let crm = configuration.policy(for: try #require(AccountName("crm")))
        #expect((crm.daily, crm.lifetime, crm.rate) == (2000, .seconds(900), .limited(count: 5, per: .seconds(1))))
        #expect(crm.allows(from: try Mailbox(parsing: Array("x@mail.example.com".utf8))))
        #expect(!crm.allows(from: try Mailbox(parsing: Array("x@example.com".utf8))))
        let web = configuration.policy(for: try #require(AccountName("web@app")))
        #expect(web.sesHeaders == .allow([.messageTags]))
        #expect(web.daily == 100)
        #expect(configuration.policy(for: local) == Configuration.AccountPolicy())
        #expect(configuration.identities[1].subject.description == "Billing@partner.example")
        #expect(configuration.identities[1].domain.description == "partner.example")
        #expect(configuration.identities[1].dkim.privateKey == "conf/dkim/partner.example.fl2026.pem")
        #expect(configuration.upstream.effectiveRegion == "us-east-1")
        #expect((crm.reports, web.reports, configuration.policy(for: local).reports) == (.operator, .none, .sender))
        #expect((configuration.queue.delayWarning, configuration.suppressAfter) == (nil, 3))
        #expect(
            (configuration.alarm.command, configuration.alarm.oldest, configuration.alarm.mail) == ("conf/bin/alarm", .seconds(900), false))
        #expect(configuration.alarm.url?.target == "/services/T0/B0")
        #expect(configuration.http == nil)
        #expect((configuration.submitSocket, configuration.maildrop) == ("conf/submit.sock", nil))
        #expect(configuration.local.account == nil)
        #expect(configuration.local.accounts.map { "\($0.user) \($0.account)" } == ["www-data shop", "1000 crm"])
        #expect(configuration.limits.messageSize.octets == 10 << 20)
        let shown = Dictionary(uniqueKeysWithValues: configuration.effectiveSettings.map { ($0.key, $0.value) })
        #expect(shown["listeners[1].allow"] == "[127.0.0.1, 172.17.0.0/16]")
        #expect(shown["accounts.crm.lifetime"] == "15min")
        #expect(shown["upstream.rate"] == "unlimited")
        #expect(shown["http"] == "off")
        #expect(shown["alarm.url"] == "https://hooks.example.com/<redacted>")
        #expect(shown["queue.delay_warning"] == "off")
    }

    @Test(arguments: [
        ("anna@mail.example.com", "mail.example.com", true), ("anna@a.b.mail.example.com", "mail.example.com", true),
        ("anna@example.com", "mail.example.com", false), ("Billing@partner.example", "Billing@partner.example", true),
        ("Billing+7@partner.example", "Billing@partner.example", true), ("billing@partner.example", "Billing@partner.example", false),
        ("Billing@a.partner.example", "Billing@partner.example", false),
    ])
    func identityCovers(_ mailbox: String, _ subject: String, covers: Bool) throws {
        let key = subject.contains("@") ? "address" : "domain"
        let configuration = try parse(Self.required.replacing("domain: mail.example.com", with: "\(key): \(subject)"))
        #expect(configuration.identities[0].covers(try Mailbox(parsing: Array(mailbox.utf8))) == covers)
    }

    @Test func jsonIsAccepted() throws {
        let json =
            #"{"operator":"ops@example.com","tls":{"certificate":"tls/fullchain.pem","private_key":"tls\/privkey.pem"},"#
            + #""passwords":"passwords","identities":[{"domain":"mail.example.com"}],"upstream":{"credentials":"ses.env","port":587},"#
            + #""http":"127.0.0.1:9587"}"#
        #expect(try parse(json) == parse(Self.required))
    }

    @Test func aliasesInYAMLAreFollowed() throws {
        let configuration = try parse(Self.required + "accounts:\n  crm: &usual { rate: 5/s }\n  erp: *usual\n")
        #expect(configuration.accounts.values.map(\.rate) == [.limited(count: 5, per: .seconds(1)), .limited(count: 5, per: .seconds(1))])
    }

    @Test(
        arguments: [
            ("accounts: { crm: { from: [\"*@other.example\"] } }\n", "accounts.crm.from", "no identity covers"),
            ("accounts: { crm: { from: [\"*@*.mail.example.com\", \"*@*.example.com\", \"x@a.mail.example.com\"] } }\n", nil, nil),
            ("http: 192.0.2.1:9587\n", "http", "only /healthz is answered"),
            ("http: { address: 10.0.0.1:9587 }\n", "http", "only /healthz is answered"),
            ("http: { address: 10.0.0.1:9587, token: http.token }\n", nil, nil),
            ("http: { address: 192.0.2.1:9587, token: http.token }\n", "http", "goes over the wire as it is"),
            ("http: { address: \"[::1]:9587\", hosts: [status.example.com] }\n", nil, nil),
            ("listeners: [{ address: \"[::]:465\", tls: starttls }]\n", "listeners[0].tls", "port 465"),
        ] as [(String, String?, String?)])
    func warnings(_ text: String, key: String?, message: String?) throws {
        let warnings = try Configuration.parse(Array((Self.required + text).utf8), file: "f").warnings
        #expect(warnings.count == (key == nil ? 0 : 1))
        #expect(warnings.first?.key == key)
        #expect(warnings.first?.message.contains(message ?? "") ?? true)
    }

    @Test(
        arguments: [
            ("127.0.0.1:80", "127.0.0.1:80", nil, []), ("off", nil, nil, []), ("{ address: off }", nil, nil, []),
            ("{}", "127.0.0.1:9587", nil, []), ("{ token: http.token }", "127.0.0.1:9587", "conf/http.token", []),
            ("{ address: \"[::1]:1\", hosts: [a.example, b.example] }", "[::1]:1", nil, ["a.example", "b.example"]),
        ] as [(String, String?, String?, [String])])
    func http(_ text: String, address: String?, token: String?, hosts: [String]) throws {
        let (configuration, _) = try Configuration.parse(Array((Self.required + "http: \(text)\n").utf8), file: "conf/f")
        #expect(configuration.http?.address.description == address)
        #expect(configuration.http?.token == token)
        #expect(configuration.http?.hosts.map(\.description) ?? [] == hosts)
        let shown = Dictionary(uniqueKeysWithValues: configuration.effectiveSettings.map { ($0.key, $0.value) })
        #expect(shown["http"] ?? shown["http.address"] == address ?? "off")
        #expect(shown["http.token"] == token)
    }

    @Test(arguments: [
        ("port: 465", "SES speaks implicit on port 465"), ("host: abc.fips.wmjb.mail-manager-smtp.amazonaws.com", "Mail Manager"),
        ("region: us-east-1", "not the region of the host"), ("max_messages_per_connection: 1000", "350"),
    ])
    func upstreamWarnings(_ key: String, message: String) throws {
        let text = Self.required.replacing("credentials: ses.env", with: "credentials: ses.env, \(key)")
        let warnings = try Configuration.parse(Array(text.utf8), file: "f").warnings
        #expect(warnings.count == 1)
        #expect(warnings.first?.message.contains(message) ?? false)
    }
}

@Suite struct SchemaTests {
    @Test func everyKeyIsDocumentedOnce() {
        let paths = Schema.keys.map(\.path)
        #expect(Set(paths).count == paths.count)
        for key in Schema.keys {
            #expect(key.documentation.hasSuffix("."), "\(key.path)")
            #expect(key.documentation.first?.isUppercase ?? false || key.documentation.first?.isNumber ?? false, "\(key.path)")
            #expect(
                key.isRequired || key.defaultText != nil || key.type.contains("section") || key.path.hasSuffix(".domain")
                    || key.path.hasSuffix(".address"), "\(key.path)")
        }
        #expect(paths.contains("listeners[].allow"))
        #expect(paths.contains("accounts.NAME.rate"))
        #expect(Schema.keys.first { $0.path == "upstream.rate" }?.defaultText == "14/s")
        #expect(Schema.keys.first { $0.path == "limits.message_size" }?.defaultText == "40MB")
    }

    @Test func keysWithoutEffectExist() {
        #expect(Schema.keysWithoutEffect.isSubset(of: Schema.keys.map(\.path)))
    }
}
