/// At most `limit` recipients in any second: the arithmetic of the sending rate, without a clock of its own.
///
/// SES counts recipients at the moment it takes a message, which lies between our final dot and its reply. So a place is taken before the
/// final dot and is free again one second after the reply: whatever the latency, no second sees more than the limit.
public struct SlidingWindow: Sendable {
    public private(set) var limit: Int
    /// Places taken by transactions whose reply is not yet there.
    public private(set) var inFlight = 0
    /// Places that become free, in order of time.
    private var releases: [(at: ContinuousClock.Instant, count: Int)] = []
    private var firstRelease = 0
    private var cooling = 0

    public init(limit: Int) { self.limit = max(1, limit) }

    /// The same past under another limit.
    public func limited(to limit: Int) -> SlidingWindow {
        var other = self
        other.limit = max(1, limit)
        return other
    }

    /// - Returns: whether the places were taken. A transaction larger than the whole limit gets them when all are free.
    public mutating func take(_ count: Int, at now: ContinuousClock.Instant) -> Bool {
        release(upTo: now)
        guard inFlight + cooling == 0 || inFlight + cooling + count <= limit else { return false }
        inFlight += count
        return true
    }

    /// The reply is there: the places cool for a second, or for as many as the limit needs for a transaction larger than it.
    public mutating func settle(_ count: Int, at now: ContinuousClock.Instant) {
        inFlight = max(0, inFlight - count)
        cooling += count
        releases.append((now + .seconds(max(1, Double(count) / Double(limit))), count))
    }

    /// The final dot was never sent: nothing was counted upstream.
    public mutating func giveBack(_ count: Int) { inFlight = max(0, inFlight - count) }

    /// When the next place becomes free; `nil` if none is cooling.
    public var nextRelease: ContinuousClock.Instant? { firstRelease < releases.count ? releases[firstRelease].at : nil }

    /// When the last of the cooling places becomes free.
    var lastRelease: ContinuousClock.Instant? { firstRelease < releases.count ? releases.last?.at : nil }

    /// How many places will still be cooling at that time.
    func cooling(at instant: ContinuousClock.Instant) -> Int {
        releases[firstRelease...].reversed().prefix { $0.at > instant }.reduce(0) { $0 + $1.count }
    }

    private mutating func release(upTo now: ContinuousClock.Instant) {
        while firstRelease < releases.count, releases[firstRelease].at <= now {
            cooling -= releases[firstRelease].count
            firstRelease += 1
        }
        if firstRelease == releases.count {
            releases.removeAll(keepingCapacity: true)
            firstRelease = 0
        } else if firstRelease > 1024 {
            releases.removeFirst(firstRelease)
            firstRelease = 0
        }
    }
}
