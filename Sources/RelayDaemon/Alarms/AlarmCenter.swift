internal import MailModel
internal import SafeIO
internal import Synchronization

/// Looks every few seconds, and at once after an event that matters, whether something needs a person, and tells whoever is to be told.
///
/// Each way of telling works by itself: one that fails or hangs delays neither the others nor mail.
actor AlarmCenter {
    /// Whom to tell, besides the log and systemd.
    struct Receivers: Sendable {
        var webhook: AlarmOutbox?
        var command: AlarmOutbox?
        /// Queues a mail to the operator; `nil`: none is wanted.
        var mail: (@Sendable (AlarmMail.Message) -> Void)?
    }

    struct Time: Sendable {
        let now: @Sendable () -> ContinuousClock.Instant
        let wall: WallClock
    }

    static let interval: Duration = .seconds(5)
    /// The storage may take its time; a longer silence is an alarm of its own.
    static let silenceLimit: Duration = .seconds(30)

    private let facts: @Sendable () async -> AlarmFacts
    private let tell: @Sendable (RelayEvent) -> Void
    private let notifier: SystemdNotifier
    private let time: Time
    private nonisolated let inForce = Mutex<[Alarm]>([])
    private nonisolated let nudges = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private var host: String
    private var receivers: Receivers
    private var book = AlarmBook()
    private var mail = AlarmMail()
    private var clockWatch = ClockWatch()
    private var lookingSince: ContinuousClock.Instant?
    private var isStale = false
    private var lastFacts = AlarmFacts()
    private var statusLine = ""

    /// - Parameters:
    ///   - facts: one look at the daemon; may take as long as its storage takes.
    ///   - tell: the log, those who `tail`, and the history.
    init(
        host: String, receivers: Receivers, notifier: SystemdNotifier, time: Time, facts: @escaping @Sendable () async -> AlarmFacts,
        tell: @escaping @Sendable (RelayEvent) -> Void
    ) {
        self.host = host
        self.receivers = receivers
        self.notifier = notifier
        self.time = time
        self.facts = facts
        self.tell = tell
    }

    /// New settings are in force.
    func change(host: String, receivers: Receivers) {
        self.host = host
        self.receivers = receivers
    }

    /// For `status` and `check health`.
    nonisolated var alarms: [Alarm] { inForce.withLock { $0 } }

    /// Something happened that may begin or end an alarm. Called from any queue.
    nonisolated func noticed(_ event: RelayEvent) { nudges.continuation.yield() }

    /// Ends when its task is cancelled.
    nonisolated func run() async {
        let timer = Task { [nudges] in
            while (try? await Task.sleep(for: Self.interval)) != nil { nudges.continuation.yield() }
        }
        defer { timer.cancel() }
        nudges.continuation.yield()
        for await _ in nudges.stream {
            await look()
            // Many events at once are one look.
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Begins a look. While one is under way, only its silence is judged: storage that hangs must not hide that it does.
    ///
    /// - Returns: the look that was begun.
    @discardableResult
    func look() -> Task<Void, Never>? {
        let now = time.now()
        if let since = lookingSince {
            isStale = true
            let silence = since.duration(to: now)
            if silence >= Self.silenceLimit { conclude(silence: silence) }
            return nil
        }
        lookingSince = now
        isStale = false
        return Task { self.finish(await facts()) }
    }

    private func finish(_ found: AlarmFacts) {
        var facts = found
        if !facts.isQueueKnown {
            (facts.quarantined, facts.dead, facts.oldestAge) = (lastFacts.quarantined, lastFacts.dead, lastFacts.oldestAge)
            facts.isOperatorUnreachable = lastFacts.isOperatorUnreachable
        }
        lastFacts = facts
        lookingSince = nil
        conclude(silence: nil)
        // Something happened while we looked, and may have come too late for this look.
        if isStale { nudges.continuation.yield() }
    }

    /// - Parameter silence: how long the storage has not answered.
    private func conclude(silence: Duration?) {
        let (now, wall) = (time.now(), time.wall())
        clockWatch.look(at: now, wall: wall)
        lastFacts.clockStep = clockWatch.step?.by
        var facts = lastFacts
        facts.oldestAge = facts.oldestAge.map(clockWatch.age)
        var conditions = facts.conditions
        if let silence {
            conditions.removeAll { $0.key.kind == .storageFailed }
            conditions.append(
                AlarmCondition(
                    .storageFailed, cause: "the queue's storage has not answered for \(silence.inWords)",
                    cure: "look at the disk under \(lastFacts.queuePath) (dmesg, iostat); mail goes on by itself once it answers"))
        }
        let changes = book.update(conditions, at: now, wall: wall)
        let alarms = book.alarms
        inForce.withLock { $0 = alarms }
        tellSystemd(alarms.first, count: alarms.count)
        tellAll(changes.map { AlarmNotice(change: $0, host: host, time: wall) }, alarms)
    }

    private func tellAll(_ notices: [AlarmNotice], _ alarms: [Alarm]) {
        for notice in notices { tell(notice.event) }
        if let send = receivers.mail {
            let isBlocked = alarms.contains { $0.kind.stopsOwnMail } || lastFacts.holds.count >= lastFacts.identities
            // A mail that fails becomes a dead letter: telling of it by mail would never end.
            let wanted = notices.filter { $0.key.kind != .deadLetter || !lastFacts.isOperatorUnreachable }
            if let message = mail.add(wanted, canLeave: !isBlocked) { send(message) }
        }
        guard !notices.isEmpty else { return }
        for outbox in [receivers.webhook, receivers.command].compactMap(\.self) { outbox.add(notices) }
    }

    private func tellSystemd(_ worst: Alarm?, count: Int) {
        var line = "All is well"
        if let condition = worst?.condition {
            line = "\(count == 1 ? "Alarm" : "\(count) alarms"): \(condition.cause.asSentence) To do: \(condition.cure.asSentence)"
        }
        guard line != statusLine else { return }
        statusLine = line
        notifier.status(PrintableText.sanitized(line.utf8, limit: 1000))
    }
}

extension AlarmKind {
    /// A mail to the operator could not be stored, or would only wait.
    fileprivate var stopsOwnMail: Bool {
        switch self {
        case .routePaused, .storageFailed, .storageFull, .quotaExceeded: true
        default: false
        }
    }
}
