public import Upstream
internal import Synchronization

/// Keeps the sending rate: lets as many recipients past the final dot as the upstream allows per second, in the order they came.
public final class Pacer: SendingGate {
    private struct State: Sendable {
        var window: SlidingWindow?
        var waiting: [(recipients: Int, resume: CheckedContinuation<Void, Never>)] = []
        var isTimerSet = false
    }
    private let state: Mutex<State>
    private let time: Timekeeper

    /// - Parameter rate: recipients per second; `nil` for no limit.
    public init(rate: Int?, time: Timekeeper) {
        state = Mutex(State(window: rate.map(SlidingWindow.init(limit:))))
        self.time = time
    }

    /// How many transactions wait at their final dot.
    var waiting: Int { state.withLock(\.waiting.count) }

    /// Recipients per second, `nil` for no limit.
    public var rate: Int? { state.withLock { $0.window?.limit } }

    /// Puts another limit in force, for those that wait too; what was sent in the last second still counts.
    public func change(rate: Int?) {
        let changed = state.withLock { state in
            guard state.window?.limit != rate else { return false }
            state.window = rate.map { limit in state.window?.limited(to: limit) ?? SlidingWindow(limit: limit) }
            return true
        }
        if changed { letThrough() }
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
        state.withLock { $0.window?.settle(recipients, at: now) }
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
            guard !state.waiting.isEmpty, !state.isTimerSet, let next = state.window?.nextRelease else { return nil }
            state.isTimerSet = true
            return next
        }
        for continuation in admitted { continuation.resume() }
        guard let wakeUp else { return }
        Task {
            await time.sleep(wakeUp)
            state.withLock { $0.isTimerSet = false }
            letThrough()
        }
    }
}
