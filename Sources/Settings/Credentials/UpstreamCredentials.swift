public import MailModel

/// What we log in to SES with.
public struct UpstreamCredentials: Hashable, Sendable {
    /// An access key id, `AKIA…`. No secret.
    public let username: String
    public let password: Secret

    public init(username: String, password: Secret) {
        self.username = username
        self.password = password
    }

    /// Takes the pair from the file and fills gaps from the environment.
    ///
    /// - Parameters:
    ///   - file: its path, for messages.
    ///   - environment: the value of a variable of the process.
    /// - Returns: `nil` if there is no whole pair; an error says what is missing. All else that is odd is a warning: only SES knows
    ///   which credentials it takes.
    static func resolve(
        _ values: EnvironmentFile, file: String, region: String?, environment: @escaping (String) -> String?
    ) -> (credentials: UpstreamCredentials?, problems: [Problem]) {
        var resolver = Resolver(values: values, file: file, environment: environment)
        let credentials = resolver.resolve(region: region)
        return (credentials, resolver.problems)
    }
}

private struct Resolver {
    let values: EnvironmentFile
    let file: String
    let environment: (String) -> String?
    var problems: [Problem] = []

    init(values: EnvironmentFile, file: String, environment: @escaping (String) -> String?) {
        self.values = values
        self.file = file
        self.environment = environment
    }

    private static let smtp = (name: "SES_SMTP_USERNAME", secret: "SES_SMTP_PASSWORD")
    private static let key = (name: "AWS_ACCESS_KEY_ID", secret: "AWS_SECRET_ACCESS_KEY")

    private func isInFile(_ pair: (name: String, secret: String)) -> Bool { values[pair.name] != nil || values[pair.secret] != nil }

    private func isInEnvironment(_ name: String) -> Bool { environment(name).map { !$0.isEmpty } ?? false }

    mutating func resolve(region: String?) -> UpstreamCredentials? {
        // The file wins: a pair that it begins is the one that counts.
        let pair: (name: String, secret: String)
        if isInFile(Self.smtp) {
            pair = Self.smtp
        } else if isInFile(Self.key) {
            pair = Self.key
        } else {
            pair = isInEnvironment(Self.key.name) && !isInEnvironment(Self.smtp.name) ? Self.key : Self.smtp
        }
        let name = value(pair.name)
        let secret = value(pair.secret)
        let missing = [(pair.name, name), (pair.secret, secret)].filter { $0.1 == nil }.map(\.0)
        guard let name, let secret, missing.isEmpty else {
            let other = pair == Self.smtp && missing.count == 2 ? " (or \(Self.key.name) and \(Self.key.secret))" : ""
            report(
                .error,
                "does not set \(missing.joined(separator: " and "))\(other), and neither does the environment; "
                    + "add \(missing.count > 1 ? "lines" : "a line") such as \(missing[0])=…")
            return nil
        }
        guard let username = String(validating: name.exposed, as: UTF8.self), !name.exposed.contains(where: { $0 < 32 || $0 == 127 }) else {
            report(.error, "sets \(pair.name) to something that is not text; copy it again from the SES console")
            return nil
        }
        checkName(username, pair.name)
        if pair == Self.smtp {
            checkPassword(secret.exposed)
            return UpstreamCredentials(username: username, password: secret)
        }
        return deriving(username, secret, region: region)
    }

    private mutating func deriving(_ username: String, _ secret: Secret, region: String?) -> UpstreamCredentials? {
        if values["AWS_SESSION_TOKEN"] != nil || environment("AWS_SESSION_TOKEN") != nil {
            report(.warning, "comes with AWS_SESSION_TOKEN: temporary keys do not work for SMTP; use the access key of an IAM user")
        }
        if secret.exposed.count != 40 {
            report(
                .warning,
                "sets AWS_SECRET_ACCESS_KEY to \(secret.exposed.count) characters, a secret access key has 40; "
                    + "an SMTP password belongs into SES_SMTP_PASSWORD")
        }
        guard let region else {
            report(
                .error,
                "has an access key, and its SMTP password depends on the region, which the host name does not tell; set upstream.region")
            return nil
        }
        return UpstreamCredentials(username: username, password: SESPassword.derive(secretAccessKey: secret, region: region))
    }

    private mutating func value(_ name: String) -> Secret? {
        let fromEnvironment = environment(name).flatMap { $0.isEmpty ? nil : Secret(Array($0.utf8)) }
        guard let fromFile = values[name] else { return fromEnvironment }
        if let fromEnvironment, fromEnvironment != fromFile {
            report(.warning, "sets \(name) differently from the environment; the file wins, remove the variable or make them equal")
        }
        return fromFile
    }

    private mutating func checkName(_ name: String, _ variable: String) {
        if name.hasPrefix("ASIA") {
            report(
                .warning,
                "sets \(variable) to a temporary key (ASIA…), which does not work for SMTP; use the access key of an IAM user (AKIA…)")
        } else if name.hasPrefix("inp-") {
            report(
                .warning,
                "sets \(variable) to a Mail Manager ingress (inp-…), which is another product; use the SMTP user name of SES (AKIA…)")
        } else if !name.hasPrefix("AKIA") || name.utf8.count != 20 {
            report(
                .warning,
                "sets \(variable) to something that does not look like the SMTP user name of SES (AKIA and 16 more); "
                    + "copy it again if SES refuses the login")
        }
    }

    /// Derived passwords are 33 octets in Base64: 44 characters, the first one `B` (version 4), or `A` and `g` to `v` (version 2).
    private mutating func checkPassword(_ password: [UInt8]) {
        let name = Self.smtp.secret
        if password.count == 40 {
            report(
                .warning,
                "sets \(name) to 40 characters, which looks like the raw secret access key; "
                    + "put that into AWS_SECRET_ACCESS_KEY with AWS_ACCESS_KEY_ID, or use the SMTP password of the SES console")
        } else if password.count == 44, password[0] == UInt8(ascii: "A"), (UInt8(ascii: "g")...UInt8(ascii: "v")).contains(password[1]) {
            report(
                .warning,
                "sets \(name) to a password of the old kind (signature version 2), which SES throttles; "
                    + "create new SMTP credentials in the SES console")
        } else if password.count != 44 || password[0] != UInt8(ascii: "B") {
            report(
                .warning,
                "sets \(name) to something that does not look like an SMTP password of SES (44 characters, the first one B); "
                    + "copy it again if SES refuses the login")
        }
    }

    private mutating func report(_ severity: Problem.Severity, _ message: String) {
        problems.append(Problem(severity, file: file, message))
    }
}

private func == (left: (name: String, secret: String), right: (name: String, secret: String)) -> Bool { left.name == right.name }
