internal import ControlProtocol
internal import Cryptography
internal import DKIM
internal import Glibc
internal import MailModel
internal import RelayDaemon
internal import SafeIO
internal import Settings

/// What `fairlead setup` did and what is left for a person, on a terminal or as JSON.
struct SetupReport {
    private let settings: Configuration
    private let hostname: Domain
    private let files: [SetupFiles.Made]
    private let account: AccountName
    private let password: String?
    private let config: String
    private let records: [DNSRecord]
    var isDaemonRunning = false
    var warnings: [String] = []
    /// How the login at SES went, if it was tried.
    var login: UpstreamProbe?

    /// - Parameter password: `nil` if the account was there before, so that nobody knows it any more.
    init(
        _ settings: Configuration, hostname: Domain, files: [SetupFiles.Made], account: AccountName, password: String?, config: String
    ) throws {
        self.settings = settings
        self.hostname = hostname
        self.files = files
        self.account = account
        self.password = password
        self.config = config
        records = try settings.identities.flatMap(DNSPlan(settings).records)
        if geteuid() == 0, getgrnam("fairlead") == nil {
            let paths = Self.private(files, config: config).map(ShellText.quoted).joined(separator: " ")
            warnings.append(
                "there is no group fairlead, so that only root can read these files; make the user first (adduser --system --group fairlead), "
                    + "then: chgrp fairlead \(paths) && chmod g+rX \(paths)")
        }
    }

    /// The files of the relay, and those of their folders that nobody else has anything in: never the folder of a configuration that lies
    /// among other programs' files, such as /etc/fairlead.yaml.
    private static func `private`(_ files: [SetupFiles.Made], config: String) -> [String] {
        let base = DKIMKeys.split(config).folder
        let inner = ["tls", "dkim"].map { "\(base)/\($0)" }
        let own = inner + (base.hasSuffix("/fairlead") ? [base] : [])
        let named = files.filter { $0.state != "kept" || (own + [base]).contains(DKIMKeys.split($0.path).folder) }.map(\.path)
        return own.filter { folder in named.contains { DKIMKeys.split($0).folder == folder } }.sorted() + named
    }

    private var isSelfSigned: Bool {
        guard let octets = try? WholeFile.read(settings.tls.certificate), let chain = try? Certificate.chain(pem: octets) else {
            return false
        }
        return chain.first?.isSelfIssued ?? false
    }

    private var connection: AppConnection? {
        AppConnection(
            settings, hostname: hostname, account: account, password: password ?? "PASSWORD-OF-\(account.description.uppercased())")
    }

    private var option: String { config == CommonOptions.standardConfig ? "" : " --config \(ShellText.quoted(config))" }

    // MARK: For people

    func print(_ frameworks: [AppFramework]) {
        heading("Files")
        for file in files { Terminal.line("  \(file.state)  \(file.path)  (\(file.what))") }
        for warning in warnings { Terminal.line("  \(Terminal.styled("note", .yellow))  \(warning)") }
        if let login {
            heading("Login at SES")
            Terminal.line(login.reason.map { "  \(Terminal.styled("not yet", .yellow))  \($0)" } ?? "  good  \(login.host)")
            if let cure = login.cure { Terminal.line("  to do    \(cure)") }
        }
        heading("The DKIM record, for the DNS of your domain")
        for record in records where record.purpose == .dkim {
            Terminal.line("  name   \(record.name)\n  type   TXT\n  value  \(record.value)\n")
            Terminal.line("  for a zone file:\n  \(record.zone)")
        }
        heading("Recommended records, as lines of a zone file")
        for record in records where !record.purpose.isRequired { Terminal.line("  ; \(record.note)\n  \(record.zone)") }
        heading("To do")
        for (number, step) in steps.enumerated() { Terminal.line("  \(number + 1). \(step)") }
        printSettings(frameworks)
    }

    private func printSettings(_ frameworks: [AppFramework]) {
        guard let connection else {
            heading("Settings for the app")
            return Terminal.line("  no listener asks for a login; see `listeners` in \(config)")
        }
        heading("Settings for the app \(account)")
        if password == nil {
            Terminal.line(
                "  \(account) was there before, and its password is stored as a hash only; fairlead account passwd \(account) gives another"
            )
        } else {
            Terminal.line("  The password is not shown again.")
        }
        Terminal.line(
            "  server \(connection.host)  port \(connection.port)  \(connection.isImplicit ? "TLS" : "STARTTLS")\n"
                + "  user name  \(connection.user)\n  password   \(connection.password)")
        for framework in frameworks {
            Terminal.line("\n# \(framework.title): \(page(of: framework))")
            for line in framework.lines(connection) { Terminal.line(line) }
        }
    }

    /// Where the package puts it, else where the sources have it.
    private func page(of framework: AppFramework) -> String {
        let page = "docs/apps/\(framework.rawValue).md"
        let installed = "/usr/share/doc/fairlead/\(page)"
        return access(installed, F_OK) == 0 ? installed : page
    }

    private func heading(_ text: String) { Terminal.line("\n" + Terminal.styled(text, .bold)) }

    /// The hook of the package knows the usual configuration only; certbot runs the line in a shell, from wherever it is.
    private var deployHook: String {
        let packaged = "/usr/share/fairlead/letsencrypt-deploy-hook"
        if config == CommonOptions.standardConfig, access(packaged, X_OK) == 0 { return packaged }
        let path = realpath(config, nil)
        defer { free(path) }
        let option = ShellText.quoted(path.map { String(cString: $0) } ?? config)
        return ShellText.quoted(
            "fairlead certificate install --skip-other-names --config \(option) "
                + #""$RENEWED_LINEAGE/fullchain.pem" "$RENEWED_LINEAGE/privkey.pem""#)
    }

    /// In the order in which they are best done.
    private var steps: [String] {
        let region = settings.upstream.effectiveRegion ?? "your region"
        let names = settings.identities.map(\.subject.description).joined(separator: ", ")
        var steps = [
            "Verify \(names) in the SES console (\(region), \"Identities\"), with Easy DKIM; publish the CNAMEs that it shows.",
            "Publish the DKIM record above, best the recommended ones too (fairlead dns records\(option) prints them again, also for Terraform); then: "
                + "fairlead dns check\(option)",
        ]
        if isSelfSigned {
            steps.append(
                "The certificate is self-signed: apps must be told to trust \(settings.tls.certificate). The real one goes to "
                    + "\(settings.tls.certificate) and \(settings.tls.privateKey); with Let's Encrypt: "
                    + (hostname.isFullyQualified
                        ? "certbot certonly --standalone -d \(hostname) --deploy-hook \(deployHook)"
                        : "set `hostname` in \(config) to a full name first, such as relay.example.com"))
        }
        if login?.reason != nil || login == nil { steps.append("Look whether SES takes the login: fairlead check upstream\(option)") }
        if !isDaemonRunning {
            let isStandard = config == CommonOptions.standardConfig
            steps.append("Start the relay: \(isStandard ? "systemctl enable --now fairlead" : "fairlead serve\(option)")")
        }
        steps.append("Send a message the whole road: fairlead test \(settings.operatorAddress?.description ?? "you@example.com")\(option)")
        return steps
    }

    // MARK: For programs

    private struct JSON: Encodable {
        struct Login: Encodable {
            let ok: Bool
            let reason: String?
            let cure: String?
        }

        let configuration: String
        let files: [SetupFiles.Made]
        let warnings: [String]
        let records: [DNSCommand.Records.Row]
        let login: Login?
        let account: String
        let password: String?
        let host: String?
        let port: UInt16?
        let tls: String?
        let apps: [String: [String]]
        let todo: [String]

        enum CodingKeys: String, CodingKey {
            case configuration, files, warnings, records, login, account, password, host, port, tls, apps
            case todo = "to_do"
        }
    }

    func printJSON(_ frameworks: [AppFramework]) throws {
        let connection = connection
        let json = JSON(
            configuration: config, files: files, warnings: warnings, records: records.map(DNSCommand.Records.Row.init),
            login: login.map { JSON.Login(ok: $0.reason == nil, reason: $0.reason, cure: $0.cure) }, account: account.description,
            password: password, host: connection?.host, port: connection?.port,
            tls: connection.map { $0.isImplicit ? "implicit" : "starttls" },
            apps: Dictionary(uniqueKeysWithValues: frameworks.map { ($0.rawValue, connection.map($0.lines) ?? []) }), todo: steps)
        Terminal.line(String(decoding: try ControlCoding.encode(json), as: UTF8.self))
    }
}
