internal import Dispatch

/// Something that waits for a moment; owned by a channel or a connect attempt, filed in its worker's wheel.
///
/// Moving the moment later, or dropping it, is a store into `due`: the wheel looks again when the slot comes up.
final class WheelTimer {
    fileprivate(set) var due: ContinuousClock.Instant?
    fileprivate var tick = 0
    /// Where it is filed: slot and place in it; -1 while it is not.
    fileprivate var slot = -1
    fileprivate var place = 0
    fileprivate let onFire: () -> Void

    init(onFire: @escaping () -> Void) { self.onFire = onFire }
}

/// A hashed wheel of deadlines on one queue, with one coarse timer that runs only while something waits.
///
/// A deadline fires at most a quarter of a second late and never early. One that lies beyond the wheel's turn is filed in its last
/// slot and filed again from there.
final class DeadlineWheel {
    private static let slotCount = 256
    private static let ticksPerSecond: Int64 = 4

    private var slots = [[WheelTimer]](repeating: [], count: slotCount)
    private var count = 0
    private let epoch = ContinuousClock.now
    /// Every slot up to this tick has been emptied.
    private var doneTick = 0
    /// When the timer will fire; `Int.max` while it is not armed.
    private var armedTick = Int.max
    private let timer: any DispatchSourceTimer

    init(queue: DispatchQueue) {
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler { [weak self] in self?.turn() }
        timer.activate()
    }

    deinit { timer.cancel() }

    /// Sets, moves or (with nil) drops the moment of `item`.
    func set(_ item: WheelTimer, to due: ContinuousClock.Instant?) {
        item.due = due
        guard let due else { return }
        let tick = tickAfter(due)
        if item.slot >= 0 {
            guard tick < item.tick else { return }
            unfile(item)
        }
        if count == 0 { doneTick = max(doneTick, currentTick()) }
        file(item, at: tick)
    }

    /// Takes `item` out now, so that nothing of it is kept alive.
    func remove(_ item: WheelTimer) {
        item.due = nil
        if item.slot >= 0 { unfile(item) }
    }

    private func file(_ item: WheelTimer, at wanted: Int) {
        let tick = min(max(wanted, doneTick + 1), doneTick + Self.slotCount)
        item.tick = tick
        item.slot = tick % Self.slotCount
        item.place = slots[item.slot].count
        slots[item.slot].append(item)
        count += 1
        if tick < armedTick { arm(tick) }
    }

    private func unfile(_ item: WheelTimer) {
        let slot = item.slot
        guard let last = slots[slot].popLast() else { return }
        if last !== item {
            slots[slot][item.place] = last
            last.place = item.place
        }
        item.slot = -1
        count -= 1
    }

    private func turn() {
        let now = ContinuousClock.now
        let nowTick = currentTick()
        armedTick = Int.max
        var fired: [WheelTimer] = []
        let first = doneTick + 1
        let last = min(nowTick, doneTick + Self.slotCount)
        doneTick = max(doneTick, nowTick)
        if first <= last {
            for tick in first...last {
                let slot = tick % Self.slotCount
                guard !slots[slot].isEmpty else { continue }
                let items = slots[slot]
                slots[slot].removeAll()
                count -= items.count
                for item in items {
                    item.slot = -1
                    guard let due = item.due else { continue }
                    if due <= now { fired.append(item) } else { file(item, at: tickAfter(due)) }
                }
            }
        }
        // Called last, when the wheel is whole again: each may set or remove any other.
        for item in fired {
            guard let due = item.due, due <= now else { continue }
            item.due = nil
            item.onFire()
        }
        // What was filed meanwhile has armed the timer for itself, and not for what waits before it.
        let ahead = doneTick + 1...doneTick + Self.slotCount
        if count > 0, let next = ahead.first(where: { !slots[$0 % Self.slotCount].isEmpty }), next < armedTick { arm(next) }
    }

    private func arm(_ tick: Int) {
        armedTick = tick
        let wait = max(1, Int64(tick) * 1000 / Self.ticksPerSecond - milliseconds(epoch.duration(to: .now)))
        timer.schedule(deadline: .now() + .milliseconds(Int(wait)), leeway: .milliseconds(20))
    }

    private func currentTick() -> Int { Int(milliseconds(epoch.duration(to: .now)) * Self.ticksPerSecond / 1000) }

    /// The first tick that is not before `due`.
    private func tickAfter(_ due: ContinuousClock.Instant) -> Int {
        Int(milliseconds(epoch.duration(to: due)) * Self.ticksPerSecond / 1000) + 1
    }

    /// Clamped to about 30 years, so that no caller's "never" overflows.
    private func milliseconds(_ duration: Duration) -> Int64 {
        let parts = duration.components
        return min(max(parts.seconds, -1_000_000_000), 1_000_000_000) * 1000 + parts.attoseconds / 1_000_000_000_000_000
    }
}
