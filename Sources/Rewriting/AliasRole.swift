public import MailModel
public import MessageFormat

extension RewriteRules {
    /// The rules by which an inbound account's mail is made presentable: its authors are strangers, and the X-SES-* fields on it are what
    /// SES wrote when it received it.
    public var forInboundMail: RewriteRules {
        var rules = self
        rules.unverifiedFrom = .rewrite
        rules.sesHeaders = .strip
        rules.accounts = [:]
        return rules
    }

    /// The variant of a message that an alias sends on: From is the alias, answers go to the author, failures come to its identity.
    ///
    /// - Parameters:
    ///   - message: as the rules left it.
    ///   - original: its header before the rules, with the author's name.
    public func sentOn(
        _ message: RewrittenMessage, original: HeaderBlock, to group: AliasGroup, by aliases: AliasRules
    ) throws(Refusal) -> RewrittenMessage {
        guard let identity = identity(covering: group.alias) else {
            let text = "The alias \(group.alias) lies in no verified identity, so nothing can be sent on in its name"
            throw Refusal("alias_not_verified", Reply(550, StatusDetail(7, 1), text))
        }
        let (_, written) = try Self.author(of: original)
        var header = message.header
        var changes = message.changes.filter { change in
            switch change {
            case .fromKept, .fromRewritten, .reversePathReplaced: false
            default: true
            }
        }
        let isOwn = aliases.table.alias(for: written.mailbox)?.address == group.alias
        if !isOwn || message.author != written.mailbox {
            try Self.putAlias(group.alias, of: identity, written, aliases.displayName, in: &header, &changes)
        }
        changes.append(.sentOnByAlias(group.alias, author: written.mailbox, identity.scope))
        if aliases.showsTarget, let target = group.targets.first {
            try Self.showTarget(target, insteadOf: group.alias, in: &header, aliases.table, &changes)
        }
        return RewrittenMessage(
            header: header, envelope: Envelope(reversePath: .mailbox(identity.returnPath), recipients: group.targets),
            authorBefore: message.authorBefore, author: isOwn && message.author == written.mailbox ? written.mailbox : group.alias,
            identity: identity, changes: changes)
    }

    private static func putAlias(
        _ alias: Mailbox, of identity: Identity, _ written: NamedMailbox, _ template: DisplayNameTemplate, in header: inout HeaderBlock,
        _ changes: inout [RewriteChange]
    ) throws(Refusal) {
        do throws(HeaderError) {
            let name = template.fill(
                name: presentableName(of: written), domain: DisplayName(text: identity.domain.octets),
                alias: DisplayName(text: alias.localPart.octets))
            header.replaceFirst(.from, with: try HeaderField(.from, addresses: [(name, alias)]))
            let original = [(name: written.displayName, mailbox: written.mailbox)]
            header.remove { $0.name == .xOriginalFrom }
            header.append(try HeaderField(.xOriginalFrom, addresses: original))
            if header.first(.replyTo) == nil, written.mailbox.domain.isFullyQualified, written.mailbox.isSendableBySES {
                header.append(try HeaderField(.replyTo, addresses: original))
                changes.append(.replyToAdded(written.mailbox))
            }
        } catch {
            throw .unsendable("from_too_long", "The From field cannot be rewritten: its address or name is too long")
        }
    }

    /// Groups in To and Cc are dissolved where the alias stands in such a field.
    private static func showTarget(
        _ target: Mailbox, insteadOf alias: Mailbox, in header: inout HeaderBlock, _ table: AliasTable, _ changes: inout [RewriteChange]
    ) throws(Refusal) {
        for name in [FieldName.to, .cc] {
            guard let field = header.first(name) else { continue }
            let mailboxes = try field.addressList().mailboxes
            guard mailboxes.contains(where: { table.alias(for: $0.mailbox)?.address == alias }) else { continue }
            var isShown = false
            var shown: [(name: DisplayName, mailbox: Mailbox)] = []
            for named in mailboxes {
                guard table.alias(for: named.mailbox)?.address == alias else {
                    shown.append((named.displayName, named.mailbox))
                    continue
                }
                if !isShown { shown.append((named.displayName, target)) }
                isShown = true
            }
            do throws(HeaderError) {
                header.replaceFirst(name, with: try HeaderField(name, addresses: shown))
            } catch {
                throw .unsendable("address_too_long", "The \(name.rawValue) field cannot be rewritten: an address or name in it is too long")
            }
            changes.append(.aliasReplacedByTarget(alias))
        }
    }
}
