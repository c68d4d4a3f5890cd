internal import Intake
internal import MailModel
internal import MailQueue
internal import Rewriting
internal import SMTPProtocol

extension SubmissionSession {
    /// Targets of all aliases in one transaction, at most: what one message may become.
    static let mostTargets = AliasTable.mostTargets

    /// Messages that aliases may make of one, unless one alias alone makes more.
    static let mostVariants = 100

    /// To be asked once for each RCPT; costs nothing where no aliases are configured.
    func resolve(_ mailbox: Mailbox) -> ResolvedRecipient {
        guard let name = session.account else { return .direct }
        let resolved = ResolvedRecipient(
            mailbox, of: settings.accounts[name] ?? Account(name: name, passwordHash: nil), settings.intake,
            isSuppressed: { service.store.suppression(of: $0) != nil })
        guard case .alias(let targets) = resolved else { return resolved }
        let variants = variants(of: targets)
        guard aliasTargets == 0 || aliasTargets + targets.count <= Self.mostTargets && aliasVariants + variants <= Self.mostVariants else {
            return .refused(
                Reply(
                    452, StatusDetail(5, 3), "This message has too many aliases, or they lead to too many targets; send it in parts"))
        }
        return resolved
    }

    /// Whether it may write to aliases only.
    var isInbound: Bool { session.account.map { settings.intake.aliases.inbound[$0] != nil } ?? false }

    func isAlias(_ mailbox: Mailbox) -> Bool { settings.intake.aliases.table.alias(for: mailbox) != nil }

    /// A recipient was accepted that is an alias with these targets.
    func noteAlias(_ targets: [Mailbox]) {
        aliasTargets += targets.count
        aliasVariants += variants(of: targets)
    }

    private func variants(of targets: [Mailbox]) -> Int { settings.intake.aliases.showsTarget ? targets.count : 1 }
}
