public import MailModel

extension Account {
    /// Why a test system does not reach somebody; `nil` if it may.
    public func stagingRefusal(of mailbox: Mailbox) -> Reply? {
        guard case .allow(let patterns) = mode, !patterns.contains(where: { $0.matches(mailbox) }) else { return nil }
        let shown = patterns.prefix(5).map(\.description).joined(separator: ", ") + (patterns.count > 5 ? ", ..." : "")
        let text =
            "Account \(name) is in staging mode and may not mail \(mailbox); accounts.\(name).mode allows "
            + PrintableText.sanitized(shown.utf8, limit: 300)
        return Reply(550, StatusDetail(7, 1), text)
    }
}
