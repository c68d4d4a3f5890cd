public import MailModel

/// The clocks of the dispatcher, as an argument: tests turn them by hand.
public struct Timekeeper: Sendable {
    /// For people, and for due times that outlive a restart.
    public let wall: WallClock
    /// For waiting and for rates: never set back.
    public let now: @Sendable () -> ContinuousClock.Instant
    /// Returns at that instant, or early when its task is cancelled.
    public let sleep: @Sendable (ContinuousClock.Instant) async -> Void

    public init(
        wall: @escaping WallClock,
        now: @escaping @Sendable () -> ContinuousClock.Instant,
        sleep: @escaping @Sendable (ContinuousClock.Instant) async -> Void
    ) {
        self.wall = wall
        self.now = now
        self.sleep = sleep
    }

    /// The machine's own clocks.
    public static func system(wall: @escaping WallClock) -> Timekeeper {
        Timekeeper(
            wall: wall, now: { ContinuousClock.now }, sleep: { try? await Task.sleep(until: $0, tolerance: .zero, clock: .continuous) })
    }
}
