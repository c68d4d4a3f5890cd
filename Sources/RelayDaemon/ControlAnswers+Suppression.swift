internal import ControlProtocol
internal import MailModel
internal import MailQueue

/// The suppression list, for the commands.
extension ControlAnswers {
    /// - Returns: how many addresses changed; all are checked before the first does.
    func suppress(_ request: ControlRequest) async throws(QueueError) -> Int {
        let mailboxes = try mailboxes(request)
        let now = clock()
        let reason = PrintableText.sanitized((request.word ?? "by an operator").utf8, limit: 200)
        for mailbox in mailboxes {
            try await store.suppress(Suppression(mailbox: mailbox, since: now, reason: reason, origin: .operator))
            var event = RelayEvent(.suppressed, at: now, recipients: [mailbox])
            event.reply = reason
            hub.emit(event)
        }
        return mailboxes.count
    }

    func unsuppress(_ request: ControlRequest) async throws(QueueError) -> Int {
        var count = 0
        for mailbox in try mailboxes(request) where try await store.unsuppress(mailbox) { count += 1 }
        return count
    }

    func listSuppressions(_ send: ControlLineSender) async throws(QueueError) {
        var last: Mailbox?
        while true {
            let page = store.suppressions(after: last, limit: 500)
            for entry in page {
                let shown = SuppressionEntry(
                    address: entry.mailbox.description, since: entry.since.description, origin: entry.origin.rawValue, reason: entry.reason)
                guard await send(try encoded(shown)) else { return }
            }
            guard page.count == 500, let end = page.last else { return }
            last = end.mailbox
        }
    }

    private func mailboxes(_ request: ControlRequest) throws(QueueError) -> [Mailbox] {
        guard let texts = request.addresses, !texts.isEmpty else { throw .rejected("name at least one address") }
        var mailboxes: [Mailbox] = []
        for text in texts {
            guard let mailbox = try? Mailbox(parsing: Array(text.utf8)) else {
                throw .rejected("\(PrintableText.sanitized(text.utf8, limit: 100)) is no address; nothing was changed")
            }
            mailboxes.append(mailbox)
        }
        return mailboxes
    }
}
