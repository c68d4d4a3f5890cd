internal import MailModel
internal import SafeIO

/// What happens after the final dot, and what is written down of it.
extension SandboxConnection {
    /// A message that came whole.
    struct Arrival {
        let transaction: SandboxSession.Transaction
        let message: InspectedMessage
        let file: IncomingFile?
        let storageFailure: SystemCallError?
    }

    func conclude(_ arrival: Arrival, _ action: SandboxFault.Action?) {
        var record = describe(arrival)
        switch action {
        case .reply(let reply): refuse(&record, reply)
        case .close, .loseMessage:
            record.outcome = .messageLost
            self.record(record)
            close()
        case .loseReply, .delay, nil:
            let isReplyLost = action == .loseReply
            let rules = account.rules
            if let reply = refusal(of: arrival, under: rules) ?? keep(arrival, &record, region: rules.region, isReplyLost) {
                if isReplyLost {
                    record.outcome = .messageLost
                    self.record(record)
                    close()
                } else {
                    refuse(&record, reply)
                }
            } else {
                self.record(record)
                if let reply = record.reply { send(reply) } else { close() }
            }
        }
    }

    private func refusal(of arrival: Arrival, under rules: SandboxRules) -> Reply? {
        if let failure = arrival.storageFailure { return storageFailed(failure) }
        let recipients = arrival.transaction.recipients
        let sender = arrival.transaction.sender
        return rules.refusal(of: arrival.message, from: sender, to: recipients, user: session.user ?? "")
            ?? account.admit(recipients, now: .now)
    }

    /// - Returns: a reply if it could not be kept.
    private func keep(_ arrival: Arrival, _ record: inout SandboxTransaction, region: String, _ isReplyLost: Bool) -> Reply? {
        var generator = SystemRandomNumberGenerator()
        let id = SESMessageID.make(region: region, now: record.time, random: (generator.next(), generator.next()))
        record.sesID = id
        record.outcome = isReplyLost ? .replyLost : .accepted
        record.reply = isReplyLost ? nil : .accepted(id)
        if let file = arrival.file {
            let header = DeliveredHeader.make(from: arrival.message.fields, sesID: id, region: region, at: record.time)
            do throws(SystemCallError) {
                try environment.store.commit(file, header: header, bodyOffset: arrival.message.headerOctets, transaction: record)
            } catch {
                record.sesID = nil
                return storageFailed(error)
            }
        }
        account.countAccepted(recipients: record.recipients.count, octets: arrival.message.size)
        return nil
    }

    private func refuse(_ record: inout SandboxTransaction, _ reply: Reply) {
        record.outcome = .refused
        record.reply = reply
        account.countRefused()
        self.record(record)
        if reply.code == 421 { close(reply) } else { send(reply) }
    }

    private func storageFailed(_ error: SystemCallError) -> Reply {
        account.countStorageFailure()
        environment.onTrouble(error)
        return .localFailure
    }

    private func describe(_ arrival: Arrival) -> SandboxTransaction {
        let message = arrival.message
        var record = refused(.dot, nil)
        record.mailFrom = Self.text(arrival.transaction.sender.text)
        record.recipients = arrival.transaction.recipients.map { Self.text($0.text) }
        record.messageID = message.first("Message-ID")?.text
        record.from = message.first("From")?.text
        record.subject = message.first("Subject")?.text
        record.token = message.first("X-Token")?.text
        record.size = message.size
        record.findings = message.findings.sorted { $0.rawValue < $1.rawValue }
        return record
    }

    /// A refusal at this point of the dialogue.
    func refused(_ phase: SandboxTransaction.Phase, _ reply: Reply?) -> SandboxTransaction {
        var record = SandboxTransaction(outcome: .refused, phase: phase, time: environment.now(), client: client)
        record.user = session.user
        record.tlsVersion = session.tlsVersion
        record.mailFrom = session.transaction.map { Self.text($0.sender.text) }
        record.recipients = session.transaction.map { $0.recipients.map { Self.text($0.text) } } ?? []
        record.reply = reply
        return record
    }

    /// Writes it to the journal and tells the server's owner.
    func record(_ transaction: SandboxTransaction) {
        do throws(SystemCallError) { try environment.store.write(transaction) } catch { _ = storageFailed(error) }
        environment.onTransaction(transaction)
    }

    private static func text(_ octets: [UInt8]) -> String { PrintableText.sanitized(octets, limit: 998) }
}
