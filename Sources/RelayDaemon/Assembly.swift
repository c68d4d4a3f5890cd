internal import Cryptography
internal import Dispatcher
internal import Intake
internal import MailModel
internal import MailQueue
internal import Networking
internal import Reports
internal import Rewriting
internal import Settings
internal import Submission
internal import Upstream

/// Makes what each part of the daemon goes by out of the loaded settings.
///
/// Everything that can be wrong is found here, before anything starts or changes.
struct Assembly {
    let loaded: LoadedSettings
    private(set) var submission: SubmissionSettings
    let dispatcher: DispatcherSettings
    private(set) var reports: ReportSettings
    let upstream: UpstreamSettings
    /// Recipients per second; `nil` for no limit.
    let rate: Int?
    let listeners: [ListenerSet.Wanted]
    /// One for each identity.
    let dkim: [DKIMPlan]
    /// The keys that the DNS had shown when this was made.
    let seen: SeenKeys

    /// - Parameter seen: the keys that the DNS has shown, for identities that wait for that.
    init(_ loaded: LoadedSettings, seen: SeenKeys = SeenKeys()) throws(AssemblyError) {
        self.loaded = loaded
        let configuration = loaded.configuration
        let submissionTLS: TLSContext
        do throws(OpenSSLError) {
            submissionTLS = try TLSContext.server(certificateChainPEM: loaded.certificateChain, privateKeyPEM: loaded.privateKey.exposed)
            let trust: TLSContext.Trust = configuration.upstream.caFile.map { .file(path: $0) } ?? .system
            upstream = Self.upstream(loaded, tls: try TLSContext.client(trust: trust))
        } catch {
            throw AssemblyError(text: "TLS: \(error)")
        }
        submission = try Self.submission(loaded, tls: submissionTLS)
        do throws(OpenSSLError) {
            var plans: [DKIMPlan] = []
            for identity in loaded.identities { if let plan = try DKIMPlan(identity) { plans.append(plan) } }
            dkim = plans
        } catch {
            throw AssemblyError(text: "DKIM: \(error)")
        }
        self.seen = seen
        submission.intake.choose(dkim, seen)
        dispatcher = Self.dispatcher(configuration)
        reports = ReportSettings(
            operatorAddress: loaded.operatorAddress, intake: submission.intake,
            policies: Self.reportPolicies(configuration))
        rate = configuration.upstream.rate.perSecond.map { max(1, Int($0)) }
        listeners = try Self.listeners(loaded)
    }

    /// Lets every key sign that may, now that the DNS has shown these.
    mutating func change(seen: SeenKeys) {
        submission.intake.choose(dkim, seen)
        reports = ReportSettings(
            operatorAddress: reports.operatorAddress, intake: submission.intake, policies: reports.policies)
    }

    private static func dispatcher(_ configuration: Configuration) -> DispatcherSettings {
        var settings = DispatcherSettings(lifetime: configuration.queue.lifetime)
        settings.lifetimes = configuration.accounts.compactMapValues(\.lifetime)
        settings.delayWarning = configuration.queue.delayWarning
        settings.suppressAfter = configuration.suppressAfter
        settings.dailyQuota = configuration.upstream.dailyQuota
        return settings
    }

    private static func upstream(_ loaded: LoadedSettings, tls: TLSContext) -> UpstreamSettings {
        let upstream = loaded.configuration.upstream
        return UpstreamSettings(
            host: upstream.host.description, port: upstream.port, security: upstream.tls == .starttls ? .startTLS : .implicitTLS, tls: tls,
            username: Array(loaded.credentials.username.utf8), password: loaded.credentials.password, hostname: loaded.hostname.description,
            connections: upstream.connections, messagesPerConnection: upstream.maxMessagesPerConnection,
            recipientsPerTransaction: upstream.recipientsPerTransaction)
    }

    private static func submission(_ loaded: LoadedSettings, tls: TLSContext) throws(AssemblyError) -> SubmissionSettings {
        let limits = loaded.configuration.limits
        return SubmissionSettings(
            hostname: loaded.hostname.description, tls: tls, accounts: accounts(loaded), intake: try intake(loaded),
            postmaster: loaded.operatorAddress, maximumMessageSize: limits.messageSize.octets,
            maximumRecipients: limits.recipients, connections: limits.connections, connectionsPerNetwork: limits.connectionsPerIP)
    }

    private static func accounts(_ loaded: LoadedSettings) -> AccountDirectory {
        var names = Set(loaded.passwords.names)
        for listener in loaded.configuration.listeners {
            if case .none(let account) = listener.security { names.insert(account) }
        }
        names.formUnion(LocalUsers.accountNames(loaded))
        if let forwardAccount { names.insert(forwardAccount) }
        return AccountDirectory(
            names.map { name in
                let policy = loaded.configuration.policy(for: name)
                let rate: Account.Rate? =
                    switch policy.rate {
                    case .unlimited: nil
                    case .limited(let count, let period): Account.Rate(count: count, per: period)
                    }
                return Account(
                    name: name, passwordHash: loaded.passwords.hash(for: name), rate: rate, daily: policy.daily,
                    mode: Account.Mode(policy.mode))
            })
    }

    private static func listeners(_ loaded: LoadedSettings) throws(AssemblyError) -> [ListenerSet.Wanted] {
        var listeners: [ListenerSet.Wanted] = []
        for (index, listener) in loaded.configuration.listeners.enumerated() {
            let problem: @Sendable (String) -> String = { loaded.problem(withListener: index, $0).description }
            guard let address = SocketAddress(parsing: listener.address.description) else {
                throw AssemblyError(text: problem("\(listener.address) is no address and port; write one such as [::]:587"))
            }
            let security: ListenerPolicy.Security =
                switch listener.security {
                case .starttls: .startTLS
                case .implicit: .implicitTLS
                case .none(let account): .trusted(account)
                }
            let networks = listener.allow.compactMap { NetworkRange(parsing: $0.description) }
            listeners.append(
                ListenerSet.Wanted(address: address, policy: ListenerPolicy(security, networks: networks), problem: problem))
        }
        return listeners
    }
}

/// Settings that read well and still cannot be put in force, with OpenSSL's or the system's reason.
struct AssemblyError: Error {
    let text: String
}
