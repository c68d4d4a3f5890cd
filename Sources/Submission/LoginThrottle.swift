public import MailModel
public import Networking
internal import Synchronization

/// Slows failed logins down, by client network and by account, across reconnects.
///
/// Each failure adds a point; points fade at one a minute. A network that has used up its points is refused unread for a while. An account
/// with many failures takes logins only from networks that have logged in to it before, and from those without a failure of their own: so
/// guessing goes on from nowhere, and nobody can lock an app out by guessing at its password from elsewhere.
public final class LoginThrottle: Sendable {
    /// Failures that are free of any delay: a mistyped setting is no attack.
    public static let freeFailures = 3.0
    /// Points at which a network is refused until they fade.
    public static let networkLimit = 20.0
    /// Points at which an account takes no logins from networks that it does not know and that have failed before.
    public static let accountLimit = 50.0

    private struct State {
        var networks = FadingCounters<NetworkRange>(fadingPerMinute: 1, ceiling: networkLimit)
        var accounts = FadingCounters<AccountName>(fadingPerMinute: 1, ceiling: accountLimit)
        /// Where an account has logged in from, the last few.
        var known: [AccountName: [NetworkRange]] = [:]
    }
    private let state = Mutex(State())

    public init() {}

    public enum Verdict: Hashable, Sendable {
        /// Check the password; if it is wrong, answer only after the delay.
        case check(delayIfWrong: Duration)
        /// Too many failures: refuse without checking.
        case refuse
    }

    public func verdict(network: NetworkRange, account: AccountName?, at now: ContinuousClock.Instant) -> Verdict {
        state.withLock { state in
            let points = state.networks.value(of: network, at: now)
            // One point of leeway, so that a network at its limit is not let in again by the first moment's fading.
            if points > Self.networkLimit - 1 { return .refuse }
            if let account, points > 0, state.accounts.value(of: account, at: now) > Self.accountLimit - 1,
                !(state.known[account]?.contains(network) ?? false)
            {
                return .refuse
            }
            let excess = Swift.max(0, points - Self.freeFailures)
            return .check(delayIfWrong: .milliseconds(Int(Swift.min(5000, 250 * excess))))
        }
    }

    public func failed(network: NetworkRange, account: AccountName?, at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.networks.add(to: network, at: now)
            if let account { state.accounts.add(to: account, at: now) }
        }
    }

    /// A login that succeeded makes the network known to the account, and forgives the network half of its points.
    public func succeeded(network: NetworkRange, account: AccountName, at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.networks.halve(network, at: now)
            var networks = state.known[account] ?? []
            guard networks.last != network else { return }
            networks.removeAll { $0 == network }
            networks.append(network)
            if networks.count > 32 { networks.removeFirst() }
            state.known[account] = networks
        }
    }
}
