internal import MailModel
internal import MailQueue

/// Where reading from the store stands: a page at a time for each account, from its oldest due message on, so that no account's backlog
/// hides another's; and again from the start when something new may be due.
struct Refill {
    /// What to read now.
    struct Work {
        /// Whether there may be accounts that are not named here.
        let isAll: Bool
        /// Behind which place to read, by account.
        var places: [AccountName: DueCursor?]
    }

    private var isAllWanted = false
    private var isReading = false
    /// Accounts with more in the store than was read.
    private var places: [AccountName: DueCursor?] = [:]
    private var wantedMeanwhile: Set<AccountName> = []

    /// Something may be due that is not in memory.
    mutating func wanted() { isAllWanted = true }

    /// The same, of one account.
    mutating func wanted(_ account: AccountName) {
        places[account] = .some(nil)
        if isReading { wantedMeanwhile.insert(account) }
    }

    /// - Parameter isLow: whether an account has little waiting in memory.
    /// - Returns: `nil` if nothing is to be read now.
    mutating func begin(where isLow: (AccountName) -> Bool) -> Work? {
        guard !isReading else { return nil }
        let low = isAllWanted ? [:] : places.filter { isLow($0.key) }
        guard isAllWanted || !low.isEmpty else { return nil }
        isReading = true
        defer { isAllWanted = false }
        return Work(isAll: isAllWanted, places: low)
    }

    /// - Parameter read: the accounts that were read, and where to go on with those that have more.
    mutating func ended(_ read: [AccountName: DueCursor?]) {
        isReading = false
        for (account, cursor) in read where !wantedMeanwhile.contains(account) {
            if let cursor { places[account] = cursor } else { places.removeValue(forKey: account) }
        }
        wantedMeanwhile = []
    }

    mutating func failed() {
        isReading = false
        isAllWanted = true
        wantedMeanwhile = []
    }
}

extension DueCursor {
    /// Behind everything that is due at `time` or before.
    static func last(at time: Timestamp) -> DueCursor? { QueueID(Int64.max).map { DueCursor(dueAt: time, id: $0) } }
}
