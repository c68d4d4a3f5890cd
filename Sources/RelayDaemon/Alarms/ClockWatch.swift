internal import MailModel

/// Notices when the wall clock jumps: expiry by wall time, certificates and signatures depend on it.
struct ClockWatch: Sendable {
    struct Step: Hashable, Sendable {
        /// By how much; below zero if the clock was set back.
        let by: Duration
        let at: ContinuousClock.Instant
    }

    /// Slewing and leap seconds stay far below.
    static let tolerance: Duration = .seconds(5 * 60)
    /// How long a step is worth an alarm.
    static let memory: Duration = .seconds(3600)

    private var last: (now: ContinuousClock.Instant, wall: Timestamp)?
    private(set) var step: Step?

    /// Compares how far both clocks have come since the last look.
    mutating func look(at now: ContinuousClock.Instant, wall: Timestamp) {
        if let last {
            let jump = (wall - last.wall) - last.now.duration(to: now)
            if jump > Self.tolerance || jump < .zero - Self.tolerance { step = Step(by: jump, at: now) }
        }
        last = (now, wall)
        if let step, step.at.duration(to: now) >= Self.memory { self.step = nil }
    }
}
