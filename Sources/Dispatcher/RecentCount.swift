/// How many recipients were taken in the last second, in steps of a twentieth: cheap at any rate.
struct RecentCount {
    private static let steps = 20
    private static let step: Duration = .milliseconds(50)

    private var counts = [Int](repeating: 0, count: Self.steps)
    private var total = 0
    private var place = 0
    private var placeEnds: ContinuousClock.Instant?

    mutating func add(_ count: Int, at now: ContinuousClock.Instant) {
        roll(now)
        counts[place] += count
        total += count
    }

    mutating func lastSecond(at now: ContinuousClock.Instant) -> Int {
        roll(now)
        return total
    }

    private mutating func roll(_ now: ContinuousClock.Instant) {
        guard var end = placeEnds, end.duration(to: now) < .seconds(1) else {
            counts = [Int](repeating: 0, count: Self.steps)
            (total, place, placeEnds) = (0, 0, now + Self.step)
            return
        }
        while end <= now {
            place = (place + 1) % Self.steps
            total -= counts[place]
            counts[place] = 0
            end += Self.step
        }
        placeEnds = end
    }
}
