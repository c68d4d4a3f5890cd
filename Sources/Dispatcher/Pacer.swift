public import Upstream
internal import Synchronization

/// Keeps the sending rate: lets as many recipients past the final dot as the upstream allows per second, in the order they came.
public final class Pacer: SendingGate {
    private typealias Waiter = (recipients: Int, resume: CheckedContinuation<Void, Never>)

    private struct State: Sendable {
        var window: SlidingWindow?
        var limit: AdaptiveLimit
        /// What the upstream took: tells its real rate when it refuses.
        var recent = RecentCount()
        /// At their final dot.
        var waiting: [Waiter] = []
        /// Before their transaction.
        var approaching: [Waiter] = []
        /// Recipients of transactions between `approach` and `left`.
        var admitted = 0
        var timer: ContinuousClock.Instant?

        /// Puts the limit in force; what was sent in the last second still counts.
        mutating func apply() {
            window = limit.current.map { limit in window?.limited(to: limit) ?? SlidingWindow(limit: limit) }
        }

        /// Whether a transaction may begin: it will not wait for long at its final dot.
        mutating func admit(_ recipients: Int, at now: ContinuousClock.Instant) -> Bool {
            if let window {
                let ahead = admitted + window.cooling(at: now + Pacer.lead)
                guard ahead == 0 || ahead + recipients <= window.limit * Int(Pacer.lead.components.seconds) else { return false }
            }
            admitted += recipients
            return true
        }
    }

    /// How long a transaction may have to wait at its final dot; SES hangs up after ten seconds without a word.
    private static let lead: Duration = .seconds(3)

    private let state: Mutex<State>
    private let time: Timekeeper

    /// - Parameter rate: recipients per second; `nil` for no limit.
    public init(rate: Int?, time: Timekeeper) {
        state = Mutex(State(window: rate.map(SlidingWindow.init(limit:)), limit: AdaptiveLimit(configured: rate)))
        self.time = time
    }

    /// How many transactions wait at their final dot.
    var waiting: Int { state.withLock(\.waiting.count) }

    /// How many have not begun.
    var waitingToApproach: Int { state.withLock(\.approaching.count) }

    /// Recipients per second in force: what was configured, or less if the upstream refused so much; `nil` for no limit.
    public var limit: Int? { state.withLock { $0.window?.limit } }

    /// Puts another limit in force, for those that wait too; what was sent in the last second still counts, and what was learned under the
    /// same limit stays.
    public func change(rate: Int?) {
        let changed = state.withLock { state in
            guard state.limit.configured != rate else { return false }
            state.limit = AdaptiveLimit(configured: rate)
            state.apply()
            return true
        }
        if changed { letThrough() }
    }

    nonisolated(nonsending) public func approach(recipients: Int) async {
        let now = time.now()
        if state.withLock({ $0.approaching.isEmpty && $0.admit(recipients, at: now) }) { return }
        await withCheckedContinuation { continuation in
            state.withLock { $0.approaching.append((recipients, continuation)) }
            letThrough()
        }
    }

    public func left(recipients: Int) {
        let someoneWaits = state.withLock { state in
            state.admitted -= recipients
            return !state.approaching.isEmpty
        }
        if someoneWaits { letThrough() }
    }

    public func trySend(recipients: Int) -> Bool {
        let now = time.now()
        return state.withLock { state in
            guard state.window != nil else { return true }
            guard state.waiting.isEmpty else { return false }
            return state.window?.take(recipients, at: now) ?? true
        }
    }

    public func waitToSend(recipients: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiting.append((recipients, continuation)) }
            letThrough()
        }
    }

    public func sent(recipients: Int) {
        let now = time.now()
        state.withLock { state in
            state.window?.settle(recipients, at: now)
            state.recent.add(recipients, at: now)
            if state.limit.took(state.recent.lastSecond(at: now), at: now) || state.limit.pass(at: now) { state.apply() }
        }
        letThrough()
    }

    public func refused(recipients: Int) {
        let now = time.now()
        state.withLock { state in
            // Nothing of it counts upstream.
            state.limit.refused(taken: state.recent.lastSecond(at: now), at: now)
            state.apply()
            state.window?.giveBack(recipients)
        }
        letThrough()
    }

    public func withdrawn(recipients: Int) {
        state.withLock { $0.window?.giveBack(recipients) }
        letThrough()
    }

    private func letThrough() {
        let now = time.now()
        var admitted: [CheckedContinuation<Void, Never>] = []
        let wakeUp: ContinuousClock.Instant? = state.withLock { state in
            var count = 0
            while count < state.waiting.count, state.window?.take(state.waiting[count].recipients, at: now) ?? true { count += 1 }
            admitted = state.waiting[..<count].map(\.resume)
            state.waiting.removeFirst(count)
            count = 0
            while count < state.approaching.count, state.admit(state.approaching[count].recipients, at: now) { count += 1 }
            admitted += state.approaching[..<count].map(\.resume)
            state.approaching.removeFirst(count)
            let due: ContinuousClock.Instant?
            if !state.waiting.isEmpty {
                due = state.window?.nextRelease
            } else if !state.approaching.isEmpty, state.admitted == 0 {
                due = state.window?.lastRelease.map { $0 - Self.lead }
            } else {
                due = nil
            }
            guard let due else { return nil }
            if let timer = state.timer, timer <= due { return nil }
            state.timer = due
            return due
        }
        for continuation in admitted { continuation.resume() }
        guard let wakeUp else { return }
        Task {
            await time.sleep(wakeUp)
            state.withLock { if $0.timer == wakeUp { $0.timer = nil } }
            letThrough()
        }
    }
}
