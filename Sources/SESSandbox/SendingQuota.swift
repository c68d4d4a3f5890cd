internal import MailModel

/// Counts recipients in the last second and in the last 24 hours. The clock is an argument.
struct SendingQuota {
    private var lastSecond = RollingCount(length: .seconds(1), resolution: .zero)
    private var lastDay = RollingCount(length: .seconds(86_400), resolution: .seconds(1))

    /// Counts the message, or says why it must wait; what is refused is not counted.
    mutating func admit(_ recipients: [HeaderAddress], under rules: SandboxRules, now: ContinuousClock.Instant) -> Reply? {
        let counted = recipients.count { !$0.isSimulator }
        if let rate = rules.maximumSendRate {
            let already = lastSecond.total(at: now)
            if already > 0, already + recipients.count > rate { return .rateExceeded }
        }
        if let quota = rules.dailyQuota, counted > 0, lastDay.total(at: now) + counted > quota { return .quotaExceeded }
        if rules.maximumSendRate != nil { lastSecond.add(recipients.count, at: now) }
        lastDay.add(counted, at: now)
        return nil
    }
}

/// A sum over a window that slides.
private struct RollingCount {
    let length: Duration
    /// What comes within this much of the last entry is counted with it, and so leaves a little early: it bounds the entries.
    let resolution: Duration
    private var entries: [(time: ContinuousClock.Instant, count: Int)] = []
    private var first = 0
    private var sum = 0

    init(length: Duration, resolution: Duration) {
        self.length = length
        self.resolution = resolution
    }

    mutating func total(at now: ContinuousClock.Instant) -> Int {
        while first < entries.count, now - entries[first].time >= length {
            sum -= entries[first].count
            first += 1
        }
        if first > 64, first > entries.count / 2 {
            entries.removeFirst(first)
            first = 0
        }
        return sum
    }

    mutating func add(_ count: Int, at now: ContinuousClock.Instant) {
        guard count > 0 else { return }
        sum += count
        if entries.count > first, let last = entries.last, now - last.time < resolution {
            entries[entries.count - 1].count += count
        } else {
            entries.append((now, count))
        }
    }
}
