public import MailModel
internal import Synchronization

/// Where all events meet: the log, those who `tail`, and the counters of `status`.
public final class EventHub: EventSink {
    private struct State {
        var subscribers: [Int: @Sendable (RelayEvent) -> Void] = [:]
        var nextSubscriber = 0
        var relayedBySecond = SecondCounter()
        var watcher: (@Sendable (RelayEvent) -> Void)?
        var keeper: (@Sendable (RelayEvent) -> Void)?
        var loose = LooseEvents()
        /// `nil` while nobody could ask.
        var meter: EventMeter?
    }
    private let state = Mutex(State())
    private let log: Log

    public init(log: Log) { self.log = log }

    public func emit(_ event: RelayEvent) {
        log.event(event)
        let concernsAlarms = event.concernsAlarms
        let (listeners, watcher) = state.withLock { state in
            if event.name == .relayed { state.relayedBySecond.add(event.recipients.count, at: event.time.seconds) }
            state.meter?.count(event)
            return (state.subscribers.isEmpty ? [] : Array(state.subscribers.values), concernsAlarms ? state.watcher : nil)
        }
        watcher?(event)
        if event.queueID == nil, event.name.isKeptLoose { keep(event) }
        for listener in listeners { listener(event) }
    }

    private func keep(_ event: RelayEvent) {
        let keeper = state.withLock { state in state.loose.mayKeep(event) ? state.keeper : nil }
        keeper?(event)
    }

    /// Calls `listener` with each event from now on, on whatever queue it happens; it must not block.
    ///
    /// - Returns: the number to unsubscribe with.
    public func subscribe(_ listener: @escaping @Sendable (RelayEvent) -> Void) -> Int {
        state.withLock { state in
            state.nextSubscriber += 1
            state.subscribers[state.nextSubscriber] = listener
            return state.nextSubscriber
        }
    }

    public func unsubscribe(_ number: Int) {
        state.withLock { _ = $0.subscribers.removeValue(forKey: number) }
    }

    /// Calls `watcher` with the few events that alarms follow from; not a subscriber, so that all others cost nothing.
    func watchForAlarms(_ watcher: @escaping @Sendable (RelayEvent) -> Void) {
        state.withLock { $0.watcher = watcher }
    }

    /// Begins to count events, or goes on.
    func startMeter() { state.withLock { $0.meter = $0.meter ?? EventMeter() } }

    /// What was counted so far.
    var meter: EventMeter { state.withLock { $0.meter } ?? EventMeter() }

    /// Recipients relayed in the last whole second and in the last sixty.
    public func relayed(at now: Timestamp) -> (lastSecond: Int, lastMinute: Int) {
        state.withLock { $0.relayedBySecond.totals(at: now.seconds) }
    }

    /// Recipients relayed in each of the last sixty whole seconds, the oldest first.
    func relayedBySecond(at now: Timestamp) -> [Int] { state.withLock { $0.relayedBySecond.seconds(at: now.seconds) } }

    /// Hands on what happens to no message of ours and should be found later all the same: refused mail, refused logins, the route.
    func keepLoose(_ keeper: @escaping @Sendable (RelayEvent) -> Void) { state.withLock { $0.keeper = keeper } }
}

/// Bounds what strangers can put into the history: it has a size, and what they add pushes out what is wanted.
struct LooseEvents: Sendable {
    private static let perMinute = 120
    private var minute: Int64 = .min
    private var count = 0

    mutating func mayKeep(_ event: RelayEvent) -> Bool {
        guard event.name == .loginRefused || event.name == .refused else { return true }
        let now = event.time.seconds / 60
        if now != minute { (minute, count) = (now, 0) }
        count += 1
        return count <= Self.perMinute
    }
}

extension RelayEvent.Name {
    fileprivate var isKeptLoose: Bool {
        switch self {
        case .refused, .loginRefused, .routePaused, .routeResumed: true
        default: false
        }
    }
}

/// Counts by second over the last minute.
struct SecondCounter: Sendable {
    private var counts = [Int](repeating: 0, count: 64)
    private var seconds = [Int64](repeating: .min, count: 64)

    mutating func add(_ count: Int, at second: Int64) {
        let slot = Int(UInt64(bitPattern: second) % 64)
        if seconds[slot] != second {
            seconds[slot] = second
            counts[slot] = 0
        }
        counts[slot] += count
    }

    /// Of the sixty seconds before `now`, the oldest first.
    func seconds(at now: Int64) -> [Int] {
        ((now - 60)..<now).map { second in
            let slot = Int(UInt64(bitPattern: second) % 64)
            return seconds[slot] == second ? counts[slot] : 0
        }
    }

    func totals(at now: Int64) -> (lastSecond: Int, lastMinute: Int) {
        var lastSecond = 0
        var lastMinute = 0
        for slot in 0..<64 where seconds[slot] < now && seconds[slot] >= now - 60 {
            lastMinute += counts[slot]
            if seconds[slot] == now - 1 { lastSecond = counts[slot] }
        }
        return (lastSecond, lastMinute)
    }
}
