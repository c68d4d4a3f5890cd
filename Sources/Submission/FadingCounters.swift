/// Counts by key that fade with time, for a bounded number of keys.
struct FadingCounters<Key: Hashable & Sendable>: Sendable {
    private struct Count: Sendable {
        var value: Double
        var at: ContinuousClock.Instant
    }

    /// How much fades in a second.
    let fading: Double
    /// Counts do not grow beyond this, so that whoever stops is forgiven within a known time.
    let ceiling: Double
    private let capacity: Int
    private var counts: [Key: Count] = [:]

    init(fadingPerMinute: Double, ceiling: Double, capacity: Int = 20_000) {
        fading = fadingPerMinute / 60
        self.ceiling = ceiling
        self.capacity = capacity
    }

    /// How many keys are kept.
    var count: Int { counts.count }

    func value(of key: Key, at now: ContinuousClock.Instant) -> Double {
        counts[key].map { faded($0, at: now) } ?? 0
    }

    mutating func add(to key: Key, at now: ContinuousClock.Instant) {
        counts[key] = Count(value: min(ceiling, value(of: key, at: now) + 1), at: now)
        guard counts.count > capacity else { return }
        // Rare and linear: an attack from many addresses makes room by forgetting the mildest half.
        let border = counts.values.map { faded($0, at: now) }.sorted()[capacity / 2]
        counts = counts.filter { faded($0.value, at: now) > border || $0.key == key }
    }

    mutating func halve(_ key: Key, at now: ContinuousClock.Instant) {
        let left = value(of: key, at: now) / 2
        counts[key] = left < 0.5 ? nil : Count(value: left, at: now)
    }

    private func faded(_ count: Count, at now: ContinuousClock.Instant) -> Double {
        max(0, count.value - count.at.duration(to: now).inSeconds * fading)
    }
}
