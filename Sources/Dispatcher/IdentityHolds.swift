public import MailModel

/// The identities that SES does not let us send as at present: "not verified" and "Access denied" for one of our own.
///
/// One message alone must not stop the rest: it may be odd in itself. So the first message with such an answer waits alone; once a second,
/// different one gets it too, the identity is held, and only one message at a time is let through as a probe. Once mail of the identity was
/// taken again, what had been refused has one more chance; refused again, it is its own fault, and not the identity's.
public struct IdentityHolds: Sendable {
    public struct Hold: Hashable, Sendable {
        public let reply: Reply
        public let since: Timestamp
    }

    /// What an answer means for the message that got it.
    public enum Finding: Hashable, Sendable {
        /// It waits: for the identity, or for a second message to say the same.
        case waits
        /// As `waits`, and the identity has just come to be held, so that people must be told.
        case waitsAsIdentityIsHeld
        /// Others of the identity pass where this one is refused: an ordinary failure, with its attempts counted.
        case isOwnFault
    }

    private struct State {
        var refused: Set<QueueID>
        var reply: Reply
        var since: Timestamp
        var isHeld = false
        var nextProbe: ContinuousClock.Instant
    }

    /// How long a message waits whose identity is held, or suspected because of it.
    public static let wait: Duration = .seconds(300)
    /// So many waiting messages are remembered for each identity, to go as soon as it is free; others go when their wait is over.
    static let parkingLimit = 20_000
    private var states: [String: State] = [:]
    private var parked: [String: Set<QueueID>] = [:]
    /// Refused while others of their identity passed. What is forgotten has its one more chance again.
    private var outcasts: Set<QueueID> = []
    private static let outcastLimit = 10_000

    public init() {}

    /// Identities that are held, by name.
    public var held: [String: Hold] {
        states.filter(\.value.isHeld).mapValues { Hold(reply: $0.reply, since: $0.since) }
    }

    /// What SES said about this identity last.
    func reply(to identity: String) -> Reply? { states[identity]?.reply }

    /// Whether a message of this identity may be tried now. While the identity is held, one in each probe interval may.
    public mutating func permits(_ identity: String, at now: ContinuousClock.Instant) -> Bool {
        guard let state = states[identity], state.isHeld else { return true }
        guard state.nextProbe <= now else { return false }
        states[identity]?.nextProbe = now + RouteState.probeInterval
        return true
    }

    public mutating func refused(
        _ identity: String, message: QueueID, reply: Reply, at now: ContinuousClock.Instant, wall: Timestamp
    ) -> Finding {
        guard !outcasts.contains(message) else { return .isOwnFault }
        guard var state = states.removeValue(forKey: identity) else {
            states[identity] = State(refused: [message], reply: reply, since: wall, nextProbe: now)
            return .waits
        }
        defer { states[identity] = state }
        state.reply = reply
        if state.refused.count < Self.parkingLimit { state.refused.insert(message) }
        guard !state.isHeld, state.refused.count > 1 else { return .waits }
        state.isHeld = true
        state.nextProbe = now + RouteState.probeInterval
        return .waitsAsIdentityIsHeld
    }

    /// SES took a message of this identity.
    ///
    /// - Returns: whether it was held, or suspected, until now.
    public mutating func worked(_ identity: String) -> Bool {
        guard !states.isEmpty else { return false }
        guard let state = states.removeValue(forKey: identity) else { return false }
        if outcasts.count + state.refused.count > Self.outcastLimit { outcasts = [] }
        outcasts.formUnion(state.refused)
        return true
    }

    /// A message waits because of its identity.
    mutating func park(_ id: QueueID, of identity: String) {
        if parked[identity, default: []].count < Self.parkingLimit { parked[identity, default: []].insert(id) }
    }

    /// The messages that wait because of an identity that works again.
    mutating func unpark(_ identity: String) -> [QueueID] { Array(parked.removeValue(forKey: identity) ?? []) }

    /// An operator's `reload` or `retry`: everybody gets another chance.
    public mutating func forget() {
        states = [:]
        parked = [:]
        outcasts = []
    }
}
