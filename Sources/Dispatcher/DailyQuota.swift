internal import MailModel
internal import MailQueue

/// Keeps the recipients of any 24 hours below what the operator set. Far from the limit it looks at the ledger ten times a second at most.
struct DailyQuota {
    enum Answer: Equatable {
        /// So many more may go.
        case open(room: Int)
        case usedUp(isNew: Bool)
    }

    /// While it is used up, how often to look whether the window has moved on.
    static let interval: Duration = .seconds(10)
    private static let cacheTime: Duration = .milliseconds(100)

    /// `nil` while there is room.
    private(set) var usedUpUntil: Timestamp?
    private var lookedAt: ContinuousClock.Instant?
    private var left = 0

    /// - Parameter underWay: recipients of running attempts, which the ledger does not know yet.
    mutating func look(
        limit: Int, underWay: Int, ledger: SendingLedger, now: ContinuousClock.Instant, wall: Timestamp
    ) -> Answer {
        // Near the limit nothing is assumed: so many are relayed in a tenth of a second at most.
        if let lookedAt, left > underWay + 1000, lookedAt.duration(to: now) < Self.cacheTime { return .open(room: left - underWay) }
        lookedAt = now
        left = limit - ledger.relayed(at: wall)
        if left > underWay {
            usedUpUntil = nil
            return .open(room: left - underWay)
        }
        let isNew = usedUpUntil == nil && underWay == 0
        if underWay == 0 { usedUpUntil = ledger.freeAt(relayedBelow: limit, at: wall) }
        return .usedUp(isNew: isNew)
    }

    /// Perhaps the limit has changed.
    mutating func forget() { lookedAt = nil }
}
