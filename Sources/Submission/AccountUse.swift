internal import MailModel
internal import MailQueue
internal import Synchronization

/// Keeps each account within its `daily` recipients, whatever else goes on: what the ledger knows, and what is on its way into it.
final class AccountUse: Sendable {
    private let committing = Mutex<[AccountName: Int]>([:])

    /// How many recipients the account may still reach.
    func left(of daily: Int, account: AccountName, ledger: SendingLedger, at now: Timestamp) -> Int {
        daily - ledger.accepted(account, at: now) - committing.withLock { $0[account] ?? 0 }
    }

    /// Takes places for a message that is about to be committed.
    ///
    /// - Returns: whether there were so many; if so, `settled` must follow.
    func take(_ recipients: Int, of daily: Int, account: AccountName, ledger: SendingLedger, at now: Timestamp) -> Bool {
        committing.withLock { committing in
            let taken = committing[account] ?? 0
            guard ledger.accepted(account, at: now) + taken + recipients <= daily else { return false }
            committing[account] = taken + recipients
            return true
        }
    }

    /// The message is in the ledger by now, or was not stored.
    func settled(_ recipients: Int, account: AccountName) {
        committing.withLock { committing in
            let left = (committing[account] ?? 0) - recipients
            committing[account] = left > 0 ? left : nil
        }
    }
}
