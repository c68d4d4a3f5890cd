import Dispatcher
import MailModel
import Synchronization

/// Clocks that move only when a test says so.
final class ManualTime: Sendable {
    private struct State {
        var elapsed = Duration.zero
        var wallShift = Duration.zero
        var sleepers: [Int: (until: ContinuousClock.Instant, wake: CheckedContinuation<Void, Never>)] = [:]
        var next = 0
    }
    private let start = ContinuousClock.now
    private let state = Mutex(State())
    static let wallStart = Timestamp(seconds: 1_772_000_000)

    var keeper: Timekeeper {
        Timekeeper(wall: { self.wall }, now: { self.now }, sleep: { await self.sleep(until: $0) })
    }
    var now: ContinuousClock.Instant { start + state.withLock(\.elapsed) }
    var wall: Timestamp { state.withLock { Self.wallStart + $0.elapsed + $0.wallShift } }
    /// The earliest time at which somebody wants to be woken, from the start.
    var nextAlarm: Duration? { state.withLock { $0.sleepers.values.map(\.until).min() }.map { start.duration(to: $0) } }
    var sleeperCount: Int { state.withLock(\.sleepers.count) }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.elapsed += duration
            let now = start + state.elapsed
            let due = state.sleepers.filter { $0.value.until <= now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.sorted { $0.until < $1.until }.map(\.wake)
        }
        for wake in due { wake.resume() }
    }

    /// Sets the wall clock, and only that.
    func shiftWall(by duration: Duration) { state.withLock { $0.wallShift += duration } }

    private func sleep(until instant: ContinuousClock.Instant) async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled || instant <= start + state.elapsed { return true }
                    state.sleepers[number] = (instant, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.wake.resume()
        }
    }
}
