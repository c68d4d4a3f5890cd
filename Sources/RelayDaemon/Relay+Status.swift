internal import ControlProtocol
internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Settings
internal import Submission
internal import Upstream

extension Relay {
    /// What `status` shows now.
    func report() async -> StatusReport {
        let assembly = assembly
        let configuration = assembly.loaded.configuration
        let sending = await dispatcher.status()
        let statistics = (try? await store.statistics()) ?? QueueStatistics()
        let now = clock()
        let recent = hub.relayed(at: now)
        let pool = pool.connectionCounts
        return StatusReport(
            version: fairleadVersion, hostname: assembly.loaded.hostname.description, startedAt: startedAt.description,
            route: route(sending, host: "\(configuration.upstream.host):\(configuration.upstream.port)"),
            queue: StatusReport.Queue(
                messages: statistics.total.messages, recipients: statistics.total.openRecipients, held: statistics.total.held,
                quarantined: statistics.total.quarantined, oldestAge: statistics.oldest.map { (now - $0).seconds },
                storage: statistics.health.explanation),
            sending: StatusReport.Sending(
                lastSecond: recent.lastSecond, lastMinute: recent.lastMinute, limit: assembly.rate, running: sending.running,
                relayed: sending.relayed, deferred: sending.deferred, failed: sending.failed),
            connections: StatusReport.Connections(
                submission: service.connectionCount, upstream: pool.open, upstreamBusy: pool.busy, upstreamLimit: pool.limit),
            lastError: sending.lastError.map { StatusReport.LastError(text: $0.text, time: $0.at.description) },
            warnings: warnings(sending, assembly, now: now))
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

    private func warnings(_ sending: DispatcherStatus, _ assembly: Assembly, now: Timestamp) -> [String] {
        var warnings = assembly.loaded.warnings.map(\.description)
        for (identity, hold) in sending.heldIdentities.sorted(by: { $0.key < $1.key }) {
            warnings.append(
                "mail from \(identity) waits since \(hold.since): SES says \(hold.reply.oneLine); "
                    + "verify the identity in this region, then fairlead reload")
        }
        let days = (assembly.loaded.certificateExpiry - now).seconds / 86_400
        if days < 14 { warnings.append("the certificate for apps expires in \(Int(days)) days") }
        if let failure = store.history.failure { warnings.append("the history is not being written: \(failure)") }
        return warnings
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
            "put valid SMTP credentials of this region into the file that upstream.credentials names, then fairlead reload"
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
