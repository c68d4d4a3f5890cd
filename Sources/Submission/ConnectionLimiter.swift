public import Networking
internal import Synchronization

/// Counts open connections, in all and by client network, so that one client cannot take every place.
///
/// How fast they may come is `StrangerLimiter`'s.
public final class ConnectionLimiter: Sendable {
    private struct State {
        var total = 0
        var byNetwork: [NetworkRange: Int] = [:]
    }
    private let state = Mutex(State())

    public init() {}

    /// - Returns: whether the connection got a place; if so, `leave` must be called once.
    public func enter(network: NetworkRange, limit: Int, limitPerNetwork: Int) -> Bool {
        state.withLock { state in
            guard state.total < limit, state.byNetwork[network, default: 0] < limitPerNetwork else { return false }
            state.total += 1
            state.byNetwork[network, default: 0] += 1
            return true
        }
    }

    public func leave(network: NetworkRange) {
        state.withLock { state in
            state.total -= 1
            let left = state.byNetwork[network, default: 1] - 1
            state.byNetwork[network] = left > 0 ? left : nil
        }
    }

    public var count: Int { state.withLock { $0.total } }
}
