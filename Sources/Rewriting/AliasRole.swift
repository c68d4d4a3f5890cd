public import MailModel
public import MessageFormat

extension RewriteRules {
    /// The rules by which an inbound account's mail is made presentable: its authors are strangers, and the X-SES-* fields on it are what
    /// SES wrote when it received it.
    public func forInboundMail(of account: AccountName) -> RewriteRules {
        var rules = self
        var own = accounts[account] ?? otherAccounts
        own.from = nil
        own.unverifiedFrom = .rewrite
        own.sesHeaders = .strip
        own.replyTo = own.replyTo ?? .author
        rules.accounts[account] = own
        return rules
    }

    /// The variant of a message that an alias sends on: From is the alias, answers go to the author, failures come to its identity.
    ///
    /// - Parameters:
    ///   - message: as these rules left it.
    ///   - original: its header before that, with the author's name.
    ///   - queueID: as for `apply`.
    public func sentOn(
        _ message: RewrittenMessage, original: HeaderBlock, to group: AliasGroup, by aliases: AliasRules, account: AccountName,
        queueID: QueueID?
    ) throws(Refusal) -> RewrittenMessage {
        guard let identity = identity(covering: group.alias) else {
            let text = "The alias \(group.alias) lies in no verified identity, so nothing can be sent on in its name"
            throw Refusal("alias_not_verified", Reply(550, StatusDetail(7, 1), text))
        }
        let (_, named) = try Self.author(of: original)
        let (written, name) = (named.mailbox, named.displayName)
        var header = message.header
        var changes = message.changes.filter { !$0.isOfSender }
        // An app that writes in the alias's name is the alias already.
        let isOwn = message.author == written && aliases.table.alias(for: written)?.address == group.alias
        changes.append(.sentOnByAlias(group.alias, author: written, identity.scope))
        if !isOwn {
            let shown = aliases.displayName.fill(
                name: Self.presentableName(of: written, called: name), domain: DisplayName(text: identity.domain.octets),
                alias: DisplayName(text: group.alias.localPart.octets))
            try header.setFrom(group.alias, called: shown)
            try header.setOriginalFrom(written, called: name)
            let policy = accounts[account]?.replyTo ?? replyTo
            if policy == .author, header.first(.replyTo) == nil, written.domain.isFullyQualified, written.isSendableBySES {
                header.append(try HeaderField.ofOne(.replyTo, written, called: name))
                changes.append(.replyToAdded(written))
            }
        }
        if aliases.showsTarget, let target = group.targets.first {
            try header.show(target, insteadOf: group.alias, aliases.table, &changes)
        }
        let ownPath =
            isVERP ? queueID.flatMap { identity.returnPath(naming: $0) }.flatMap { self.identity(covering: $0) == nil ? nil : $0 } : nil
        return RewrittenMessage(
            header: header, envelope: Envelope(reversePath: .mailbox(ownPath ?? identity.returnPath), recipients: group.targets),
            authorBefore: message.authorBefore, author: isOwn ? message.author : group.alias, identity: identity, changes: changes)
    }
}

extension RewriteChange {
    /// What an alias makes anew.
    fileprivate var isOfSender: Bool {
        switch self {
        case .fromKept, .fromRewritten, .fromMapped, .reversePathReplaced, .reversePathSet: true
        default: false
        }
    }
}

extension HeaderBlock {
    /// In To and Cc.
    fileprivate mutating func show(
        _ target: Mailbox, insteadOf alias: Mailbox, _ table: AliasTable, _ changes: inout [RewriteChange]
    ) throws(Refusal) {
        for name in [FieldName.to, .cc] {
            guard let field = first(name),
                let list = try field.addressList().mapping({ table.alias(for: $0)?.address == alias ? target : nil })
            else { continue }
            do throws(HeaderError) {
                guard let shown = try HeaderField(name, list) else { continue }
                replaceFirst(name, with: shown)
            } catch {
                throw .unsendable("address_too_long", "The \(name.rawValue) field cannot be rewritten: a name in it is too long")
            }
            changes.append(.aliasReplacedByTarget(alias))
        }
    }
}
