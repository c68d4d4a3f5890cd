internal import MailModel

/// How many reports each address was sent in the last hour, and when its digest is due.
///
/// Memory is bounded: beyond `maximumKeys` pairs in one hour, everything new waits for a digest.
struct ReportRate {
    struct Key: Hashable {
        let told: Mailbox
        let account: AccountName
        /// Warnings have their own count, so that they never put a failure off.
        let isWarning: Bool
    }

    private struct Window {
        /// In the last hour, the oldest first.
        var sent: [ContinuousClock.Instant] = []
        /// When the digest that is being gathered is due, or the last one was.
        var digest: ContinuousClock.Instant?
    }

    static let hour = Duration.seconds(3600)
    static let maximumKeys = 10_000

    private var windows: [Key: Window] = [:]
    private var nextSweep: ContinuousClock.Instant?

    /// Counts a report if there is room for it.
    ///
    /// - Returns: `nil` if it may be sent now, else the time until the digest: the end of the hour that is full, and never two in one hour.
    mutating func wait(for key: Key, at now: ContinuousClock.Instant, limit: Int) -> Duration? {
        guard windows[key] != nil || hasRoom(at: now) else { return Self.hour }
        var window = windows[key] ?? Window()
        defer { windows[key] = window }
        if let digest = window.digest, now < digest { return now.duration(to: digest) }
        window.sent.removeAll { $0.duration(to: now) >= Self.hour }
        if window.sent.count < limit {
            window.sent.append(now)
            return nil
        }
        let end = max((window.sent.first ?? now).advanced(by: Self.hour), (window.digest ?? now - Self.hour).advanced(by: Self.hour))
        window.digest = end
        return now.duration(to: end)
    }

    private mutating func hasRoom(at now: ContinuousClock.Instant) -> Bool {
        guard windows.count >= Self.maximumKeys else { return true }
        // Once a minute at most: a flood of senders must not make each report a walk through all of them.
        if let nextSweep, now < nextSweep { return false }
        nextSweep = now.advanced(by: .seconds(60))
        windows = windows.filter { _, window in
            let last = [window.sent.last, window.digest].compactMap { $0 }.max()
            return last.map { $0.duration(to: now) < Self.hour } ?? false
        }
        return windows.count < Self.maximumKeys
    }
}
