/// Finds the sending rate that the upstream really allows, when it is lower than what was configured, and the way back.
///
/// A refusal says how much was taken in the second before it: the rate goes just below that, returns to it after some seconds, and stays.
/// From time to time a little more is tried, more and more rarely while that is refused, faster once it is not.
public struct AdaptiveLimit: Sendable {
    /// What the operator set; `nil` for no limit.
    public let configured: Int?
    /// Recipients per second in force.
    public private(set) var current: Int?
    /// What was taken when the last refusal came; `nil` until there was one.
    private var learned: Int?
    private var lastRefusal: ContinuousClock.Instant?
    private var lastRaise: ContinuousClock.Instant?
    private var patience = Self.firstPatience

    /// Refusals that come together are one.
    private static let together: Duration = .seconds(2)
    private static let recovery: Duration = .seconds(5)
    private static let firstPatience: Duration = .seconds(60)
    private static let longestPatience: Duration = .seconds(900)
    /// Between two raises once the learned rate has been passed.
    private static let step: Duration = .seconds(10)

    public init(configured: Int?) {
        self.configured = configured
        current = configured
    }

    /// Whether the upstream takes less than was configured, as far as is known.
    public var isLowered: Bool { current != configured }

    /// The upstream refused for the rate.
    ///
    /// - Parameter taken: recipients that it took in the second before.
    public mutating func refused(taken: Int, at now: ContinuousClock.Instant) {
        if let lastRefusal, lastRefusal.duration(to: now) < Self.together { return }
        lastRefusal = now
        lastRaise = nil
        if let learned, let present = current, present > learned {
            // What went well for a while before the last raise still stands.
            patience = min(patience * 2, Self.longestPatience)
            let proven = max(learned, min(taken, present - 1))
            (self.learned, current) = (proven, proven)
        } else {
            learn(max(1, min(taken, current ?? .max)))
        }
    }

    /// Answers to what was under way when the refusal came show that more was taken than was known then.
    ///
    /// - Parameter count: recipients that were taken in the last second.
    /// - Returns: whether the limit changed.
    public mutating func took(_ count: Int, at now: ContinuousClock.Instant) -> Bool {
        guard let learned, count > learned, let lastRefusal, lastRefusal.duration(to: now) < .milliseconds(500),
            let present = current, present < learned
        else { return false }
        learn(min(count, configured ?? .max))
        return true
    }

    private mutating func learn(_ ceiling: Int) {
        learned = ceiling
        current = max(1, min(ceiling - 1, ceiling - ceiling / 10))
    }

    /// Time passes without a refusal.
    ///
    /// - Returns: whether the limit was raised.
    public mutating func pass(at now: ContinuousClock.Instant) -> Bool {
        guard let learned, let lastRefusal, let present = current, present != configured else { return false }
        let quiet = lastRefusal.duration(to: now)
        if present < learned {
            guard quiet >= Self.recovery else { return false }
            current = learned
            return true
        }
        guard quiet >= patience, (lastRaise.map { $0.duration(to: now) >= Self.step }) ?? true else { return false }
        lastRaise = now
        self.learned = present
        let raised = present + max(1, present / 10)
        if let configured, raised >= configured {
            current = configured
            self.learned = nil
        } else if configured == nil, raised > 10_000 {
            current = nil
            self.learned = nil
        } else {
            current = raised
        }
        return true
    }
}
