public import MailModel
public import MessageFormat

/// A message as the rules leave it.
public struct RewrittenMessage: Sendable {
    public var header: HeaderBlock
    /// The reverse-path is never null.
    public var envelope: Envelope
    /// The author as the client wrote it.
    public let authorBefore: Mailbox
    /// The author that leaves.
    public let author: Mailbox
    /// The identity that covers `author`.
    public let identity: Identity
    /// In the order in which they were made.
    public let changes: [RewriteChange]
}

extension RewriteRules {
    /// Rewrites, or says why not. A second pass over the result changes nothing.
    ///
    /// - Parameters:
    ///   - header: as it came, 7-bit.
    ///   - account: who sends.
    ///   - queueID: for a reverse-path of the message's own; `nil` leaves the identity's.
    public func apply(
        to header: HeaderBlock, envelope: Envelope, account: AccountName, queueID: QueueID? = nil
    ) throws(Refusal) -> RewrittenMessage {
        var header = header
        var envelope = envelope
        var changes: [RewriteChange] = []
        var own = accounts[account] ?? otherAccounts
        let map = own.senderMap ?? senderMap

        try header.unifyRepeated(&changes)
        let (authors, written) = try Self.author(of: header)
        let name = written.displayName
        let rule = rule(for: written.mailbox)
        if let rule {
            own.yield(to: rule)
            changes.append(.ruleApplied(rule.description))
        }
        try governSESHeaders(in: &header, by: own, &changes)
        for field in header.remove(where: { $0.name.map(fieldsThatNeverLeave.contains) ?? false }) {
            changes.append(.fieldRemoved(field.printableName))
        }
        try header.settleAddressFields(&changes)
        // `From : a` is From to us and not to everyone: some verifiers do not find such a field, and a signature over it fails there.
        header.modernizeColons { $0.name != nil }
        if !map.isEmpty { try header.mapAddresses(by: map, &changes) }

        let (author, identity) = try align(&header, written.mailbox, called: name, map[written.mailbox], account, own, &changes)
        if author == written.mailbox { try header.modernizeAuthor(authors, &changes) }
        if let patterns = own.from, !patterns.contains(where: { $0.matches(author) }) {
            throw notAllowed(author, account, patterns)
        }
        try settleReplyTo(
            in: &header, by: own.replyTo ?? replyTo, written.mailbox, called: name, isRewritten: author != written.mailbox, &changes)
        (own.fields ?? fields).apply(to: &header, &changes)
        rule?.fields?.apply(to: &header, &changes)
        for field in own.sesFields where !header.fields.contains(where: { $0.name == field.name }) {
            header.append(field)
            changes.append(.fieldSet(field.printableName))
        }
        alignReversePath(of: &envelope, by: map, with: identity, queueID, &changes)
        if let redirect = own.redirect { header.redirect(&envelope, to: redirect, &changes) }
        return RewrittenMessage(
            header: header, envelope: envelope, authorBefore: written.mailbox, author: author, identity: identity, changes: changes)
    }

    /// The one mailbox in the one From field, and the list that it was found in.
    static func author(of header: HeaderBlock) throws(Refusal) -> (AddressList, NamedMailbox) {
        guard let field = header.first(.from) else {
            throw .unsendable("from_missing", "The header has no From field; add one with the author's address")
        }
        let list = try field.addressList()
        guard let first = list.elements.first else {
            throw .unsendable("from_empty", "The From field names no address")
        }
        guard case .mailbox(let author) = first, list.elements.count == 1 else {
            throw .unsendable("from_several", "The From field must name exactly one address, and no group")
        }
        return (list, author)
    }

    private func governSESHeaders(
        in header: inout HeaderBlock, by own: Account, _ changes: inout [RewriteChange]
    ) throws(Refusal) {
        // What the configuration sets in any case takes the place of the app's. What a rule set on an earlier pass stays: the author that it
        // was for is not in From any more.
        func isForeign(_ field: HeaderField) -> Bool {
            SESHeaderPolicy.governs(field) && !own.sesFields.contains(field) && !authorRules.contains { $0.sesFields.contains(field) }
        }
        guard let first = header.fields.first(where: isForeign) else { return }
        switch own.sesHeaders ?? sesHeaders {
        case .strip:
            for field in header.remove(where: isForeign) { changes.append(.fieldRemoved(field.printableName)) }
        case .refuse: throw .sesHeader(first)
        case .allow(let names):
            for field in header.fields where isForeign(field) && !(field.name.map(names.contains) ?? false) {
                throw .sesHeader(field)
            }
            for field in header.remove(where: { field in isForeign(field) && own.sesFields.contains { $0.name == field.name } }) {
                changes.append(.fieldRemoved(field.printableName))
            }
        }
    }

    /// Makes From one that SES sends.
    ///
    /// - Parameter mapped: what the sender map has for the author.
    private func align(
        _ header: inout HeaderBlock, _ written: Mailbox, called name: DisplayName, _ mapped: Mailbox?, _ account: AccountName,
        _ own: Account, _ changes: inout [RewriteChange]
    ) throws(Refusal) -> (Mailbox, Identity) {
        let author = mapped ?? written
        if let identity = identity(covering: author), author.isSendableBySES {
            if let mapped {
                try header.setFrom(mapped, called: name)
                changes.append(.fromMapped(before: written, after: mapped))
            } else {
                changes.append(.fromKept(identity.scope))
            }
            return (author, identity)
        }
        guard own.unverifiedFrom ?? unverifiedFrom == .rewrite else { throw notAllowed(author, account, own.from) }
        guard let identity = substitute(for: own), let covering = self.identity(covering: identity.defaultSender) else {
            throw notAllowed(author, account, own.from)
        }
        let domain = DisplayName(text: identity.domain.octets)
        let shown = (own.displayName ?? displayName).fill(name: Self.presentableName(of: written, called: name), domain: domain)
        try header.setFrom(identity.defaultSender, called: shown)
        try header.setOriginalFrom(written, called: name)
        changes.append(.fromRewritten(before: written, after: identity.defaultSender, identity.scope))
        return (identity.defaultSender, covering)
    }

    /// The identity that stands in for authors of an account.
    private func substitute(for own: Account) -> Identity? {
        if let scope = own.identity, let wanted = identities.first(where: { $0.scope == scope }) { return wanted }
        let usable = identities.first { identity in own.from?.contains { $0.matches(identity.defaultSender) } ?? true }
        return usable ?? identities.first
    }

    private func settleReplyTo(
        in header: inout HeaderBlock, by policy: ReplyToPolicy, _ author: Mailbox, called name: DisplayName, isRewritten: Bool,
        _ changes: inout [RewriteChange]
    ) throws(Refusal) {
        switch policy {
        case .keep: return
        case .author:
            // Nobody can answer `root@localhost`, and SES would refuse the message for it.
            guard isRewritten, header.first(.replyTo) == nil, author.domain.isFullyQualified, author.isSendableBySES,
                changes.contains(where: { if case .fromRewritten = $0 { true } else { false } })
            else { return }
            header.append(try HeaderField.ofOne(.replyTo, author, called: name))
            changes.append(.replyToAdded(author))
        case .none:
            for field in header.remove(where: { $0.name == .replyTo }) { changes.append(.fieldRemoved(field.printableName)) }
        case .address(let mailbox):
            let field = try HeaderField.ofOne(.replyTo, mailbox, called: DisplayName())
            guard header.first(.replyTo) != field else { return }
            header.remove { $0.name == .replyTo }
            header.append(field)
            changes.append(.replyToSet(mailbox))
        }
    }

    /// The author's display name, else the local part; never anything that could be read as an address.
    static func presentableName(of author: Mailbox, called name: DisplayName) -> DisplayName {
        if !name.isEmpty, !name.mayContainAt, name.octetCount <= longestName { return name }
        let local = DisplayName(text: author.localPart.octets.prefix { $0 != ASCII.at }).trimmed
        return local.isEmpty ? DisplayName(text: Array("unknown".utf8)) : local
    }

    private static let longestName = 1000

    private func alignReversePath(
        of envelope: inout Envelope, by map: SenderMap, with identity: Identity, _ queueID: QueueID?, _ changes: inout [RewriteChange]
    ) {
        var after = identity.returnPath
        var isForeign = true
        if isVERP {
            isForeign = false
            if let queueID, let own = identity.returnPath(naming: queueID), self.identity(covering: own) != nil { after = own }
        } else if case .mailbox(let given) = envelope.reversePath {
            let mailbox = map[given] ?? given
            if self.identity(covering: mailbox) != nil, mailbox.isSendableBySES { (after, isForeign) = (mailbox, false) }
        }
        guard envelope.reversePath != .mailbox(after) else { return }
        changes.append(
            isForeign
                ? .reversePathReplaced(before: envelope.reversePath, after: after)
                : .reversePathSet(before: envelope.reversePath, after: after))
        envelope.reversePath = .mailbox(after)
    }

    private func notAllowed(_ author: Mailbox, _ account: AccountName, _ patterns: [AddressPattern]?) -> Refusal {
        let allowed =
            patterns.map { $0.map(\.description) }
            ?? identities.map { identity in
                if case .domain(let domain) = identity.scope { "*@\(domain)" } else { identity.scope.description }
            }
        let text = "From address \(author) is not allowed for account \(account); allowed: \(allowed.joined(separator: ", "))"
        return Refusal("from_not_allowed", Reply(550, StatusDetail(7, 1), text))
    }
}

extension Refusal {
    static func unsendable(_ reason: String, _ text: String) -> Refusal { Refusal(reason, Reply(554, StatusDetail(6, 0), text)) }

    static func sesHeader(_ field: HeaderField) -> Refusal {
        let text = "\(field.printableName) may not be set by clients; the setting rewrite.ses_headers can allow or strip it"
        return Refusal("ses_header", Reply(550, StatusDetail(7, 1), text))
    }
}

extension Mailbox {
    /// SES refuses these in a local part, even quoted: `Address contains illegal characters in user name`.
    public var isSendableBySES: Bool { !localPart.octets.contains { $0 == ASCII.colon || $0 == ASCII.at } }
}
