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
    public func apply(to header: HeaderBlock, envelope: Envelope, account: AccountName) throws(Refusal) -> RewrittenMessage {
        var header = header
        var envelope = envelope
        var changes: [RewriteChange] = []
        let limits = accounts[account]

        try header.unifyRepeated(&changes)
        let (authors, written) = try Self.author(of: header)
        try governSESHeaders(in: &header, by: limits?.sesHeaders ?? sesHeaders, &changes)
        for field in header.remove(where: { $0.name.map(fieldsThatNeverLeave.contains) ?? false }) {
            changes.append(.fieldRemoved(field.printableName))
        }
        try header.settleAddressFields(&changes)
        // `From : a` is From to us and not to everyone: some verifiers do not find such a field, and a signature over it fails there.
        header.modernizeColons { $0.name != nil }

        let (author, identity) = try align(&header, written, account, limits?.from, &changes)
        if author == written.mailbox { try header.modernizeAuthor(authors, &changes) }
        if let patterns = limits?.from, !patterns.contains(where: { $0.matches(author) }) {
            throw notAllowed(author, account, patterns)
        }
        alignReversePath(of: &envelope, with: identity, &changes)
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
        in header: inout HeaderBlock, by policy: SESHeaderPolicy, _ changes: inout [RewriteChange]
    ) throws(Refusal) {
        guard let first = header.fields.first(where: SESHeaderPolicy.governs) else { return }
        switch policy {
        case .strip:
            for field in header.remove(where: SESHeaderPolicy.governs) { changes.append(.fieldRemoved(field.printableName)) }
        case .refuse: throw .sesHeader(first)
        case .allow(let names):
            for field in header.fields where SESHeaderPolicy.governs(field) && !(field.name.map(names.contains) ?? false) {
                throw .sesHeader(field)
            }
        }
    }

    /// Makes From one that SES sends.
    private func align(
        _ header: inout HeaderBlock, _ written: NamedMailbox, _ account: AccountName, _ patterns: [AddressPattern]?,
        _ changes: inout [RewriteChange]
    ) throws(Refusal) -> (Mailbox, Identity) {
        if let identity = identity(covering: written.mailbox), written.mailbox.isSendableBySES {
            changes.append(.fromKept(identity.scope))
            return (written.mailbox, identity)
        }
        guard unverifiedFrom == .rewrite else { throw notAllowed(written.mailbox, account, patterns) }
        let usable = identities.first { identity in patterns?.contains { $0.matches(identity.defaultSender) } ?? true }
        guard let identity = usable ?? identities.first, let covering = self.identity(covering: identity.defaultSender) else {
            throw notAllowed(written.mailbox, account, patterns)
        }
        let sender = identity.defaultSender
        do throws(HeaderError) {
            let domain = DisplayName(text: identity.domain.octets)
            let name = displayName.fill(name: Self.presentableName(of: written), domain: domain)
            header.replaceFirst(.from, with: try HeaderField(.from, addresses: [(name, sender)]))
            let original = [(name: written.displayName, mailbox: written.mailbox)]
            header.remove { $0.name == .xOriginalFrom }
            header.append(try HeaderField(.xOriginalFrom, addresses: original))
            changes.append(.fromRewritten(before: written.mailbox, after: sender, identity.scope))
            // Nobody can answer `root@localhost`, and SES would refuse the message for it.
            if header.first(.replyTo) == nil, written.mailbox.domain.isFullyQualified, written.mailbox.isSendableBySES {
                header.append(try HeaderField(.replyTo, addresses: original))
                changes.append(.replyToAdded(written.mailbox))
            }
        } catch {
            throw .unsendable("from_too_long", "The From field cannot be rewritten: its address or name is too long")
        }
        return (sender, covering)
    }

    /// The author's display name, else the local part; never anything that could be read as an address.
    static func presentableName(of author: NamedMailbox) -> DisplayName {
        let name = author.displayName
        if !name.isEmpty, !name.mayContainAt, name.octetCount <= longestName { return name }
        let local = DisplayName(text: author.mailbox.localPart.octets.prefix { $0 != ASCII.at }).trimmed
        return local.isEmpty ? DisplayName(text: Array("unknown".utf8)) : local
    }

    private static let longestName = 1000

    private func alignReversePath(of envelope: inout Envelope, with identity: Identity, _ changes: inout [RewriteChange]) {
        if case .mailbox(let mailbox) = envelope.reversePath, self.identity(covering: mailbox) != nil, mailbox.isSendableBySES { return }
        changes.append(.reversePathReplaced(before: envelope.reversePath, after: identity.returnPath))
        envelope.reversePath = .mailbox(identity.returnPath)
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
    var isSendableBySES: Bool { !localPart.octets.contains { $0 == ASCII.colon || $0 == ASCII.at } }
}
