internal import ControlProtocol
internal import Cryptography
internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Settings
internal import Submission
internal import Synchronization
internal import Upstream

extension Relay {
    /// How long `status` waits for the queue's numbers, and then shows those of the last time.
    private static let patience: Duration = .seconds(2)

    /// What `status` shows now.
    func report() async -> StatusReport {
        let assembly = assembly
        let configuration = assembly.loaded.configuration
        let sending = await dispatcher.status()
        let found = await answer(within: Self.patience) { [store] in try? await store.statistics() }
        let statistics = lastStatistics.withLock { last in
            if let found { last = found }
            return last
        }
        let now = clock()
        let recent = hub.relayed(at: now)
        let pool = pool.connectionCounts
        var report = StatusReport(
            version: fairleadVersion, hostname: assembly.loaded.hostname.description, startedAt: startedAt.description,
            route: route(sending, host: "\(configuration.upstream.host):\(configuration.upstream.port)"),
            queue: StatusReport.Queue(
                messages: statistics.total.messages, recipients: statistics.total.openRecipients, held: statistics.total.held,
                quarantined: statistics.total.quarantined, oldestAge: statistics.oldest.map { (now - $0).seconds },
                storage: found == nil && store.health == .healthy ? "slow: no answer yet" : store.health.explanation),
            sending: StatusReport.Sending(
                lastSecond: recent.lastSecond, lastMinute: recent.lastMinute, limit: assembly.rate, running: sending.running,
                relayed: sending.relayed, deferred: sending.deferred, failed: sending.failed),
            connections: StatusReport.Connections(
                submission: service.connectionCount, upstream: pool.open, upstreamBusy: pool.busy, upstreamLimit: pool.limit),
            lastError: sending.lastError.map { StatusReport.LastError(text: $0.text, time: $0.at.description) },
            warnings: assembly.loaded.warnings.map(\.description) + fileWarnings)
        report.errors = sending.tally.errors.merged(with: log.errors).map {
            StatusReport.RecentError(text: $0.text, time: $0.at.description, count: $0.count)
        }
        report.uptime = (now - startedAt).seconds.rounded(.down)
        report.versions = StatusReport.Versions(
            fairlead: fairleadVersion, openssl: LibraryVersion.openSSL, sqlite: SQLiteQueueStore.libraryVersion)
        report.configuration = settings(assembly)
        report.sending.perSecond = hub.relayedBySecond(at: now)
        report.queue.dead = statistics.total.dead
        report.queue.suspects = sending.suspects
        report.sending.effectiveLimit = pacer.limit
        (report.reports.sent, report.reports.bounced) = (sending.tally.reports, sending.tally.bouncesOfReports)
        report.reports.dead = statistics.total.dead
        report.alarms = alarmsInForce.map(StatusReport.Alarm.init)
        let space = store.space
        report.space = StatusReport.Space(free: space.freeOctets, freeInodes: space.freeInodes, level: space.level.rawValue)
        report.quota = StatusReport.Quota(used: store.ledger.relayed(at: now), limit: configuration.upstream.dailyQuota)
        report.accounts = accounts(assembly, statistics, at: now)
        report.logLinesLost = log.dropped
        report.dkim = dkimReport(assembly, statistics)
        if let trouble = statusFront?.trouble { report.warnings.append(trouble) }
        return report
    }

    private func settings(_ assembly: Assembly) -> StatusReport.Configuration {
        var settings = StatusReport.Configuration(
            path: configurationPath, loadedAt: loadedAt.description, generation: assembly.loaded.generation,
            certificateExpires: assembly.loaded.certificateExpiry.description)
        settings.filesRefused = filesRefused.withLock { $0 }.map { StatusReport.LastError(text: $0.text, time: $0.since.description) }
        return settings
    }

    /// Until it is an alarm.
    private var fileWarnings: [String] {
        guard let refusal = filesRefused.withLock({ $0 }), !alarmsInForce.contains(where: { $0.kind == .filesRefused }) else { return [] }
        return ["changed files are not in force since \(refusal.since): \(refusal.text)"]
    }

    private func route(_ sending: DispatcherStatus, host: String) -> StatusReport.Route {
        guard let pause = sending.pause else { return StatusReport.Route(state: "open", host: host) }
        var route = StatusReport.Route(state: "paused", host: host)
        route.cause = pause.trouble.kind
        route.reason = pause.trouble.explanation
        route.cure = pause.trouble.cure
        route.since = pause.since.description
        route.nextProbeIn = max(0, ContinuousClock.now.duration(to: pause.nextProbe).seconds)
        return route
    }

    private func accounts(_ assembly: Assembly, _ statistics: QueueStatistics, at now: Timestamp) -> [StatusReport.Account] {
        assembly.accountNames.union(statistics.accounts.keys).sorted().compactMap { name in
            let accepted = store.ledger.accepted(name, at: now)
            let queued = statistics.accounts[name]?.messages ?? 0
            let policy = assembly.loaded.configuration.policy(for: name)
            guard accepted > 0 || queued > 0 || policy.mode != .live else { return nil }
            var account = StatusReport.Account(name: name.description, accepted24h: accepted, daily: policy.daily, queued: queued)
            account.relayed24h = store.ledger.relayed(name, at: now)
            account.mode = policy.mode.description
            return account
        }
    }
}

extension Assembly {
    /// Accounts that may send: with a password, or trusted at a listener.
    var accountNames: Set<AccountName> {
        var names = Set(loaded.passwords.names)
        for listener in loaded.configuration.listeners {
            if case .none(let account) = listener.security { names.insert(account) }
        }
        return names
    }
}

extension StatusReport.Alarm {
    init(_ alarm: Alarm) {
        let condition = alarm.condition
        self.init(
            kind: alarm.kind.rawValue, subject: condition.key.subject.isEmpty ? nil : condition.key.subject, detail: condition.detail,
            grave: condition.isGrave, since: alarm.since.description, cause: condition.cause, cure: condition.cure)
    }
}

extension StatusReport {
    /// For the moment between the last command and the end.
    static let stopping = StatusReport(
        version: fairleadVersion, hostname: "", startedAt: "", route: Route(state: "paused", host: ""),
        queue: Queue(messages: 0, recipients: 0, held: 0, quarantined: 0, oldestAge: nil, storage: "stopping"),
        sending: Sending(lastSecond: 0, lastMinute: 0, limit: nil, running: 0, relayed: 0, deferred: 0, failed: 0),
        connections: Connections(submission: 0, upstream: 0, upstreamBusy: 0, upstreamLimit: 0), lastError: nil, warnings: [])
}

extension RouteTrouble {
    /// What an operator should do.
    var cure: String {
        switch self {
        case .unreachable(let text) where text.contains("certificate"):
            "check upstream.host and upstream.ca_file: the certificate must be valid and carry the configured name"
        case .unreachable: "check network, DNS and firewall towards the upstream: fairlead check upstream; it is tried again by itself"
        case .loginRefused:
            "put valid SMTP credentials of this region into the file that upstream.credentials names; it is taken up by itself"
        case .accountRefused: "look at the SES console and the account's mail for why sending is refused, then fairlead reload"
        case .throttled: "nothing: it slows down by itself; lower upstream.rate if this happens often"
        case .quotaExceeded: "nothing: the quota of 24 hours comes back by itself; ask AWS for a higher one if this happens often"
        case .tooManyConnections: "nothing: fewer connections are used; lower upstream.connections if this happens often"
        }
    }
}

extension StorageHealth {
    var explanation: String {
        switch self {
        case .healthy: "ok"
        case .outOfSpace: "no room: free space on the queue's file system"
        case .unhealthy(let reason): "failed: \(reason)"
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
