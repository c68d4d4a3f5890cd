public import MailModel
public import Networking
internal import Synchronization

/// Slows failed logins down, by client network and by account, across reconnects.
///
/// Each failure adds a point; points fade at one a minute. A network that has used up its points is refused unread for a while; an account
/// never is from networks that have logged in to it before, so that nobody can lock an app out by guessing at its password from elsewhere.
public final class LoginThrottle: Sendable {
    /// Failures that are free of any delay: a mistyped setting is no attack.
    public static let freeFailures = 3.0
    /// Points at which a network is refused until they fade.
    public static let networkLimit = 20.0
    /// Points at which an account takes no logins from networks that it does not know.
    public static let accountLimit = 50.0
    /// The table never holds more keys than this; the ones with the fewest points give way.
    static let capacity = 20_000

    private struct Points {
        var value: Double
        var at: ContinuousClock.Instant

        func faded(at now: ContinuousClock.Instant) -> Double {
            let seconds = at.duration(to: now).components.seconds
            return Swift.max(0, value - Double(seconds) / 60)
        }
    }
    private struct State {
        var networks: [NetworkRange: Points] = [:]
        var accounts: [AccountName: Points] = [:]
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
            let points = state.networks[network]?.faded(at: now) ?? 0
            if points >= Self.networkLimit { return .refuse }
            if let account, (state.accounts[account]?.faded(at: now) ?? 0) >= Self.accountLimit,
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
            Self.add(to: &state.networks, key: network, at: now)
            if let account { Self.add(to: &state.accounts, key: account, at: now) }
        }
    }

    /// A login that succeeded makes the network known to the account, and forgives the network half of its points.
    public func succeeded(network: NetworkRange, account: AccountName, at now: ContinuousClock.Instant) {
        state.withLock { state in
            if let points = state.networks[network] {
                let left = points.faded(at: now) / 2
                state.networks[network] = left < 0.5 ? nil : Points(value: left, at: now)
            }
            var networks = state.known[account] ?? []
            guard networks.last != network else { return }
            networks.removeAll { $0 == network }
            networks.append(network)
            if networks.count > 32 { networks.removeFirst() }
            state.known[account] = networks
        }
    }

    private static func add<Key: Hashable>(to table: inout [Key: Points], key: Key, at now: ContinuousClock.Instant) {
        let value = (table[key]?.faded(at: now) ?? 0) + 1
        table[key] = Points(value: value, at: now)
        guard table.count > capacity else { return }
        // Rare and linear: an attack from many addresses makes room by forgetting the mildest half.
        let border = table.values.map { $0.faded(at: now) }.sorted()[capacity / 2]
        table = table.filter { $0.value.faded(at: now) > border || $0.key == key }
    }
}
