internal import MailModel
internal import MailQueue

/// Keeps the recipients of any 24 hours below what the operator set: looks at the ledger at most once a second.
struct DailyQuota {
    enum Answer: Equatable {
        case open
        case usedUp(isNew: Bool)
    }

    /// While it is used up, how often to look whether the window has moved on.
    static let interval: Duration = .seconds(10)
    private static let cacheTime: Duration = .seconds(1)

    /// `nil` while there is room.
    private(set) var usedUpUntil: Timestamp?
    private var lookedAt: ContinuousClock.Instant?
    private var left = 0

    /// - Parameter underWay: recipients of running attempts, which the ledger does not know yet.
    mutating func look(
        limit: Int, underWay: Int, ledger: SendingLedger, now: ContinuousClock.Instant, wall: Timestamp
    ) -> Answer {
        // Near the limit nothing is assumed.
        if let lookedAt, left > underWay + 1000, lookedAt.duration(to: now) < Self.cacheTime { return .open }
        lookedAt = now
        left = limit - ledger.relayed(at: wall)
        if left > underWay {
            usedUpUntil = nil
            return .open
        }
        let isNew = usedUpUntil == nil && underWay == 0
        if underWay == 0 { usedUpUntil = ledger.freeAt(relayedBelow: limit, at: wall) }
        return .usedUp(isNew: isNew)
    }

    /// Perhaps the limit has changed.
    mutating func forget() { lookedAt = nil }
}
