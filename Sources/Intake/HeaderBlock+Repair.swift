internal import MailModel
internal import MessageFormat

extension HeaderBlock {
    /// Adds Date and Message-ID where they are missing or cannot be read (RFC 6409 §8.2, §8.3); a date in obsolete syntax is written anew.
    ///
    /// - Parameter messageID: what the message got instead of its own before.
    /// - Returns: the Message-ID, printable.
    mutating func repair(
        author: Mailbox, queueID: QueueID, keeping messageID: String? = nil, now: Timestamp
    ) throws(Refusal) -> String {
        do throws(HeaderError) {
            switch first(.date).flatMap({ MessageDate.style(of: $0.value) }) {
            case .modern: break
            case .obsolete(let modern): replaceFirst(.date, with: try HeaderField(.date, value: modern))
            case nil: replaceFirst(.date, with: try HeaderField(.date, value: MessageDate.format(now)))
            }
            if let existing = first(.messageID)?.unfolded, MessageID.isValid(existing) {
                return PrintableText.sanitized(existing, limit: 998)
            }
            if let messageID, MessageID.isValid(Array(messageID.utf8)) {
                replaceFirst(.messageID, with: try HeaderField(.messageID, value: Array(messageID.utf8)))
                return messageID
            }
            // The queue id counts on the clock of one host; cloned hosts differ in the random part.
            let unique = "\(queueID).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
            let messageID = MessageID.make(unique: unique.utf8, domain: author.domain)
            replaceFirst(.messageID, with: try HeaderField(.messageID, value: messageID))
            return String(decoding: messageID, as: UTF8.self)
        } catch {
            throw .header(error)
        }
    }
}
