public import MailModel

/// Which events somebody wants to see: those that fit every part that is set.
public struct EventFilter: Hashable, Sendable {
    public var account: AccountName?
    /// An address, or `@domain`, without regard to the case of A–Z.
    public var recipient: [UInt8]?
    /// Only events that tell of mail or a login that did not get through.
    public var isOnlyFailed = false
    public var since: Timestamp?

    public init() {}

    public static let all = EventFilter()

    public func matches(_ event: RelayEvent) -> Bool {
        if isOnlyFailed, !event.name.isFailure { return false }
        if let account, event.account != account { return false }
        if let since, event.time < since { return false }
        return recipient == nil || event.recipients.contains { matches(recipient: $0.wireOctets) }
    }

    /// - Parameter mailbox: in the form for the wire.
    private func matches(recipient mailbox: [UInt8]) -> Bool {
        var filter = QueueFilter()
        filter.recipient = recipient
        return filter.matches(recipient: mailbox)
    }
}

extension RelayEvent.Name {
    /// Mail or a login that did not get through, and will not by itself: what waits for another attempt is none.
    public var isFailure: Bool {
        switch self {
        case .failed, .expired, .refused, .loginRefused, .deadLettered, .quarantined: true
        case .accepted, .rewritten, .relayed, .deferred, .inDoubt, .removed, .delayed, .reported, .held, .released, .suppressed, .alarm,
            .alarmCleared, .routePaused, .routeResumed:
            false
        }
    }
}
