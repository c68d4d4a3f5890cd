internal import MailModel

/// What one transaction adds to the ledger and to the sums of all time: gathered, so that a group of commits writes each of them once.
///
/// The sums let the queue be checked against itself: accepted = relayed + failed + removed + what is open, per recipient.
struct TransactionSums {
    private(set) var ledger: [SendingLedger.Key: SendingLedger.Counts] = [:]
    private(set) var totals: [String: Int] = [:]

    var isEmpty: Bool { totals.isEmpty }

    /// - Parameter recipients: those that are not final.
    mutating func accepted(_ recipients: Int, of message: QueuedMessage, at time: Timestamp) {
        totals["accepted", default: 0] += recipients
        // Reports are ours and not the account's.
        guard message.facts.kind == .message else { return }
        ledger[key(message.account, time), default: SendingLedger.Counts()].accepted += recipients
    }

    mutating func settled(_ verdict: RecipientResult.Verdict, of account: AccountName, at time: Timestamp) {
        switch verdict {
        case .relayed:
            totals["relayed", default: 0] += 1
            ledger[key(account, time), default: SendingLedger.Counts()].relayed += 1
        case .failed, .expired: totals["failed", default: 0] += 1
        case .deferred, .inDoubt: break
        }
    }

    mutating func removed(_ recipients: Int) { totals["removed", default: 0] += recipients }

    /// Failed ones wait again.
    mutating func revived(_ recipients: Int) { totals["failed", default: 0] -= recipients }

    mutating func clear() {
        ledger.removeAll(keepingCapacity: true)
        totals.removeAll(keepingCapacity: true)
    }

    private func key(_ account: AccountName, _ time: Timestamp) -> SendingLedger.Key {
        SendingLedger.Key(slot: SendingLedger.slot(of: time), account: account)
    }
}
