internal import MailModel

/// The counts behind `QueueStatistics`: changes gather during a transaction and count once it is durable.
struct QueueCounters {
    /// What one message adds to the counts, or takes away.
    struct Share {
        let account: AccountName
        let state: QueueEntry.State
        let attempts: Int
        let open: Int
        let size: Int
    }

    private(set) var total = QueueStatistics.Counts()
    private(set) var accounts: [AccountName: QueueStatistics.Counts] = [:]
    private var pending: [(share: Share, sign: Int)] = []

    mutating func add(_ share: Share) { pending.append((share, 1)) }

    mutating func subtract(_ share: Share) { pending.append((share, -1)) }

    mutating func settle() {
        for (share, sign) in pending {
            Self.apply(share, sign, to: &total)
            Self.apply(share, sign, to: &accounts[share.account, default: QueueStatistics.Counts()])
            if accounts[share.account]?.messages == 0 { accounts[share.account] = nil }
        }
        pending.removeAll(keepingCapacity: true)
    }

    mutating func forget() { pending.removeAll(keepingCapacity: true) }

    private static func apply(_ share: Share, _ sign: Int, to counts: inout QueueStatistics.Counts) {
        switch share.state {
        case .waiting where share.attempts == 0: counts.fresh += sign
        case .waiting: counts.deferred += sign
        case .held: counts.held += sign
        case .quarantined: counts.quarantined += sign
        case .dead: counts.dead += sign
        }
        counts.openRecipients += sign * share.open
        if share.state == .waiting { counts.waitingRecipients += sign * share.open }
        counts.octets += sign * share.size
    }
}
