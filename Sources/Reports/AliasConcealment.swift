internal import MailModel
internal import MailQueue

/// What a report may say of mail that an alias sent on: whoever wrote to the alias need not learn who is behind it.
enum AliasConcealment {
    /// The same failure as the alias's own; what targets' hosts said is cut down to its codes, for it may name them.
    static func apply(
        _ message: QueuedMessage, _ recipients: [FailedRecipient]
    ) -> (message: QueuedMessage, recipients: [FailedRecipient]) {
        guard let alias = message.facts.alias.flatMap({ try? Mailbox(parsing: $0.utf8) }) else { return (message, recipients) }
        struct Key: Hashable {
            let action: FailedRecipient.Action
            let status: String
            let reply: String
        }
        var shown: [FailedRecipient] = []
        var known: Set<Key> = []
        for failed in recipients {
            let reply = concealed(failed.reply)
            guard known.insert(Key(action: failed.action, status: failed.status, reply: reply)).inserted else { continue }
            let own = QueuedRecipient(
                index: failed.recipient.index, mailbox: alias, nextAttempt: failed.recipient.nextAttempt, state: failed.recipient.state,
                attempts: failed.recipient.attempts, lastReply: reply)
            shown.append(
                FailedRecipient(
                    recipient: own, action: failed.action, status: failed.status, reply: reply, relay: failed.relay,
                    lastAttempt: failed.lastAttempt))
        }
        var message = message
        message.recipients = shown.map(\.recipient)
        return (message, shown)
    }

    /// `550 5.1.1` of a server's reply; what we say ourselves stays if no address is in it.
    static func concealed(_ reply: String) -> String {
        // Of the identity, which is ours: what to do about it hangs on the words. The addresses may be the targets', where the SES account
        // may write to verified ones only.
        if Advice.blamesIdentity(reply) {
            return reply.split(separator: " ").map { $0.utf8.contains(ASCII.at) ? "(an address)" : $0 }.joined(separator: " ")
        }
        guard SMTPCode(of: reply) != nil else { return reply.utf8.contains(ASCII.at) ? "it was refused where the alias leads to" : reply }
        let words = reply.split(separator: " ", maxSplits: 2)
        let isStatus = words.count > 1 && words[1].utf8.allSatisfy { ASCII.isDigit($0) || $0 == ASCII.dot }
        return words.prefix(isStatus ? 2 : 1).joined(separator: " ") + " (refused where the alias leads to)"
    }
}
