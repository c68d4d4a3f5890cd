internal import ControlProtocol
internal import DKIM
internal import Intake
internal import MailModel
internal import MailQueue
internal import MessageFormat
internal import Rewriting
internal import Submission

/// The header of a queued message made once more: what becomes of the message, without doing it.
struct HeaderPlan {
    var outcome: RewriteOutcome
    /// `nil` where nothing is to be done.
    var replacement: HeaderReplacement?

    init(outcome: RewriteOutcome) { self.outcome = outcome }

    init(_ message: QueuedMessage, _ kept: KeptOriginal, settings: IntakeSettings, now: Timestamp) {
        outcome = RewriteOutcome(message.id.description, .unchanged)
        outcome.fromBefore = message.facts.fromAfter
        outcome.reversePathBefore = message.reversePath.description
        outcome.generationBefore = kept.generation
        outcome.generationAfter = settings.generation
        let prepared: PreparedMessage
        do throws(Refusal) {
            prepared = try Self.prepare(message, OriginalMessage(kept, of: message), settings, now)
        } catch {
            (outcome.result, outcome.reason) = (.refused, error.reply.oneLine)
            return
        }
        outcome.fromAfter = prepared.author.description
        outcome.reversePathAfter = prepared.envelope.reversePath.description
        guard prepared.envelope.recipients == message.recipients.map(\.mailbox) else {
            outcome.result = .refused
            outcome.reason = "today's rules would send it to others, and who gets it is not changed any more"
            return
        }
        let isSame =
            kept.generation == settings.generation && prepared.envelope.reversePath == message.reversePath
            && Self.signature(prepared.headerOctets) == Self.signature(message.header)
            && Self.unsigned(prepared.headerOctets) == Self.unsigned(message.header)
        guard !isSame else { return }
        outcome.result = .rewritten
        var facts = message.facts
        facts.take(prepared, by: settings)
        replacement = HeaderReplacement(
            message.id, before: message.header, header: prepared.headerOctets, reversePath: prepared.envelope.reversePath, facts: facts,
            original: EncodedOriginal(prepared, of: message.id), events: [Self.event(message, facts, outcome, now)])
    }

    private static func prepare(
        _ message: QueuedMessage, _ original: OriginalMessage, _ settings: IntakeSettings, _ now: Timestamp
    ) throws(Refusal) -> PreparedMessage {
        let body = MessageReader.KnownBody(
            octets: message.body.count, hash: original.bodyHash, messageID: message.facts.messageID, signedAt: now)
        let reader = MessageReader(settings: settings, again: original, body: body)
        if let alias = message.facts.alias.flatMap({ try? Mailbox(parsing: $0.utf8) }) {
            return try reader.finish(
                envelope: original.envelope, targets: message.recipients.map(\.mailbox), account: message.account, queueID: message.id,
                sentOnBy: alias, received: original.received, now: message.acceptedAt)
        }
        return try reader.finish(
            envelope: original.envelope, account: message.account, queueID: message.id, received: original.received,
            now: message.acceptedAt)
    }

    /// `reply` says what differs.
    private static func event(_ message: QueuedMessage, _ facts: MessageFacts, _ outcome: RewriteOutcome, _ now: Timestamp) -> RelayEvent {
        var event = RelayEvent(.rewritten, at: now, queueID: message.id, account: message.account)
        event.fromBefore = outcome.fromBefore
        event.fromAfter = outcome.fromAfter
        event.sender = message.facts.sender
        event.delay = now - message.acceptedAt
        var text = "again, by an operator: settings \(outcome.generationBefore ?? "-") -> \(outcome.generationAfter ?? "-")"
        if outcome.reversePathBefore != outcome.reversePathAfter {
            text += "; reverse-path \(outcome.reversePathBefore ?? "") -> \(outcome.reversePathAfter ?? "")"
        }
        if message.facts.identity != facts.identity { text += "; identity \(message.facts.identity ?? "-") -> \(facts.identity ?? "-")" }
        if let rule = facts.rule { text += "; \(rule)" }
        event.reply = text
        return event
    }

    /// The key that signed, by domain and selector: it is chosen by what the DNS shows, which no settings tell.
    private static func signature(_ header: [UInt8]) -> [String]? {
        var limits = HeaderLimits()
        limits.lineOctets = limits.octets
        guard let block = try? HeaderBlock(parsing: header.dropLast(2), limits: limits), let field = block.first(.dkimSignature),
            let signature = try? Signature(parsing: field)
        else { return nil }
        return [signature.domain.description, signature.selector.description]
    }

    /// A header without its signature, which is another each second.
    private static func unsigned(_ header: [UInt8]) -> [UInt8] {
        var rest: [UInt8] = []
        var isSignature = false
        for line in header.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false) {
            if !(line.first.map(ASCII.isBlank) ?? false) { isSignature = line.prefix(15).equalsIgnoringCase("DKIM-Signature:") }
            if !isSignature { rest += line }
        }
        return rest
    }
}
