public import Networking
internal import Synchronization

/// Limits how fast a client network may open connections that never log in: port scans, and guessing spread over many connections.
///
/// Connections that log in are not counted, whatever their number: busy apps open one for each mail. Loopback and private networks may do
/// ten times as much, since probes of load balancers and monitors come from there.
public final class StrangerLimiter: Sendable {
    private struct State {
        var far: FadingCounters<NetworkRange>
        var near: FadingCounters<NetworkRange>
    }
    private let state: Mutex<State>

    public init(perMinute: Int = 60) {
        let (far, near) = (Double(max(1, perMinute)), Double(max(1, perMinute)) * 10)
        state = Mutex(
            State(far: FadingCounters(fadingPerMinute: far, ceiling: far), near: FadingCounters(fadingPerMinute: near, ceiling: near)))
    }

    /// Whether a client may come in, as far as its network's earlier connections tell.
    public func admits(_ client: SocketAddress, at now: ContinuousClock.Instant) -> Bool {
        let network = client.networkPrefix
        return state.withLock { state in
            let counters = client.isLoopback || client.isPrivate ? state.near : state.far
            return counters.value(of: network, at: now) <= counters.ceiling - 1
        }
    }

    /// A connection ended on which nobody had logged in.
    public func leftUnknown(_ client: SocketAddress, at now: ContinuousClock.Instant) {
        let network = client.networkPrefix
        state.withLock { state in
            if client.isLoopback || client.isPrivate { state.near.add(to: network, at: now) } else { state.far.add(to: network, at: now) }
        }
    }
}
