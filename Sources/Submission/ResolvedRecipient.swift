public import Intake
public import MailModel
internal import Rewriting

/// What a recipient is to an account, before limits and suppression of itself are asked about.
public enum ResolvedRecipient: Hashable, Sendable {
    case direct
    /// Whom the alias leads to, without those that are suppressed.
    case alias([Mailbox])
    case refused(Reply)

    /// - Parameter isSuppressed: whether a target of an alias gets no mail.
    public init(_ mailbox: Mailbox, of account: Account, _ settings: IntakeSettings, isSuppressed: (Mailbox) -> Bool) {
        let aliases = settings.aliases
        let isInbound = aliases.inbound[account.name] != nil
        guard let alias = aliases.table.isEmpty ? nil : aliases.table.alias(for: mailbox) else {
            self = isInbound ? .refused(.notOurAddress) : .allowed(account.stagingRefusal(of: mailbox))
            return
        }
        // A catch-all takes everything, and From becomes the alias: it must be one that SES sends.
        guard alias.address.isSendableBySES else {
            self = .refused(.notOurAddress)
            return
        }
        if settings.rules.accounts[account.name]?.redirect != nil {
            self = .direct
            return
        }
        let targets = alias.targets.filter { !isSuppressed($0) }
        if targets.isEmpty {
            self = .refused(.aliasWithoutTarget(alias.address))
        } else if targets.contains(where: { account.stagingRefusal(of: $0) != nil }) {
            self = .refused(.aliasOutsideStaging(alias.address, account.name))
        } else {
            self = .alias(targets)
        }
    }

    private static func allowed(_ refusal: Reply?) -> Self { refusal.map { .refused($0) } ?? .direct }
}

extension Reply {
    fileprivate static let notOurAddress = Reply(550, StatusDetail(1, 1), "This email address is not accepted by this domain.")

    fileprivate static func aliasWithoutTarget(_ alias: Mailbox) -> Reply {
        Reply(550, StatusDetail(1, 1), "No target of the alias \(alias) takes mail at present; fairlead suppress list says why")
    }

    fileprivate static func aliasOutsideStaging(_ alias: Mailbox, _ account: AccountName) -> Reply {
        Reply(
            550, StatusDetail(7, 1),
            "Account \(account) is in staging mode, and accounts.\(account).mode does not allow all whom \(alias) leads to")
    }
}
