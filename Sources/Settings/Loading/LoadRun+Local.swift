internal import Glibc
internal import MailModel

extension LoadRun {
    /// Which account each named user has, by number. A user that is not there yet is a warning: its program may be installed later.
    mutating func loadLocalAccounts() -> [UInt32: AccountName] {
        var accounts: [UInt32: AccountName] = [:]
        for entry in configuration.local.accounts {
            guard let number = UInt32(entry.user) ?? Self.userID(named: entry.user) else {
                reading.report(
                    .warning, key: KeyPathText.root.key("local").key("accounts").name(entry.user),
                    "there is no user \(entry.user) on this host; correct the name, or reload when the user is there")
                continue
            }
            accounts[number] = entry.account
        }
        return accounts
    }

    private static func userID(named name: String) -> UInt32? {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwnam_r(name, &record, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return record.pw_uid
    }
}
