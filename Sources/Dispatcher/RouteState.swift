public import MailModel

/// Whether mail may be handed to the upstream: the circuit breaker of the route.
///
/// The route's own trouble pauses it as a whole. No message's attempt is counted and nothing expires meanwhile. From time to time one
/// delivery is let through as a probe; when it goes well, the route is open again.
public struct RouteState: Sendable {
    public struct Pause: Hashable, Sendable {
        public let trouble: RouteTrouble
        /// Wall clock, for people.
        public let since: Timestamp
        public var probesMade: Int
        public var nextProbe: ContinuousClock.Instant
    }

    public enum Permission: Hashable, Sendable {
        case open
        /// One delivery may start, as a probe.
        case probe
        case closed(until: ContinuousClock.Instant)
    }

    /// The first probe comes soon, since most trouble is short; the later ones are rare, since a login that is refused again and again
    /// may be taken for an attack.
    public static let firstProbe: Duration = .seconds(5)
    public static let probeInterval: Duration = .seconds(30)
    /// The rate itself is kept by the pacer, which knows when the second is over: the pause only lets what is under way come to its end.
    public static let throttlePause: Duration = .milliseconds(300)
    /// Connections that are too many go one by one.
    public static let crowdedPause: Duration = .seconds(1)
    /// The daily quota is a rolling window: it comes back bit by bit.
    public static let quotaPause: Duration = .seconds(5 * 60)

    public private(set) var pause: Pause?
    private var isProbing = false

    public init() {}

    public func permission(at now: ContinuousClock.Instant) -> Permission {
        guard let pause else { return .open }
        if isProbing { return .closed(until: now + Self.probeInterval) }
        return pause.nextProbe <= now ? .probe : .closed(until: pause.nextProbe)
    }

    /// A delivery was started on the permission `.probe`.
    public mutating func probeStarted() { isProbing = true }

    /// The probe ended without saying anything about the route (its message was gone, or refused for its own sake).
    public mutating func probeEnded() { isProbing = false }

    /// - Returns: whether the pause is new or has another kind of reason, so that people must be told.
    public mutating func pause(_ trouble: RouteTrouble, at now: ContinuousClock.Instant, wall: Timestamp, wasProbe: Bool) -> Bool {
        if wasProbe { isProbing = false }
        guard let current = pause else {
            pause = Pause(trouble: trouble, since: wall, probesMade: 0, nextProbe: now + Self.wait(for: trouble, probesMade: 0))
            return true
        }
        // Several deliveries fail together when the route breaks: only a probe moves the clock on.
        let probes = current.probesMade + (wasProbe ? 1 : 0)
        let next = wasProbe ? now + Self.wait(for: trouble, probesMade: probes) : current.nextProbe
        pause = Pause(trouble: trouble, since: current.since, probesMade: probes, nextProbe: next)
        return !trouble.isSameKind(as: current.trouble)
    }

    /// The upstream took a message, or answered for the sake of the message only: the route works.
    ///
    /// - Returns: the pause that is over, if there was one.
    public mutating func worked(wasProbe: Bool) -> Pause? {
        if wasProbe { isProbing = false }
        // Deliveries that were under way when the pause began say nothing about now.
        guard let over = pause, wasProbe else { return nil }
        pause = nil
        return over
    }

    /// Another route, with other credentials perhaps: whatever the old one's probe comes to, this one may be probed.
    public mutating func routeReplaced() { isProbing = false }

    /// New credentials or an operator's `retry`: the next delivery is a probe at once.
    public mutating func probeNow(at now: ContinuousClock.Instant) { pause?.nextProbe = now }

    private static func wait(for trouble: RouteTrouble, probesMade: Int) -> Duration {
        switch trouble {
        case .throttled: throttlePause
        case .quotaExceeded: quotaPause
        case .tooManyConnections: crowdedPause
        case .unreachable, .loginRefused, .accountRefused: probesMade == 0 ? firstProbe : probeInterval
        }
    }
}

extension RouteTrouble {
    /// What an operator reads in `status`: the upstream's words, or the system's.
    public var explanation: String {
        switch self {
        case .unreachable(let text), .loginRefused(let text): text
        case .accountRefused(let reply), .throttled(let reply), .quotaExceeded(let reply), .tooManyConnections(let reply): reply.oneLine
        }
    }

    /// A word for JSON and metrics.
    public var kind: String {
        switch self {
        case .unreachable: "unreachable"
        case .loginRefused: "login_refused"
        case .accountRefused: "account_refused"
        case .throttled: "throttled"
        case .quotaExceeded: "quota_exceeded"
        case .tooManyConnections: "too_many_connections"
        }
    }

    /// SES asks for less: nothing is wrong.
    var isThrottling: Bool {
        switch self {
        case .throttled, .quotaExceeded, .tooManyConnections: true
        case .unreachable, .loginRefused, .accountRefused: false
        }
    }

    func isSameKind(as other: RouteTrouble) -> Bool { kind == other.kind }
}
