internal import MailModel
internal import MessageFormat
internal import Rewriting

extension AliasRules {
    /// Mail from elsewhere to the alias that it comes from was sent on before: a target leads back here.
    ///
    /// Mail from one alias to another may be a person's who writes as the first. Where it is a target that leads from one to the next in a
    /// circle, our own Received fields end it.
    func checkLoops(of header: HeaderBlock, _ groups: [AliasGroup]) throws(Refusal) {
        guard let field = header.first(.from), let list = try? AddressList(parsing: field.value) else { return }
        for named in list.mailboxes {
            guard let alias = table.alias(for: named.mailbox), groups.contains(where: { $0.alias == alias.address }) else { continue }
            throw .loop("The message is from our own alias \(alias.address): it was sent on before, and goes round in circles")
        }
    }
}
