internal import MailModel
internal import MessageFormat

/// Fields that SES, or RFC 5322 §3.6, takes once. Those that are removed in any case are not among them, except Sender: which of two
/// is meant, nobody can say.
let onceOnlyFields: FieldNameSet = [
    .acceptLanguage, .acceptLanguageJoined, .archivedAt, .autoSubmitted, .bouncesTo, .cc, .comments, .contentAlternative, .contentBase,
    .contentClass, .contentDescription, .contentDisposition, .contentDuration, .contentID, .contentLanguage, .contentLength,
    .contentLocation, .contentMD5, .contentTransferEncoding, .contentType, .date, .dispositionNotificationOptions,
    .dispositionNotificationTo, .errorsTo, .from, .importance, .inReplyTo, .keywords, .listArchive, .listHelp, .listID, .listOwner,
    .listPost, .listSubscribe, .listUnsubscribe, .listUnsubscribePost, .messageContext, .messageID, .mimeVersion, .organization,
    .originalFrom, .originalMessageID, .originalRecipient, .originalSubject, .precedence, .priority, .references, .replyTo,
    .returnReceiptTo, .sender, .sensitivity, .solicitation, .subject, .threadIndex, .threadTopic, .to, .userAgent, .vbrInfo,
]

/// Of these a second one is refused even if it says the same: what a reader, a filter or a signature goes by must have one place.
private let strictlyOnceFields: FieldNameSet = [
    .cc, .contentTransferEncoding, .contentType, .date, .from, .inReplyTo, .messageID, .mimeVersion, .references, .replyTo, .sender,
    .subject, .to,
]

/// Fields that never leave: blind recipients, what SES checks against its identities, what it adds itself, and signatures that our
/// changes would break.
let fieldsThatNeverLeave: FieldNameSet = [
    .bcc, .deliveredTo, .dkimSignature, .domainKeySignature, .feedbackID, .resentBcc, .returnPath, .sender,
]

extension HeaderBlock {
    /// Brings fields that Amazon SES takes once down to one: a copy is dropped, several Comments or Keywords, which RFC 5322 allows, are
    /// joined, and two that differ are refused, for nobody can say which one is meant.
    mutating func unifyRepeated(_ changes: inout [RewriteChange]) throws(Refusal) {
        guard firstRepeated(of: onceOnlyFields) != nil else { return }
        var firstIndex: [FieldName: Int] = [:]
        var kept: [HeaderField] = []
        /// By the place of the first.
        var joins: [Int: [HeaderField]] = [:]
        for field in fields {
            guard let name = field.name, onceOnlyFields.contains(name), let first = firstIndex[name] else {
                if let name = field.name { firstIndex[name] = firstIndex[name] ?? kept.count }
                kept.append(field)
                continue
            }
            if !strictlyOnceFields.contains(name), field.unfolded == kept[first].unfolded {
                changes.append(.repeatedFieldRemoved(name.rawValue))
            } else if name == .comments || name == .keywords {
                joins[first, default: []].append(field)
                changes.append(.repeatedFieldsJoined(name.rawValue))
            } else {
                throw .repeated(name.rawValue)
            }
        }
        for (index, more) in joins {
            guard let joined = kept[index].joined(with: more) else { throw .repeated(kept[index].printableName) }
            kept[index] = joined
        }
        self = HeaderBlock(fields: kept)
    }
}

extension HeaderField {
    /// This field with the values of `others` on lines of their own; keywords are a list with commas.
    fileprivate func joined(with others: [HeaderField]) -> HeaderField? {
        guard let name else { return nil }
        var joined = Array(value.drop(while: ASCII.isBlank))
        for other in others where !other.unfolded.isEmpty {
            if name == .keywords { joined.append(ASCII.comma) }
            joined += ASCII.crlf + [ASCII.space] + other.unfolded
        }
        return try? HeaderField(name, value: joined)
    }
}

extension Refusal {
    fileprivate static func repeated(_ name: String) -> Refusal {
        .unsendable("field_repeated", "The header has two \(name) fields; only one is allowed")
    }
}
