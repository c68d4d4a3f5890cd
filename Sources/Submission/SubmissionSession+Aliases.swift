internal import Intake
internal import MailModel
internal import MailQueue
internal import Rewriting
internal import SMTPProtocol

/// What a recipient is, before it is asked whether it may have mail.
enum ResolvedRecipient {
    case direct
    /// Whom the alias leads to, without those that are suppressed.
    case alias([Mailbox])
    case refused(Reply)
}

extension SubmissionSession {
    /// Targets of all aliases in one transaction, at most: what one message may become.
    static let mostTargets = AliasTable.mostTargets

    /// To be asked once for each RCPT; costs nothing where no aliases are configured.
    func resolve(_ mailbox: Mailbox) -> ResolvedRecipient {
        let aliases = settings.intake.aliases
        guard !aliases.table.isEmpty || !aliases.inbound.isEmpty else { return .direct }
        guard let alias = aliases.table.alias(for: mailbox) else {
            let isInbound = session.account.map { aliases.inbound[$0] != nil } ?? false
            return isInbound ? .refused(.notOurAddress) : .direct
        }
        if let name = session.account, settings.intake.rules.accounts[name]?.redirect != nil { return .direct }
        let targets = alias.targets.filter { service.store.suppression(of: $0) == nil }
        guard !targets.isEmpty else { return .refused(.aliasWithoutTarget(alias.address)) }
        if let account = session.account.flatMap({ settings.accounts[$0] }), targets.contains(where: { account.stagingRefusal(of: $0) != nil })
        {
            return .refused(
                Reply(
                    550, StatusDetail(7, 1),
                    "Account \(account.name) is in staging mode, and accounts.\(account.name).mode does not allow all whom "
                        + "\(alias.address) leads to"))
        }
        guard aliasTargets == 0 || aliasTargets + targets.count <= Self.mostTargets else {
            return .refused(
                Reply(
                    452, StatusDetail(5, 3), "The aliases of this message lead to more than \(Self.mostTargets) targets; send it in parts"))
        }
        return .alias(targets)
    }
}

extension Reply {
    static let notOurAddress = Reply(550, StatusDetail(1, 1), "This email address is not accepted by this domain.")

    static func aliasWithoutTarget(_ alias: Mailbox) -> Reply {
        Reply(550, StatusDetail(1, 1), "No target of the alias \(alias) takes mail at present; fairlead suppress list says why")
    }
}
