internal import ArgumentParser
internal import Cryptography
internal import DKIM
internal import Glibc
internal import MailModel
internal import RelayDaemon
internal import SafeIO
internal import Settings

struct Setup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "From nothing to a relay that can start: asks what it needs, writes what is missing, prints what is left to do.",
        discussion: """
            Writes the configuration, the SES credentials, a DKIM key, a self-signed certificate and the account of the first app, each only \
            where there is none: it overwrites nothing and can be run again, also to add an app with --app. On a terminal it asks; elsewhere \
            the flags must say it. With an access key the SMTP password is derived, and the key itself is not kept.
            """)

    @OptionGroup var options: SetupOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var facts = SetupFacts(options)
        var files = SetupFiles()
        let isNew = SetupFiles.isUnwritten(configuration: common.config)
        var wanted = isNew ? try facts.configuration() : nil
        let found = try isNew ? wanted.map { try parsed($0.text) } : ConfigurationFile.read(common.config)
        if let found, !isNew {
            try compare(found)
            try compareValues(found)
        }
        // Every answer is there before the first file is written.
        let credentials = try credentials(found, &facts)
        guard facts.missing.isEmpty, var settings = found else {
            throw failure("needs \(facts.missing.joined(separator: ", ")); on a terminal it asks for what is missing", Sysexits.usage)
        }
        let app = try facts.app(existing: accounts(settings))
        guard let hostname = settings.hostname ?? HostName.full() else {
            throw failure("this host has no name; give one with --hostname", Sysexits.configuration)
        }

        try files.write("configuration", common.config, if: isNew) { Array((wanted?.text ?? "").utf8) }
        try files.write("SES credentials", settings.upstream.credentials, if: credentials != nil) { credentials ?? [] }
        for identity in settings.identities {
            let path = identity.dkim.privateKey
            try files.write("DKIM key of \(identity.subject)", path, if: !SetupFiles.exists(path)) { try RSAPrivateKey.generate().pem }
        }
        try files.writeCertificate(settings.tls, names: Self.certificateNames(hostname))
        let password = try addAccount(app, settings, &files)

        let isDaemonRunning = tellDaemon(common)
        let login = options.noCheck ? nil : try await login(&settings, &wanted, facts, mayRetype: credentials != nil)
        var report = try SetupReport(
            settings, hostname: hostname, files: files.made, account: app, password: password, config: common.config)
        report.isDaemonRunning = isDaemonRunning
        report.login = login
        report.warnings += warnings()
        if let wanted, options.operatorAddress == nil, !facts.mayAsk {
            report.warnings.append("alarms and reports go to \(wanted.operatorAddress): see that somebody reads it, or change `operator`")
        }
        let frameworks = options.frameworks.isEmpty ? AppFramework.allCases : options.frameworks
        output.json ? try report.printJSON(frameworks) : report.print(frameworks)
    }

    private func parsed(_ text: String) throws -> Configuration {
        do throws(SettingsError) { return try Configuration.parse(Array(text.utf8), file: common.config).configuration } catch {
            for problem in error.problems { Terminal.error("\(problem)") }
            throw ExitCode(Sysexits.usage)
        }
    }

    /// What is configured already stays: a flag that says otherwise is told what to change by hand.
    private func compare(_ settings: Configuration) throws {
        guard let text = options.domain, let domain = try? Domain(Array(text.utf8)),
            !settings.identities.contains(where: { $0.domain == domain })
        else { return }
        throw failure(
            """
            \(common.config) is configured already and has no identity \(domain); setup does not change it. Add these lines under \
            identities, then run setup again:
              - domain: \(domain)
            """, Sysexits.configuration)
    }

    /// - Returns: the content of `ses.env`; `nil` if there are credentials already.
    private func credentials(_ settings: Configuration?, _ facts: inout SetupFacts) throws -> [UInt8]? {
        let path = settings?.upstream.credentials
        if let settings, let path, !SetupFiles.isUnwritten(credentials: path) {
            try compareCredentials(settings.upstream)
            return nil
        }
        let region = settings?.upstream.effectiveRegion
        guard let (credentials, isDerived) = try facts.credentials(region: region ?? options.region ?? "eu-west-1") else { return nil }
        return content(credentials, isDerived: isDerived, region, over: path.flatMap { try? WholeFile.read($0) } ?? [])
    }

    /// Tries the login; where SES refuses what was typed just now, it can be typed again, with the region if that was, too.
    ///
    /// - Parameter wanted: the configuration of this run; `nil` if there was one before, which stays as it is.
    private func login(
        _ settings: inout Configuration, _ wanted: inout ConfigurationText?, _ facts: SetupFacts, mayRetype: Bool
    ) async throws -> UpstreamProbe? {
        while true {
            let probe = try? await UpstreamProbe.run(configuration: common.config)
            guard let probe, probe.isLoginRefused, mayRetype, facts.mayAsk else { return probe }
            Terminal.error("\n\(probe.reason ?? "")")
            let path = settings.upstream.credentials
            let old = (try? WholeFile.read(path)) ?? []
            let user = EnvironmentFile.parse(old, file: path).file["SES_SMTP_USERNAME"]?.exposed ?? []
            let place = "upstream.\(settings.upstream.region == nil ? "host" : "region") in \(common.config)"
            guard try facts.wantsToRetype(region: settings.upstream.effectiveRegion, place: place) else { return probe }
            let region = try wanted.map { try facts.retypedRegion($0.region) }
            let (credentials, isDerived) = try facts.retypedCredentials(
                region: region ?? settings.upstream.effectiveRegion, user: String(decoding: user, as: UTF8.self))
            if let region, region != wanted?.region {
                wanted?.region = region
                let text = wanted?.text ?? ""
                settings = try parsed(text)
                do throws(SystemCallError) { try SecretFile.write(common.config, Array(text.utf8)) } catch {
                    throw SetupFiles.failed(error)
                }
            }
            do throws(SystemCallError) {
                try SecretFile.write(path, content(credentials, isDerived: isDerived, settings.upstream.effectiveRegion, over: old))
            } catch { throw SetupFiles.failed(error) }
            tellDaemon(common)
        }
    }

    private func content(_ credentials: UpstreamCredentials, isDerived: Bool, _ region: String?, over old: [UInt8]) -> [UInt8] {
        let note =
            isDerived
            ? "# Derived from the access key for \(region ?? "its region"); in another region it is another one."
            : "# The SMTP credentials of SES; `fairlead check upstream` tries them."
        return SetupFiles.credentials(credentials, note: note, over: old)
    }

    private func accounts(_ settings: Configuration) -> [AccountName] {
        guard let octets = try? WholeFile.read(settings.passwords) else { return [] }
        return PasswordFile.parse(octets, file: settings.passwords).file.names
    }

    /// - Returns: the new password; `nil` if the account was there.
    private func addAccount(_ app: AccountName, _ settings: Configuration, _ files: inout SetupFiles) throws -> String? {
        do throws(SystemCallError) { try SecretFile.makeFolder(DKIMKeys.split(settings.passwords).folder) } catch {
            throw SetupFiles.failed(error)
        }
        let password = try PasswordFile.generateSecret().exposed
        let hash = try passwordHash(of: password)
        let isMade = !SetupFiles.exists(settings.passwords)
        var isNew = false
        try editPasswords(settings.passwords) { file in
            isNew = file.hash(for: app) == nil
            if isNew { _ = file.set(hash, for: app) }
            return isNew
        }
        files.note("passwords, with the account \(app)", settings.passwords, isNew ? (isMade ? "made" : "changed") : "kept")
        return isNew ? String(decoding: password, as: UTF8.self) : nil
    }

    /// What a daemon would warn of at its start, and what would keep it from starting.
    private func warnings() -> [String] {
        do throws(SettingsError) {
            return try SettingsLoader(clock: { Timestamp(microseconds: SystemClock.microseconds()) }).load(common.config).warnings.map(
                \.description)
        } catch {
            return error.problems.map(\.description)
        }
    }

    private static func certificateNames(_ hostname: Domain) -> [String] {
        [hostname.description] + (hostname.description == "localhost" ? [] : ["localhost"]) + ["127.0.0.1", "::1"]
    }
}
