internal import ControlProtocol
internal import MailModel
internal import MailQueue
internal import Networking
internal import Settings
internal import StatusServer
internal import Synchronization

/// What the HTTP server shows, taken from the daemon's parts.
struct StatusPages: StatusSource {
    /// `nil` once the daemon is gone.
    let relay: @Sendable () -> Relay?

    /// How long a page waits for a part that hangs.
    private static let patience: Duration = .seconds(2)

    func status() async -> StatusReport { await relay()?.report() ?? .stopping }

    func metrics() async -> MetricsReport {
        guard let relay = relay() else { return MetricsReport(status: .stopping) }
        return await relay.metrics()
    }

    func sample() async -> Sample {
        guard let relay = relay() else { return Sample(time: 0, accepted: 0, relayed: 0, failed: 0, queued: 0) }
        let meter = relay.hub.meter
        let statistics = await relay.statistics(within: Self.patience)
        return Sample(
            time: Int(relay.clock().seconds), accepted: meter.accepted, relayed: meter.relayed, failed: meter.failed,
            queued: statistics.total.messages)
    }

    func isAlive() async -> Bool {
        guard let workers = relay()?.workers.workers else { return false }
        return await answer(within: Self.patience) {
            for worker in workers { await withCheckedContinuation { turn in worker.run { turn.resume() } } }
            return true
        } ?? false
    }

    func refusal() async -> String? {
        guard let relay = relay() else { return StatusReport.stopping.queue.storage }
        return relay.refusalOfMail
    }

    func events(_ count: Int) async -> [EventRecord]? {
        guard let history = relay()?.store.history else { return nil }
        return await answer(within: Self.patience) { try? await history.recent(count).map(EventRecord.init) }
    }

    func trace(_ word: String) async -> TraceReport? {
        guard let relay = relay() else { return nil }
        let answers = QueueAnswers(store: relay.store, history: relay.store.history, clock: relay.clock)
        return await answer(within: Self.patience) { try? await answers.trace(word, headers: false) }
    }
}

extension Relay {
    /// The queue's numbers; those of the last time if it does not answer in time.
    func statistics(within patience: Duration) async -> QueueStatistics {
        let found = await answer(within: patience) { [store] in try? await store.statistics() }
        return lastStatistics.withLock { last in
            if let found { last = found }
            return last
        }
    }

    func metrics() async -> MetricsReport {
        let report = await report()
        let meter = hub.meter
        // What the report was made with a moment ago.
        let total = lastStatistics.withLock { $0.total }
        var metrics = MetricsReport(status: report)
        for (name, account) in meter.accounts { metrics.accounts[name.description] = account }
        // So that a rate can be seen from an account's first message on.
        for name in assembly.accountNames where metrics.accounts[name.description] == nil {
            metrics.accounts[name.description] = MetricsReport.Account()
        }
        metrics.delays = meter.delays
        metrics.refusedMessages = meter.refusedMessages
        metrics.refusedLogins = meter.refusedLogins
        (metrics.queue.active, metrics.queue.deferred, metrics.queue.octets) = (total.fresh, total.deferred, total.octets)
        metrics.alarms = AlarmKind.allCases.filter { $0 != .daemonFailed }.map { kind in
            MetricsReport.Alarm(
                kind: kind.rawValue, isGrave: kind.isGrave, count: report.alarms.count { $0.kind == kind.rawValue })
        }
        metrics.certificateExpiry = Double(assembly.loaded.certificateExpiry.seconds)
        metrics.process = .current(startedAt: startedAt)
        return metrics
    }

    /// Why no mail can be accepted now.
    var refusalOfMail: String? {
        if isStopping { return "the daemon is stopping" }
        if addresses.isEmpty { return "no listener is open" }
        return store.health == .healthy ? nil : store.health.explanation
    }
}
