internal import ArgumentParser
internal import MailModel
internal import Settings

/// How an app reaches the relay.
struct AppConnection: Hashable {
    let host: String
    let port: UInt16
    /// TLS from the first octet; else STARTTLS.
    let isImplicit: Bool
    let user: String
    let password: String
    /// What the app should send as.
    let from: String
}

extension AppConnection {
    /// The listener that apps should use: TLS from the first octet, where there is a choice (RFC 8314); `nil` if none asks for a login.
    static func listener(of configuration: Configuration) -> (address: ListenAddress, isImplicit: Bool)? {
        let implicit = configuration.listeners.first { $0.security == .implicit }
        guard let chosen = implicit ?? configuration.listeners.first(where: { $0.security == .starttls }) else { return nil }
        return (chosen.address, implicit != nil)
    }

    /// - Parameter hostname: the relay's.
    init?(_ configuration: Configuration, hostname: Domain, account: AccountName, password: String) {
        guard let (address, isImplicit) = Self.listener(of: configuration), let identity = configuration.identities.first else {
            return nil
        }
        self.init(
            host: address.address.isLoopback ? "localhost" : hostname.description, port: address.port, isImplicit: isImplicit,
            user: account.description, password: password, from: Self.sender(for: account, configuration, identity).description)
    }

    private static func sender(for account: AccountName, _ configuration: Configuration, _ identity: Configuration.Identity) -> Mailbox {
        guard let domain = configuration.policy(for: account).identity,
            let own = configuration.identities.first(where: { $0.subject.description == domain.description })
        else { return identity.defaultSender }
        return own.defaultSender
    }
}

/// What apps are built with: each wants the same settings in words of its own. The one table of them; `docs/apps` has a page for each.
enum AppFramework: String, CaseIterable, ExpressibleByArgument {
    case django, rails, laravel, symfony, spring, nodemailer, wordpress

    var title: String {
        switch self {
        case .django: "Django"
        case .rails: "Ruby on Rails"
        case .laravel: "Laravel"
        case .symfony: "Symfony"
        case .spring: "Spring Boot"
        case .nodemailer: "Node.js with Nodemailer"
        case .wordpress: "WordPress"
        }
    }

    /// The lines for `.env`, or for wherever the app's environment is set.
    func lines(_ app: AppConnection) -> [String] {
        variables(app).map { name, value in "\(name)=\(Self.quoted(value))" }
    }

    private func variables(_ app: AppConnection) -> [(String, String)] {
        switch self {
        case .django:
            [
                ("EMAIL_HOST", app.host), ("EMAIL_PORT", "\(app.port)"), (app.isImplicit ? "EMAIL_USE_SSL" : "EMAIL_USE_TLS", "True"),
                ("EMAIL_HOST_USER", app.user), ("EMAIL_HOST_PASSWORD", app.password), ("DEFAULT_FROM_EMAIL", app.from),
                ("SERVER_EMAIL", app.from),
            ]
        case .rails:
            [
                ("SMTP_ADDRESS", app.host), ("SMTP_PORT", "\(app.port)"), (app.isImplicit ? "SMTP_TLS" : "SMTP_STARTTLS", "true"),
                ("SMTP_USERNAME", app.user), ("SMTP_PASSWORD", app.password), ("MAIL_FROM", app.from),
            ]
        case .laravel:
            [
                ("MAIL_MAILER", "smtp"), ("MAIL_SCHEME", app.isImplicit ? "smtps" : "smtp"),
                ("MAIL_ENCRYPTION", app.isImplicit ? "ssl" : "tls"), ("MAIL_HOST", app.host), ("MAIL_PORT", "\(app.port)"),
                ("MAIL_USERNAME", app.user), ("MAIL_PASSWORD", app.password),
                ("MAIL_FROM_ADDRESS", app.from),
            ]
        case .symfony: [("MAILER_DSN", url(app)), ("MAILER_FROM", app.from)]
        case .spring:
            [
                ("SPRING_MAIL_HOST", app.host), ("SPRING_MAIL_PORT", "\(app.port)"), ("SPRING_MAIL_USERNAME", app.user),
                ("SPRING_MAIL_PASSWORD", app.password), ("SPRING_MAIL_PROPERTIES_MAIL_SMTP_AUTH", "true"),
            ]
                + (app.isImplicit
                    ? [("SPRING_MAIL_PROPERTIES_MAIL_SMTP_SSL_ENABLE", "true")]
                    : [
                        ("SPRING_MAIL_PROPERTIES_MAIL_SMTP_STARTTLS_ENABLE", "true"),
                        ("SPRING_MAIL_PROPERTIES_MAIL_SMTP_STARTTLS_REQUIRED", "true"),
                    ]) + [("SPRING_MAIL_PROPERTIES_MAIL_SMTP_SSL_CHECKSERVERIDENTITY", "true"), ("APP_MAIL_FROM", app.from)]
        case .nodemailer: [("SMTP_URL", url(app)), ("MAIL_FROM", app.from)]
        case .wordpress:
            [
                ("SMTP_HOST", app.host), ("SMTP_PORT", "\(app.port)"), ("SMTP_SECURE", app.isImplicit ? "ssl" : "tls"),
                ("SMTP_USERNAME", app.user), ("SMTP_PASSWORD", app.password), ("SMTP_FROM", app.from),
            ]
        }
    }

    /// With a scheme that makes TLS a must: both libraries would otherwise go on without it.
    private func url(_ app: AppConnection) -> String {
        let scheme = app.isImplicit ? "smtps" : "smtp"
        let must =
            switch self {
            case .symfony where !app.isImplicit: "?require_tls=true"
            case .nodemailer where !app.isImplicit: "?requireTLS=true"
            default: ""
            }
        return "\(scheme)://\(Self.escaped(app.user)):\(Self.escaped(app.password))@\(app.host):\(app.port)\(must)"
    }

    /// As the user part of a URL (RFC 3986 §3.2.1).
    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            if ASCII.isLetterOrDigit(octet) || "-._~".utf8.contains(octet) {
                octets.append(octet)
            } else {
                octets += [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    /// Quotes what a reader of `.env` files could take for something else.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { ASCII.isLetterOrDigit($0) || "@%+=:,./-_~?&".utf8.contains($0) }
        return isPlain && !value.isEmpty ? value : "'" + value.replacing("'", with: "'\\''") + "'"
    }
}
