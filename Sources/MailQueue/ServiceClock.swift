public import MailModel
internal import Synchronization

/// The time during which mail could flow: what a message's age is measured by.
///
/// It runs while the daemon runs and mail is not stopped by trouble of the whole route, it never goes back, and steps of the wall clock do
/// not touch it. It is kept with the queue: after a restart it has advanced by the time that the daemon was down, but by no more than a
/// day, so that a wrong clock at boot expires nothing.
public final class ServiceClock: Sendable {
    private struct State: Sendable {
        var elapsed: Duration
        /// `nil` while it is stopped.
        var since: ContinuousClock.Instant?
    }

    /// A longer time without the daemon counts as this.
    static let longestDowntime: Duration = .seconds(86_400)

    private let state: Mutex<State>
    private let start: (wall: Timestamp, instant: ContinuousClock.Instant)
    private let instant: @Sendable () -> ContinuousClock.Instant

    /// - Parameters:
    ///   - elapsed: where it goes on from.
    ///   - wall: the wall clock now.
    public init(
        from elapsed: Duration = .zero, wall: Timestamp, instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.instant = instant
        start = (wall, instant())
        state = Mutex(State(elapsed: elapsed, since: instant()))
    }

    /// Goes on from what was stored, at a wall clock time that was stored with it.
    convenience init(stored elapsed: Duration, at then: Timestamp, now: Timestamp) {
        let downtime = min(max(.zero, now - then), Self.longestDowntime)
        self.init(from: elapsed + downtime, wall: now)
    }

    public func now() -> Duration {
        let now = instant()
        return state.withLock { $0.elapsed + ($0.since.map { $0.duration(to: now) } ?? .zero) }
    }

    /// What the wall clock would say if nobody had set it since the start: when messages are due.
    public func steadyWall() -> Timestamp { start.wall + start.instant.duration(to: instant()) }

    /// Stops the clock while no mail can flow, and starts it again.
    public func setFlowing(_ isFlowing: Bool) {
        let now = instant()
        state.withLock { state in
            if let since = state.since { state.elapsed += since.duration(to: now) }
            state.since = isFlowing ? now : nil
        }
    }
}
