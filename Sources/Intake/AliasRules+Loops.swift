internal import MailModel
internal import MessageFormat
internal import Rewriting

extension AliasRules {
    /// Mail from elsewhere whose author is one of our aliases was sent on before: a target leads back here.
    ///
    /// An address that only a catch-all takes may be anybody's; there only mail to itself is a loop.
    func checkLoops(of header: HeaderBlock, _ groups: [AliasGroup]) throws(Refusal) {
        guard let field = header.first(.from), let list = try? AddressList(parsing: field.value) else { return }
        for named in list.mailboxes {
            guard let alias = table.alias(for: named.mailbox),
                !alias.isCatchAll || groups.contains(where: { $0.alias == alias.address })
            else { continue }
            throw .loop("The message is from our own alias \(alias.address): it was sent on before, and goes round in circles")
        }
    }
}
