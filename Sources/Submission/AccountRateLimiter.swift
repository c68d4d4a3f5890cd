public import MailModel
internal import Synchronization

/// Keeps each account within its own `rate`, counted in recipients, so that one runaway app cannot use up the shared SES account.
public final class AccountRateLimiter: Sendable {
    private struct Bucket {
        var level: Double
        var at: ContinuousClock.Instant
    }
    private let buckets = Mutex<[AccountName: Bucket]>([:])

    public init() {}

    /// Takes places for `recipients`, if the account's rate leaves them. A full period's worth may come at once.
    ///
    /// - Returns: `nil` if they were taken, otherwise how long until they would be free.
    public func take(_ recipients: Int, account: AccountName, rate: Account.Rate, at now: ContinuousClock.Instant) -> Duration? {
        let capacity = Double(Swift.max(1, rate.count))
        let perSecond = capacity / Swift.max(0.001, rate.period.inSeconds)
        return buckets.withLock { buckets in
            let old = buckets[account] ?? Bucket(level: 0, at: now)
            let level = Swift.max(0, old.level - old.at.duration(to: now).inSeconds * perSecond)
            let wanted = level + Double(recipients)
            guard wanted <= capacity || level == 0 else {
                return .seconds((wanted - capacity) / perSecond)
            }
            buckets[account] = Bucket(level: wanted, at: now)
            return nil
        }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
