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
    /// How far all steps together had set the clock, after each of the last few.
    private var offsets: [Duration] = [.zero]
    private static let mostOffsets = 16

    /// Compares how far both clocks have come since the last look.
    mutating func look(at now: ContinuousClock.Instant, wall: Timestamp) {
        if let last {
            let jump = (wall - last.wall) - last.now.duration(to: now)
            if jump > Self.tolerance || jump < .zero - Self.tolerance {
                step = Step(by: jump, at: now)
                offsets = offsets.suffix(Self.mostOffsets - 1) + [(offsets.last ?? .zero) + jump]
            }
        }
        last = (now, wall)
        if let step, step.at.duration(to: now) >= Self.memory { self.step = nil }
    }

    /// The age of something that is so old by the wall clock. Whether it began before or after a step, nobody noted: the least age that is
    /// possible, since an alarm that is wrong is worse than one that is late.
    func age(byWall age: Duration) -> Duration {
        let present = offsets.last ?? .zero
        return offsets.map { age - (present - $0) }.filter { $0 >= .zero }.min() ?? .zero
    }
}
