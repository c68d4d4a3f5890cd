internal import Cryptography
internal import Dispatcher
internal import MailModel
internal import Networking
internal import SafeIO
internal import Settings
internal import Upstream

/// Tries the way to the upstream as the daemon would go it, and sends nothing.
public struct UpstreamProbe: Sendable {
    /// One step of the way.
    public struct Step: Sendable {
        /// `dns`, `tcp`, `smtp`, `tls`, `name` or `auth`
        public let name: String
        /// `nil`: not come to.
        public let isGood: Bool?
        /// What was found, in words.
        public let detail: String
    }

    /// `email-smtp.eu-west-1.amazonaws.com:587`
    public let host: String
    /// In the order in which they are taken.
    public let steps: [Step]
    /// What failed, word for word; `nil` if everything up to the login went well.
    public let reason: String?
    public let cure: String?
    /// Whether it was the login.
    public let isLoginRefused: Bool

    /// - Throws: problems of the configuration.
    public static func run(configuration path: String) async throws(StartFailure) -> UpstreamProbe {
        let assembly = try Relay.load(path, clock: { Timestamp(microseconds: SystemClock.microseconds()) })
        var settings = assembly.upstream
        // Somebody waits for it; an endpoint that needs longer is not one to rely on.
        settings.patience.connect = .seconds(10)
        settings.patience.handshake = .seconds(10)
        settings.patience.reply = .seconds(20)
        let inspection = await UpstreamInspection.run(settings, gate: OpenGate(), worker: WorkerPool(count: 1).next())
        return UpstreamProbe(inspection, settings, caFile: assembly.loaded.configuration.upstream.caFile)
    }

    private init(_ inspection: UpstreamInspection, _ settings: UpstreamSettings, caFile: String?) {
        host = "\(settings.host):\(settings.port)"
        reason = inspection.failure?.trouble.explanation
        cure = inspection.cure(settings)
        if case .loginRefused? = inspection.failure?.trouble { isLoginRefused = true } else { isLoginRefused = false }
        var hasFailed = false
        steps = UpstreamInspection.Step.allCases.map { step in
            if hasFailed { return Step(name: step.rawValue, isGood: nil, detail: "not tried") }
            if let failure = inspection.failure, failure.step == step {
                hasFailed = true
                return Step(name: step.rawValue, isGood: false, detail: failure.trouble.explanation)
            }
            return Step(name: step.rawValue, isGood: true, detail: inspection.finding(step, settings, caFile: caFile))
        }
    }
}

extension UpstreamInspection {
    fileprivate func finding(_ step: Step, _ settings: UpstreamSettings, caFile: String?) -> String {
        switch step {
        case .dns:
            let shown = addresses.prefix(4).map(\.host).joined(separator: ", ")
            return "\(settings.host) is \(shown)" + (addresses.count > 4 ? " and \(addresses.count - 4) more" : "")
        case .tcp:
            let milliseconds = connectTime.map { Int(($0.seconds * 1000).rounded()) } ?? 0
            return "\(peer?.host ?? settings.host), port \(settings.port), answered in \(milliseconds) ms"
        case .smtp: return settings.security == .startTLS ? "greeting and EHLO; STARTTLS is offered" : "TLS from the first octet"
        case .tls:
            return "\(tls.map { "\($0.protocolVersion), \($0.cipher)" } ?? "TLS"); the certificate is vouched for by "
                + (caFile.map { "an authority in \($0)" } ?? "an authority that this system trusts")
        case .name: return "the certificate is for \(settings.serverName ?? settings.host)"
        case .auth: return "\(String(decoding: settings.username, as: UTF8.self)) is logged in; nothing was sent"
        }
    }
}

extension UpstreamInspection {
    /// What to do, by the step that failed.
    fileprivate func cure(_ settings: UpstreamSettings) -> String? {
        guard let failure else { return nil }
        switch failure.step {
        case .dns: return "check upstream.host, and the name servers in /etc/resolv.conf"
        case .tcp:
            return "let connections out to port \(settings.port) in firewall and security group; where a provider blocks it, use port "
                + (settings.security == .startTLS ? "2587" : "2465")
        case .name, .auth: return failure.trouble.cure
        case .tls where failure.trouble.explanation.contains("certificate"): return failure.trouble.cure
        case .smtp, .tls: return "check upstream.port and upstream.tls: 465 and 2465 go with implicit, 587 and 2587 with starttls"
        }
    }
}

/// For a connection over which nothing is sent, or one message.
struct OpenGate: SendingGate {
    var limit: Int? { nil }
    func approach(recipients: Int) async {}
    func left(recipients: Int) {}
    func trySend(recipients: Int) -> Bool { true }
    func waitToSend(recipients: Int) async {}
    func sent(recipients: Int) {}
    func refused(recipients: Int) {}
    func withdrawn(recipients: Int) {}
}
