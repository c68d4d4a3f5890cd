public import MailModel

/// Says whether mail that is accepted now could still leave in time.
public protocol BacklogGuard: Sendable {
    /// Asked at each MAIL; must be quick.
    ///
    /// - Returns: why not, in words for the client; `nil` if it could.
    func refusal(for account: AccountName) -> String?
}

/// How long an account's next message would wait behind what is queued: arithmetic, no clocks.
///
/// Accounts share the road by recipients, so an account waits for its own backlog, and for as much of every other one's.
public struct BacklogEstimate: Sendable {
    /// Recipients that are not final, by account.
    public var open: [AccountName: Int]
    /// Recipients per second at present.
    public var rate: Double

    public init(open: [AccountName: Int], rate: Double) {
        self.open = open
        self.rate = rate
    }

    /// - Returns: in seconds; `nil` if nothing is known of the rate.
    public func wait(of account: AccountName) -> Double? {
        guard rate > 0 else { return nil }
        let own = open[account] ?? 0
        return Double(open.values.reduce(0) { $0 + min($1, own) }) / rate
    }

    /// Why a message of this account would expire, or leave only in the second half of its lifetime.
    public func refusal(for account: AccountName, lifetime: Duration) -> String? {
        guard let wait = wait(of: account), wait > lifetime.inSeconds / 2 else { return nil }
        return "The queue is too long: \(open[account] ?? 0) recipients of account \(account) wait, which takes \(Self.words(wait)) at "
            + "\(Int(rate.rounded())) recipients a second, and a message lives \(Self.words(lifetime.inSeconds)); try again later"
    }

    private static func words(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        default: "\(Int(min(seconds / 3600, 1e6))) h"
        }
    }
}
