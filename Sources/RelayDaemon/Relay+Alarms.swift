internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Networking
internal import SafeIO
internal import Settings
internal import Synchronization

extension Relay {
    /// Looks after everything that may need a person; to be run once the daemon's parts run.
    ///
    /// - Parameter mail: queues a mail to the operator.
    func makeAlarmCenter(notifier: SystemdNotifier, mail: (@Sendable (AlarmMail.Message) -> Void)?) -> AlarmCenter {
        AlarmCenter(
            host: assembly.loaded.hostname.description, receivers: alarmReceivers(assembly, mail: mail), notifier: notifier,
            time: AlarmCenter.Time(now: { .now }, wall: clock),
            facts: { [weak self] in await self?.alarmFacts() ?? AlarmFacts() },
            tell: { [hub, store] event in
                hub.emit(event)
                store.history.note(event)
            })
    }

    /// Whom the configuration names.
    func alarmReceivers(_ assembly: Assembly, mail: (@Sendable (AlarmMail.Message) -> Void)?) -> AlarmCenter.Receivers {
        let alarm = assembly.loaded.configuration.alarm
        let worker = workers.next()
        return AlarmCenter.Receivers(
            webhook: alarm.url.map { url in
                AlarmOutbox(name: "alarm.url", log: log) { await Webhook(address: url, worker: worker).deliver($0) }
            },
            command: alarm.command.map { path in
                AlarmOutbox(name: "alarm.command", log: log) { notice in
                    await AlarmCommand(path: path).deliver(notice).map { .init(text: $0, isLasting: true) }
                }
            },
            mail: alarm.mail ? mail : nil)
    }

    /// For `status`, worst first.
    var alarmsInForce: [Alarm] { alarms.withLock { $0 }?.alarms ?? [] }

    /// One look at everything that an alarm may follow from.
    func alarmFacts() async -> AlarmFacts {
        let (assembly, now) = (assembly, clock())
        let configuration = assembly.loaded.configuration
        var facts = AlarmFacts()
        facts.now = now
        facts.queuePath = configuration.queue.path
        facts.certificateExpiry = assembly.loaded.certificateExpiry
        facts.filesRefused = filesRefused.withLock { $0 }
        facts.oldestLimit = configuration.alarm.oldest
        facts.historyFailure = store.history.failure?.description
        facts.identities = assembly.loaded.identities.count
        facts.take(await dispatcher.status())
        (facts.configuredRate, facts.effectiveRate) = (assembly.rate, pacer.limit)
        facts.accounts = configuration.accounts.compactMap { name, policy in
            policy.daily.map { AlarmFacts.Use(name: name.description, used: store.ledger.accepted(name, at: now), limit: $0) }
        }
        facts.backlog = backlog.refusal
        facts.storage = store.health
        facts.space = store.space
        do throws(QueueError) {
            try await look(at: &facts)
        } catch {
            facts.isQueueKnown = false
        }
        return facts
    }

    private func look(at facts: inout AlarmFacts) async throws(QueueError) {
        let statistics = try await store.statistics()
        facts.quarantined = statistics.total.quarantined
        if statistics.total.dead > 0 {
            facts.dead = try await stuckDeadLetters(statistics.total.dead, at: facts.now)
            facts.isOperatorUnreachable = try await hasDeadAlarm()
        }
        let waiting = statistics.total.fresh + statistics.total.deferred
        if waiting > 0, let oldest = statistics.oldest, facts.now - oldest > facts.oldestLimit {
            facts.oldestAge = try await oldestWaiting().map { facts.now - $0 }
        }
    }

    /// Dead messages that no digest will tell of: the others wait for theirs, and nobody need look.
    private func stuckDeadLetters(_ dead: Int, at now: Timestamp) async throws(QueueError) -> Int {
        let limit = 500
        let planned = try await store.deadLetters(dueBefore: now + .seconds(24 * 3600), limit: limit).count
        let overdue = try await store.deadLetters(dueBefore: now + .seconds(-15 * 60), limit: limit).count
        return max(0, dead - (planned - overdue))
    }

    /// Whether mail to the operator failed. Looks at the first dead letters only: while there is one, each alarm by mail would add another.
    private func hasDeadAlarm() async throws(QueueError) -> Bool {
        try await store.deadLetters(dueBefore: .never, limit: 100).contains { $0.facts.kind == .alarm }
    }

    /// When the oldest message that waits to be sent was accepted: `statistics` counts those too that an operator holds. The search goes on
    /// where the last one found something, so that many held ones are passed once.
    private func oldestWaiting() async throws(QueueError) -> Timestamp? {
        var waiting = QueueFilter()
        waiting.state = .waiting
        let found = try await store.list(waiting, after: beforeOldest.withLock { $0 }, limit: 1).entries.first
        beforeOldest.withLock { $0 = found.flatMap { QueueID($0.id.value - 1) } }
        return found?.acceptedAt
    }
}

extension AlarmFacts {
    mutating func take(_ status: DispatcherStatus) {
        pause = status.pause.map { Pause(trouble: $0.trouble, since: $0.since) }
        holds = status.heldIdentities.sorted { $0.key < $1.key }.map { identity, hold in
            Hold(identity: identity, reply: hold.reply.oneLine, since: hold.since)
        }
        quota = status.quota.map { Use(name: "", used: $0.used, limit: $0.limit) }
        quotaUsedUpUntil = status.quotaUsedUpUntil
    }
}
