internal import MailModel
internal import Settings

/// Which account each user of this host sends as.
struct LocalUsers: Sendable {
    private let accounts: [UInt32: AccountName]
    private let others: AccountName?

    init(_ loaded: LoadedSettings) {
        accounts = loaded.localAccounts
        others = loaded.configuration.local.account
    }

    /// - Returns: `nil` if the user may not send.
    func account(of user: UInt32) -> AccountName? { accounts[user] ?? others }

    /// All that there are.
    static func accountNames(_ loaded: LoadedSettings) -> [AccountName] {
        Array(loaded.localAccounts.values) + (loaded.configuration.local.account.map { [$0] } ?? [])
    }
}
