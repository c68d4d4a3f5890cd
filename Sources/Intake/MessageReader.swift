internal import Alignment
internal import DKIM
public import MailModel
internal import MessageFormat
internal import Rewriting

/// Takes the decoded octets of one message as they arrive, and makes of them what will be sent.
///
/// The header is kept, the body passes: the caller stores it while it is inspected and hashed. Memory does not grow with the body. A body
/// that is not 7-bit, or has lines of more than 998 octets, passes a second time: `beginRepair` says so.
public struct MessageReader: ~Copyable {
    let settings: IntakeSettings
    private var header = HeaderCollector(limit: HeaderLimits().octets)
    private var body: Body?
    private var inspection = BodyInspection()
    private var bodyHash = BodyHash(SHA256Digest())
    private var repair: BodyRepair?
    /// Octets of the body as it will be sent, once it has been repaired.
    private var repairedOctets: Int?
    /// For a message whose body has passed before.
    private var known: KnownBody?

    /// What is known of the body from the header's end on.
    private struct Body {
        /// With lines of any length.
        let header: Result<HeaderBlock, HeaderError>
        let content: ContentHeader
        var survey: BodySurvey
        /// `nil` where there are no parts.
        var scanner: MIMEScanner?

        init(header octets: [UInt8]) {
            var limits = HeaderLimits()
            limits.lineOctets = limits.octets
            header = Result { () throws(HeaderError) in try HeaderBlock(parsing: octets, limits: limits) }
            content = ContentHeader((try? header.get()) ?? HeaderBlock())
            survey = BodySurvey(content: content)
            scanner = content.structure == .leaf ? nil : MIMEScanner(content: content)
        }

        mutating func update(_ body: UnsafeRawBufferPointer) {
            if scanner?.feed(body, to: &survey) == nil { survey.content(body) }
        }

        mutating func finish(hasLongLine: Bool) {
            if scanner?.finish(to: &survey) != nil { return }
            if hasLongLine { survey.longLine() }
            survey.endOfContent()
        }

        var refusal: Refusal? { survey.refusal ?? scanner?.failure.map(ContentRefusal.structure) }
    }

    public init(settings: IntakeSettings) { self.settings = settings }

    /// A reader that has read a message which was accepted once: only `finish` is left, which makes its header by these settings.
    public init(settings: IntakeSettings, again original: OriginalMessage, body: KnownBody) {
        self.settings = settings
        header = HeaderCollector(limit: HeaderLimits().octets, octets: original.header)
        self.body = Body(header: original.header)
        if let repair = original.repair.ofMessage {
            self.body?.survey.assume(repair)
            repairedOctets = body.octets
        }
        known = body
        isEnded = true
    }

    /// What a body was found to be that does not pass again.
    public struct KnownBody: Sendable {
        public var octets: Int
        public var hash: [UInt8]
        /// What the message got as Message-ID, for one that came without.
        public var messageID: String?
        /// When the message is signed; it was received at another time.
        public var signedAt: Timestamp

        public init(octets: Int, hash: [UInt8], messageID: String?, signedAt: Timestamp) {
            self.octets = octets
            self.hash = hash
            self.messageID = messageID
            self.signedAt = signedAt
        }
    }

    /// Octets of the body so far; of the repaired body, once there is one.
    public var bodyOctets: Int { known?.octets ?? repairedOctets ?? inspection.octets }

    /// Takes the next octets of the message: CRLF line ends, dot-stuffing undone, cut anywhere.
    ///
    /// - Returns: the octets of the body to store now; they lie in `chunk`. Empty while the header goes on, and after a refusal is certain:
    ///   the rest of the message need not be kept, but must be read.
    public mutating func feed(_ chunk: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var octets = chunk
        if body == nil {
            guard !header.isTooLong, let start = header.take(chunk) else { return nothing }
            body = Body(header: header.octets)
            octets = UnsafeRawBufferPointer(rebasing: chunk[start...])
        }
        inspection.update(octets)  // also of what is refused already: the reason must not depend on how the stream was cut
        guard !isCertainlyRefused else { return nothing }
        body?.update(octets)
        bodyHash.update(octets)
        return octets
    }

    /// Whether `finish` will refuse for what has been read already.
    public var isCertainlyRefused: Bool {
        header.isTooLong || inspection.hasNUL || inspection.hasBareLineEnd || inspection.octets > settings.maximumOctets
            || body?.refusal != nil
    }

    /// Ends the body, after the last octet.
    ///
    /// - Returns: whether the stored body must be repaired: pass all of it through `repair`, store what comes out in its place, and only then
    ///   call `finish`. `false` for nearly all messages, and for those that `finish` will refuse.
    public mutating func beginRepair() -> Bool {
        endBody()
        guard !isCertainlyRefused, inspection.has8Bit || inspection.hasLongLine, let body, repair == nil else { return false }
        repair = BodyRepair(content: body.content, repairs: body.survey.repairs)
        repairedOctets = 0
        bodyHash = BodyHash(SHA256Digest())
        return true
    }

    /// Takes the next octets of the stored body, cut anywhere.
    ///
    /// - Returns: the octets to store in their place. Empty once there are more than may be sent: the rest is only counted.
    public mutating func repair(_ piece: UnsafeRawBufferPointer) -> [UInt8] { took(repair?.feed(piece) ?? []) }

    /// - Returns: the last octets to store, after all of the body went through `repair`.
    public mutating func finishRepair() -> [UInt8] {
        defer { repair = nil }
        return took(repair?.finish() ?? [])
    }

    private mutating func took(_ octets: [UInt8]) -> [UInt8] {
        let count = (repairedOctets ?? 0) + octets.count
        repairedOctets = count
        guard count <= settings.maximumOctets else { return [] }
        octets.withUnsafeBytes { bodyHash.update($0) }
        return octets
    }

    private var isEnded: Bool = false

    private mutating func endBody() {
        guard !isEnded else { return }
        isEnded = true
        inspection.finish()
        if !isCertainlyRefused { body?.finish(hasLongLine: inspection.hasLongLine) }
    }

    /// The message as it will be sent: repaired, rewritten, signed last. Nothing is expanded: every recipient gets it as it was addressed.
    ///
    /// - Parameters:
    ///   - envelope: as the client gave it, with at least one recipient.
    ///   - account: who sends.
    ///   - received: how it came.
    ///   - now: when it came: for Date, Received and, unless the body is known, the signature.
    public consuming func finish(
        envelope: Envelope, account: AccountName, queueID: QueueID, received: ReceivedInfo, now: Timestamp
    ) throws(Refusal) -> PreparedMessage {
        var finished = try finishContent()
        let rules = try rules(for: account, &finished)
        let message = try rules.apply(to: finished.header, envelope: envelope, account: account, queueID: queueID)
        let recipient = envelope.recipients.count == 1 ? envelope.recipients.first : nil
        return try prepare(message, of: finished, from: envelope, as: queueID, received: received, visibleRecipient: recipient, now: now)
    }

    /// As `finish`, with a message for each group of recipients that needs a header of its own: first those that are no aliases, if there
    /// are any.
    ///
    /// - Parameters:
    ///   - queueID: of the first message.
    ///   - nextID: makes those of the others.
    ///   - isSuppressed: whether a target of an alias gets no mail.
    public consuming func finishGroups(
        envelope: Envelope, account: AccountName, queueID: QueueID, nextID: () -> QueueID, isSuppressed: (Mailbox) -> Bool,
        received: ReceivedInfo, now: Timestamp
    ) throws(Refusal) -> [PreparedMessage] {
        let aliases = settings.aliases
        let isInbound = aliases.inbound[account] != nil
        // What a test system sends to one address is not for our aliases.
        guard !aliases.table.isEmpty || isInbound, settings.rules.accounts[account]?.redirect == nil else {
            return [try finish(envelope: envelope, account: account, queueID: queueID, received: received, now: now)]
        }
        let plan = aliases.plan(for: envelope.recipients, isSuppressed: isSuppressed)
        guard !isInbound || plan.direct.isEmpty else { throw .aliasIsGone }
        guard !plan.direct.isEmpty || !plan.groups.isEmpty else { throw .noTarget }
        let direct = Envelope(reversePath: envelope.reversePath, recipients: plan.direct)
        if plan.groups.isEmpty {
            return [try finish(envelope: direct, account: account, queueID: queueID, received: received, now: now)]
        }

        var finished = try finishContent()
        if isInbound { try aliases.checkLoops(of: finished.header, plan.groups) }
        let rules = try rules(for: account, &finished)
        var prepared: [PreparedMessage] = []
        func id() -> QueueID { prepared.isEmpty ? queueID : nextID() }
        let base = try rules.apply(to: finished.header, envelope: direct, account: account, queueID: queueID)
        if !plan.direct.isEmpty {
            let recipient = envelope.recipients.count == 1 ? envelope.recipients.first : nil
            prepared.append(
                try prepare(
                    base, of: finished, from: direct, as: id(), received: received, visibleRecipient: recipient, now: now))
        }
        // Each group costs a pass over the header and a signature, and strangers choose the header.
        guard plan.groups.count * (finished.header.octetCount + 1000) <= Self.mostGroupOctets else { throw .tooManyVariants }
        for group in plan.groups {
            let own = id()
            let message = try rules.sentOn(
                base, original: finished.header, to: group, by: aliases, account: account, queueID: own)
            let addressed = group.addressed.count == 1 ? group.addressed.first : group.alias
            prepared.append(
                try prepare(
                    message, of: finished, from: Envelope(reversePath: envelope.reversePath, recipients: group.addressed), as: own,
                    alias: group.alias, received: received, visibleRecipient: addressed, now: now))
        }
        return prepared
    }

    /// As `finish`, for a message that an alias sends on: its variant for these targets alone, by today's rules.
    ///
    /// - Parameters:
    ///   - envelope: as the client gave it; the recipients are the alias, as it was addressed.
    ///   - targets: whom the message goes to.
    public consuming func finish(
        envelope: Envelope, targets: [Mailbox], account: AccountName, queueID: QueueID, sentOnBy alias: Mailbox, received: ReceivedInfo,
        now: Timestamp
    ) throws(Refusal) -> PreparedMessage {
        let aliases = settings.aliases
        var finished = try finishContent()
        let rules = try rules(for: account, &finished)
        let base = try rules.apply(to: finished.header, envelope: envelope, account: account, queueID: queueID)
        let group = AliasGroup(alias: alias, addressed: envelope.recipients, targets: targets)
        let message = try rules.sentOn(base, original: finished.header, to: group, by: aliases, account: account, queueID: queueID)
        return try prepare(
            message, of: finished, from: envelope, as: queueID, alias: alias, received: received,
            visibleRecipient: envelope.recipients.count == 1 ? envelope.recipients.first : alias, now: now)
    }

    /// The rules of an account; what another host found in its mail is judged.
    private borrowing func rules(for account: AccountName, _ finished: inout Finished) throws(Refusal) -> RewriteRules {
        guard let inbound = settings.aliases.inbound[account] else { return settings.rules }
        try inbound.judge(&finished.header, account: account, &finished.changes)
        return settings.rules.forInboundMail(of: account)
    }

    /// What all variants of a message share.
    private struct Finished {
        /// Repaired, as the rules find it.
        var header: HeaderBlock
        var changes: [RewriteChange]
        let bodyHash: [UInt8]
        let repair: BodyRepairKind
        /// The header as it came.
        let original: [UInt8]
    }

    private mutating func finishContent() throws(Refusal) -> Finished {
        endBody()
        let body = try checkedBody()
        let repair: BodyRepairKind = repairedOctets == nil ? .none : BodyRepairKind(body.survey.repairs[0])
        let came = header.octets
        var (original, changes) = try sevenBitHeader(of: body)
        try checkLoops(of: original)
        try describe(body, in: &original, &changes)
        return Finished(
            header: original, changes: changes, bodyHash: known?.hash ?? bodyHash.finalize(), repair: repair, original: came)
    }

    /// - Parameters:
    ///   - envelope: as the client gave it, as far as it concerns this message.
    ///   - visibleRecipient: in our Received; nobody may learn of others.
    private borrowing func prepare(
        _ message: RewrittenMessage, of finished: Finished, from envelope: Envelope, as queueID: QueueID, alias: Mailbox? = nil,
        received: ReceivedInfo, visibleRecipient: Mailbox?, now: Timestamp
    ) throws(Refusal) -> PreparedMessage {
        var message = message
        let messageID = try message.header.repair(
            author: message.author, queueID: queueID, keeping: known?.messageID, now: now)

        let signer = try sign(&message.header, as: message.author, bodyHash: finished.bodyHash, at: known?.signedAt ?? now)
        do throws(HeaderError) {
            message.header.prepend(
                try ReceivedField.make(received, hostname: settings.hostname, queueID: queueID, recipient: visibleRecipient, at: now))
        } catch {
            throw .header(error)
        }

        var octets: [UInt8] = []
        message.header.write(to: &octets)
        octets.append(contentsOf: ASCII.crlf)
        guard octets.count - finished.header.octetCount <= Self.ownOctets else { throw .header(.tooLong) }
        guard octets.count + bodyOctets <= settings.maximumOctets else {
            let before = header.octets.count + 2 + inspection.octets
            if repairedOctets == nil { throw .tooLarge(settings.maximumOctets) }
            throw .tooLarge(before: before, after: octets.count + bodyOctets, settings.maximumOctets)
        }
        return PreparedMessage(
            queueID: queueID, alias: alias, headerOctets: octets, envelope: message.envelope, is8Bit: false,
            octetCount: octets.count + bodyOctets, messageID: messageID, authorBefore: message.authorBefore, author: message.author,
            alignment: Alignment(
                author: message.author.domain, signature: signer, reversePath: message.envelope.reversePath.mailbox?.domain),
            changes: finished.changes + message.changes,
            original: OriginalMessage(
                header: finished.original, repair: finished.repair, bodyHash: finished.bodyHash, envelope: envelope, received: received,
                generation: settings.generation))
    }

    /// Of the headers of all that one message becomes, about.
    private static let mostGroupOctets = 10 << 20
    /// What our own fields may add.
    private static let ownOctets = 65_536
    /// RFC 5321 §6.3 wants at least 100 hops to pass.
    private static let mostReceived = 100
    /// Once may be a message that was sent on by hand.
    private static let mostOwnReceived = 1

    private func checkedBody() throws(Refusal) -> Body {
        if header.isTooLong { throw .header(.tooLong) }
        guard let body else {
            throw .syntax("header_unended", "The message has no empty line between header and body")
        }
        if inspection.hasNUL { throw .syntax("body_nul", "The body has a NUL octet; send binary content as base64") }
        if inspection.hasBareLineEnd { throw .syntax("body_line_end", "The body has a CR or LF alone; lines end in CRLF") }
        if inspection.octets > settings.maximumOctets { throw .tooLarge(settings.maximumOctets) }
        if let refusal = body.refusal { throw refusal }
        guard repairedOctets != nil && repair == nil || !(inspection.has8Bit || inspection.hasLongLine) else {
            throw Refusal("body_unrepaired", Reply(451, StatusDetail(3, 0), "The message could not be prepared; try again later"))
        }
        return body
    }

    /// The header in 7-bit lines of at most 998 octets.
    private func sevenBitHeader(of body: Body) throws(Refusal) -> (HeaderBlock, [RewriteChange]) {
        do throws(HeaderError) {
            var block = try body.header.get()
            let changed = try block.makeSevenBit(declaredCharset: body.content.charset)
            return (block, changed.map(RewriteChange.fieldWrittenAnew))
        } catch {
            throw .header(error)
        }
    }

    /// Makes the header say what the body has become, and that it is MIME.
    private func describe(_ body: Body, in header: inout HeaderBlock, _ changes: inout [RewriteChange]) throws(Refusal) {
        do throws(HeaderError) {
            if repairedOctets != nil {
                _ = try body.survey.repairs[0].apply(to: &header, of: body.content)
                header.remove { $0.name == .contentLength }
                changes.append(.bodyEncoded)
            }
            guard header.first(.mimeVersion) == nil,
                header.fields.contains(where: { $0.name == .contentType || $0.name == .contentTransferEncoding })
            else { return }
            header.append(try HeaderField(.mimeVersion, value: Array("1.0".utf8)))
            changes.append(.mimeVersionAdded)
        } catch {
            throw .header(error)
        }
    }

    /// Puts the signature on top, unless the author's domain leaves without ours.
    ///
    /// - Returns: the domain that signed.
    private borrowing func sign(
        _ header: inout HeaderBlock, as author: Mailbox, bodyHash hash: [UInt8], at now: Timestamp
    ) throws(Refusal) -> Domain? {
        switch settings.signing(for: author) {
        case .unsigned: return nil
        case .noKey: throw .noSigningKey(author.domain)
        case .signed(let signer):
            do throws(SigningError) {
                header.prepend(try signer.signature(for: header, bodyHash: hash, at: now))
            } catch {
                throw .signingFailed(error)
            }
            return signer.domain
        }
    }

    private func checkLoops(of header: HeaderBlock) throws(Refusal) {
        guard header.count(of: .received) <= Self.mostReceived else {
            throw .loop("The message has more than \(Self.mostReceived) Received fields: it goes round in circles")
        }
        let own = header.fields.count { $0.name == .received && ReceivedField.isBy(settings.hostname, $0) }
        guard own <= Self.mostOwnReceived else {
            throw .loop("This host has had the message \(own) times already: it goes round in circles")
        }
    }
}
