internal import ArgumentParser
internal import MailModel
internal import SafeIO
internal import Settings

/// The answers that `fairlead setup` needs, from flags, the environment, or the person at the terminal.
struct SetupFacts {
    private let options: SetupOptions
    /// Whether somebody is there to answer.
    let mayAsk: Bool
    /// Flags that were needed and not there: named together.
    private(set) var missing: [String] = []

    init(_ options: SetupOptions) {
        self.options = options
        mayAsk = Prompt.isPossible && !options.noInput && !options.passwordStdin
    }

    // MARK: The configuration

    /// - Returns: `nil` if something is missing; see `missing`.
    mutating func configuration() throws -> ConfigurationText? {
        let domain = try required("--domain", options.domain, "Domain that is verified in SES", Self.domain)
        let region = try optional("--region", options.region, "AWS region", standard: "eu-west-1", Self.region)
        guard let domain else { return nil }
        let operatorAddress = try optional(
            "--operator", options.operatorAddress, "Who gets alarms and reports", standard: "postmaster@\(domain)", Self.mailbox)
        let selector =
            try given("--selector", options.selector, Self.selector)
            ?? "fl\(CivilTime(Timestamp(microseconds: SystemClock.microseconds())).year)"
        var text = ConfigurationText(
            domain: domain, operatorAddress: operatorAddress, region: region, hostname: try hostname(), selector: selector)
        text.upstreamHost = try given("--upstream-host", options.upstreamHost, Self.host)
        text.upstreamPort = options.upstreamPort ?? 587
        text.authorities = options.caFile
        return text
    }

    /// Only a host without a full name must be told the one that apps use.
    private mutating func hostname() throws -> Domain? {
        if let name = try given("--hostname", options.hostname, Self.hostName) { return name }
        let own = HostName.full()
        if let own, own.isFullyQualified { return nil }
        guard mayAsk, let own else {
            missing.append("--hostname (the name that apps reach this host by; the host has no full name)")
            return nil
        }
        let answer = try Prompt.ask("Name that apps reach this host by", standard: own.description, Self.hostName)
        return answer == own ? nil : answer
    }

    // MARK: SES

    /// What goes into `ses.env`: always the SMTP password, so that a key that can do more is not kept.
    ///
    /// - Returns: `nil` if something is missing.
    mutating func credentials(region: String?) throws -> (credentials: UpstreamCredentials, isDerived: Bool)? {
        let isKey = options.accessKeyID != nil || options.secretAccessKey != nil || options.smtpUser == nil && usesKeyOfEnvironment
        let user = try required(
            isKey ? "--access-key-id" : "--smtp-user",
            isKey ? options.accessKeyID ?? Self.variable("AWS_ACCESS_KEY_ID") : options.smtpUser ?? Self.variable("SES_SMTP_USERNAME"),
            "SMTP user name of SES (AKIA…)", Self.oneLine)
        let secret = try secret(isKey)
        guard let user, let secret else { return nil }
        return try Self.credentials(user, secret, isDerived: isKey || looksLikeKey(secret), region)
    }

    /// - Returns: whether the login shall be typed again.
    func wantsToRetype(region: String?, place: String) throws -> Bool {
        let region = region.map { " in \($0)" } ?? ""
        return try mayAsk && Prompt.confirm("SES refuses this login\(region) (the region is \(place)). Type it again?", standard: true)
    }

    func retypedRegion(_ region: String) throws -> String { try Prompt.ask("AWS region", standard: region, Self.region) }

    /// The same, typed again, because SES does not take what is there.
    ///
    func retypedCredentials(region: String?, user: String) throws -> (credentials: UpstreamCredentials, isDerived: Bool) {
        let user = try Prompt.ask("SMTP user name of SES (AKIA…)", standard: user, Self.oneLine)
        let secret = try Prompt.secret("SMTP password (not shown)")
        return try Self.credentials(user, secret, isDerived: asksForKey(secret), region)
    }

    private static func credentials(
        _ user: String, _ secret: [UInt8], isDerived: Bool, _ region: String?
    ) throws -> (credentials: UpstreamCredentials, isDerived: Bool) {
        guard isDerived else { return (UpstreamCredentials(username: user, password: Secret(secret)), false) }
        guard let region else {
            throw failure(
                "the SMTP password depends on the region, which the host name does not tell; name it with --region", Sysexits.usage)
        }
        return (
            UpstreamCredentials(username: user, password: SESPassword.derive(secretAccessKey: Secret(secret), region: region)), true
        )
    }

    private var usesKeyOfEnvironment: Bool {
        Self.variable("SES_SMTP_USERNAME") == nil && Self.variable("AWS_ACCESS_KEY_ID") != nil
    }

    private mutating func secret(_ isKey: Bool) throws -> [UInt8]? {
        if options.passwordStdin { return try StandardInput.secret() }
        let given =
            isKey
            ? options.secretAccessKey ?? Self.variable("AWS_SECRET_ACCESS_KEY") : options.smtpPassword ?? Self.variable("SES_SMTP_PASSWORD")
        if let given, !given.isEmpty { return Array(given.utf8) }
        guard mayAsk else {
            missing.append(isKey ? "--secret-access-key (or --password-stdin)" : "--password-stdin (or --smtp-password)")
            return nil
        }
        return try Prompt.secret(isKey ? "Secret access key (not shown)" : "SMTP password (not shown)")
    }

    /// What was typed may be the secret of an access key: that has 40 characters, and an SMTP password 44.
    private func looksLikeKey(_ secret: [UInt8]) throws -> Bool {
        guard mayAsk, options.smtpPassword == nil, Self.variable("SES_SMTP_PASSWORD") == nil else { return false }
        return try asksForKey(secret)
    }

    private func asksForKey(_ secret: [UInt8]) throws -> Bool {
        guard secret.count == 40 else { return false }
        return try Prompt.confirm(
            "That has 40 characters, as a secret access key has. Derive the SMTP password from it?", standard: true)
    }

    // MARK: The app

    /// - Parameter existing: the accounts that there are.
    func app(existing: [AccountName]) throws -> AccountName {
        if let app = try given("--app", options.app, Self.account) { return app }
        if let first = existing.first { return first }
        guard mayAsk else { return try Self.account("app").get() }
        return try Prompt.ask("Name of the first app", standard: "app", Self.account)
    }

    // MARK: One answer

    private func given<Value>(
        _ flag: String, _ text: String?, _ check: (String) -> Result<Value, Prompt.Objection>
    ) throws -> Value? {
        switch text.map(check) {
        case nil: return nil
        case .success(let value)?: return value
        case .failure(let objection)?: throw failure("\(flag): \(objection.text)", Sysexits.usage)
        }
    }

    private mutating func required<Value>(
        _ flag: String, _ text: String?, _ question: String, _ check: (String) -> Result<Value, Prompt.Objection>
    ) throws -> Value? {
        if let value = try given(flag, text, check) { return value }
        if mayAsk { return try Prompt.ask(question, check) }
        missing.append(flag)
        return nil
    }

    private func optional<Value>(
        _ flag: String, _ text: String?, _ question: String, standard: String, _ check: (String) -> Result<Value, Prompt.Objection>
    ) throws -> Value {
        if let value = try given(flag, text, check) { return value }
        if mayAsk { return try Prompt.ask(question, standard: standard, check) }
        switch check(standard) {
        case .success(let value): return value
        case .failure(let objection): throw failure("\(flag): \(objection.text)", Sysexits.usage)
        }
    }
}

// MARK: - What an answer may be

extension SetupFacts {
    private static func domain(_ text: String) -> Result<Domain, Prompt.Objection> {
        do { return .success(try Domain(Array(text.utf8))) } catch {
            let advice = text.utf8.allSatisfy { $0 < 128 } ? "write one such as mail.example.com" : "write it in ASCII, as xn--…"
            return .failure(Prompt.Objection("\(text) is no domain; \(advice)"))
        }
    }

    private static func hostName(_ text: String) -> Result<Domain, Prompt.Objection> {
        do { return .success(try Domain(allowingSingleLabel: Array(text.utf8))) } catch {
            return .failure(Prompt.Objection("\(text) is no host name; write one such as relay.example.com"))
        }
    }

    private static func host(_ text: String) -> Result<String, Prompt.Objection> {
        if IPAddress(text) != nil { return .success(text) }
        return hostName(text).map(\.description)
    }

    private static func selector(_ text: String) -> Result<String, Prompt.Objection> {
        do { return .success(try Domain(allowingSingleLabel: Array(text.utf8)).description) } catch {
            return .failure(Prompt.Objection("\(text) is no selector; write letters, digits and hyphens, such as fl2027"))
        }
    }

    private static func mailbox(_ text: String) -> Result<Mailbox, Prompt.Objection> {
        do { return .success(try Mailbox(parsing: Array(text.utf8))) } catch {
            return .failure(Prompt.Objection("\(text) is no address; write one such as ops@example.com"))
        }
    }

    private static func region(_ text: String) -> Result<String, Prompt.Objection> {
        guard SESEndpoint.isRegion(Array(text.utf8)) else {
            return .failure(Prompt.Objection("\(text) is no region; write one such as eu-west-1"))
        }
        return .success(text)
    }

    private static func account(_ text: String) -> Result<AccountName, Prompt.Objection> {
        guard let name = AccountName(text) else {
            return .failure(Prompt.Objection("\(text) is no account name: 1 to 64 letters, digits and . _ - @ +"))
        }
        return .success(name)
    }

    private static func oneLine(_ text: String) -> Result<String, Prompt.Objection> {
        guard !text.isEmpty, text.utf8.allSatisfy({ (33...126).contains($0) }) else {
            return .failure(Prompt.Objection("a user name has no blanks and no special characters"))
        }
        return .success(text)
    }

    private static func variable(_ name: String) -> String? {
        ProcessEnvironment.value(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}
