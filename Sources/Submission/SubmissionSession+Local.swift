internal import Intake
internal import MailModel
internal import Networking
internal import Rewriting

/// What is different for programs of this host: the kernel says who they are, and they write to its users.
extension SubmissionSession {
    /// Where mail for a user of this host goes, which has no mailboxes: to the alias of that name, under the host's name or in the first
    /// identity, else to the operator.
    func address(ofUser user: LocalPart) -> Mailbox {
        let table = settings.intake.aliases.table
        guard !table.isEmpty else { return settings.postmaster }
        let host = try? Domain(allowingSingleLabel: settings.hostname.utf8)
        for domain in [host, settings.intake.rules.identities.first?.domain] {
            let address = domain.map { Mailbox(localPart: user, domain: $0) }
            if let address, let alias = table.alias(for: address), !alias.isCatchAll { return address }
        }
        return settings.postmaster
    }

    /// Whether the address is a user's of this host, written in full. Not where the host is called as one of the identities, for then real
    /// mailboxes elsewhere have such addresses.
    func isUserOfThisHost(_ mailbox: Mailbox) -> Bool {
        guard case .local = security, mailbox.domain.octets.elementsEqual(settings.hostname.utf8) else { return false }
        return !settings.intake.rules.identities.contains { $0.domain == mailbox.domain }
    }
}
