internal import Cryptography
internal import Intake
public import MailModel
public import MailQueue
internal import Networking
internal import Rewriting
internal import SMTPProtocol

/// From DATA to the reply behind the final dot.
extension SubmissionSession {
    func beginMessage(_ reply: Reply, _ transaction: ServerSession.Transaction) {
        send(reply)
        activity = .receiving(Reception(transaction, settings: settings, store: service.store))
        channel?.deadline = .now + settings.patience.message
    }

    /// - Returns: whether to go on with what else has arrived.
    func receive(into reception: Reception, from channel: Channel) -> Bool {
        var consumed = 0
        let progress = channel.withInput { reception.take($0, consumed: &consumed) }
        channel.consume(consumed)
        switch progress {
        case .needsMoreInput: return false
        case .mustPause:
            channel.isReading = false
            reception.whenWritable {
                self.worker.run { self.assumeIsolated { $0.channel?.isReading = true } }
            }
            return false
        case .finished:
            channel.deadline = nil
            finish(reception)
            return true
        case .aborted:
            reception.discard()
            activity = .commands
            perform(session.messageAborted())
            return true
        }
    }

    /// The final dot is there: refuse, or prepare, store and only then say 250.
    private func finish(_ reception: Reception) {
        activity = .waiting
        if let refusal = reception.refusal { return refuse(reception, refusal) }
        // A message may take hours to arrive: an account that is gone by now gets no 250.
        takeUpReload()
        guard let account = session.account else { return refuse(reception, .authenticationNeeded) }
        guard reception.needsRepair() else { return conclude(reception, account) }
        let first = reception.takeFirstBody()
        if let spool = first.spool { return repair(reception, from: spool, account) }
        _ = first.inMemory.withUnsafeBytes { reception.repair($0) }
        reception.finishRepair()
        conclude(reception, account)
    }

    /// Stores the body a second time, in the form in which it can leave. It passes piece by piece, and other sessions in between.
    private func repair(_ reception: Reception, from spool: any SpoolWriter, _ account: AccountName) {
        let id = service.nextID()  // of the first body alone, which no message will have
        Task {
            do throws(QueueError) {
                let file = try await spool.finish(as: id)
                defer { service.store.discard(file) }
                let reader = try await service.store.openBody(file)
                while let piece = try await reader.next() {
                    guard piece.withUnsafeBytes({ reception.repair($0) }) else { continue }
                    await withUnsafeContinuation { continuation in reception.whenWritable { continuation.resume() } }
                }
                reception.finishRepair()
            } catch {
                reception.discard()
                return finished(error.reply)
            }
            conclude(reception, account, isLate: true)
        }
    }

    /// The body is what will be sent: prepare, store and only then say 250.
    ///
    /// - Parameter isLate: after a wait; nobody is reading the input.
    private func conclude(_ reception: Reception, _ account: AccountName, isLate: Bool = false) {
        let id = service.nextID()
        let now = service.clock()
        let sender = reception.transaction.arguments.sender.description
        let prepared: [PreparedMessage]
        do throws(Refusal) {
            prepared = try reception.prepare(account: account, id: id, nextID: service.nextID, received: receivedInfo, now: now)
        } catch {
            return refuse(reception, error.reply, isLate: isLate)
        }
        if let refusal = stagingRefusal(of: prepared, account) { return refuse(reception, refusal, isLate: isLate) }
        let copies = prepared.dropFirst().reduce(0) { $0 + $1.octetCount }
        guard copies == 0 || service.store.hasRoom(for: copies) else { return refuse(reception, .insufficientStorage, isLate: isLate) }
        if let body = reception.bodyInMemory {
            return commit(prepared.map { message($0, account, now, .inline(body), sender) })
        }
        reception.finishSpool(as: id) { result in
            self.worker.run {
                self.assumeIsolated { session in
                    switch result {
                    case .success(let file) where prepared.count == 1:
                        session.commit(prepared.map { session.message($0, account, now, .file(file), sender) })
                    case .success(let file): session.commitCopies(of: file, prepared, account, now, sender)
                    case .failure(let error): session.finished(error.reply)
                    }
                }
            }
        }
    }

    /// Aliases, suppressions and the mode itself may have changed since the recipients were asked about.
    private func stagingRefusal(of prepared: [PreparedMessage], _ name: AccountName) -> Reply? {
        guard let account = settings.accounts[name], case .allow = account.mode else { return nil }
        return prepared.lazy.flatMap(\.envelope.recipients).filter { [settings] in $0 != settings.postmaster }.compactMap(
            account.stagingRefusal
        ).first
    }

    /// A stored body is one message's: the others of the same mail get copies.
    private func commitCopies(
        of first: SpoolFile, _ prepared: [PreparedMessage], _ account: AccountName, _ now: Timestamp, _ sender: String
    ) {
        Task {
            var files = [first]
            do throws(QueueError) {
                for other in prepared.dropFirst() { files.append(try await service.store.copy(first, as: other.queueID)) }
            } catch {
                for file in files { service.store.discard(file) }
                return finished(error.reply)
            }
            commit(zip(prepared, files).map { message($0, account, now, .file($1), sender) })
        }
    }

    private func refuse(_ reception: Reception, _ reply: Reply, isLate: Bool = false) {
        reception.discard()
        var event = RelayEvent(.refused, at: service.clock(), account: session.account)
        event.client = clientText
        event.sender = reception.transaction.arguments.sender.description
        event.recipients = reception.transaction.recipients
        event.reply = reply.oneLine
        service.events.emit(event)
        if isLate { return finished(reply) }
        // Whoever is reading the input goes on by itself: a client may send any number of such messages at once.
        settle(reply)
    }

    private var receivedInfo: ReceivedInfo {
        var info = ReceivedInfo(
            helloName: Array((session.clientName?.description ?? "unknown").utf8), address: clientHost,
            transfer: ReceivedInfo.TransferProtocol(rawValue: session.receivedProtocol) ?? .esmtp)
        if case .local(_, let user) = security { info.user = user }
        return info
    }

    private func message(
        _ prepared: PreparedMessage, _ account: AccountName, _ now: Timestamp, _ body: StoredBody, _ sender: String
    ) -> QueuedMessage {
        var facts = MessageFacts()
        facts.client = clientText
        facts.sender = sender
        facts.take(prepared, by: settings.intake)
        facts.alias = prepared.alias?.description
        if settings.accounts[account]?.mode == .hold { facts.hold = QueuedMessage.stagingHold + "accounts.\(account).mode is hold" }
        facts.tls = tlsText
        let clock = service.store.serviceClock
        let due = clock.steadyWall()
        var message = QueuedMessage(
            id: prepared.queueID, account: account, acceptedAt: now, reversePath: prepared.envelope.reversePath,
            recipients: prepared.envelope.recipients.enumerated().map {
                QueuedRecipient(index: $0.offset, mailbox: $0.element, nextAttempt: due)
            },
            header: prepared.headerOctets, body: body, is8Bit: prepared.is8Bit, facts: facts,
            serviceTime: clock.now())
        message.original = EncodedOriginal(prepared, of: prepared.queueID)
        message.hold = message.facts.hold
        return message
    }

    /// All or none: the client hears one answer.
    private func commit(_ messages: [QueuedMessage]) {
        guard let first = messages.first else { return finished(.localError) }
        let account = first.account
        let daily = settings.accounts[account]?.daily
        let count = messages.reduce(0) { $0 + $1.recipients.count }
        if let daily, !service.use.take(count, of: daily, account: account, ledger: service.store.ledger, at: service.clock()) {
            for case .file(let file) in messages.map(\.body) { service.store.discard(file) }
            return finished(dailyLimitReached(account, daily))
        }
        let events = messages.count == 1 ? first.acceptanceEvents : messages.flatMap(\.acceptanceEvents)
        let service = service
        for message in messages { service.next.expect(message.id) }
        service.store.commit(messages, events: events) { result in
            // From here on the messages are the queue's, whether or not this client is still there to hear it.
            switch result {
            case .success:
                for event in events { service.events.emit(event) }
                for message in messages {
                    var message = message
                    message.original = nil  // what sends it has no use for it
                    // A held one is the store's until somebody releases it.
                    if message.hold == nil { service.next.accepted(message) } else { service.next.withdrawn(message.id) }
                }
            case .failure: for message in messages { service.next.withdrawn(message.id) }
            }
            if daily != nil { service.use.settled(count, account: account) }
            self.worker.run {
                self.assumeIsolated { session in
                    switch result {
                    case .success: session.finished(.queued(as: first.id))
                    case .failure(let error): session.finished(error.reply)
                    }
                }
            }
        }
    }

    /// The message's fate is settled after a wait: the reply leaves, and the session goes on.
    private func finished(_ reply: Reply) {
        channel?.corked {
            settle(reply)
            resume()
        }
    }

    private func settle(_ reply: Reply) {
        activity = .commands
        perform(session.messageFinished(reply))
        awaitCommand()
    }
}

extension QueuedMessage {
    /// What is told of a message that was just accepted.
    public var acceptanceEvents: [RelayEvent] {
        var accepted = RelayEvent(.accepted, at: acceptedAt, queueID: id, account: account, recipients: recipients.map(\.mailbox))
        accepted.client = facts.client
        accepted.sender = facts.sender
        accepted.fromBefore = facts.fromBefore
        accepted.fromAfter = facts.fromAfter
        accepted.messageID = facts.messageID
        accepted.alignment = facts.alignment
        accepted.messageSize = size
        var events = [accepted]
        if let hold {
            var held = RelayEvent(.held, at: acceptedAt, queueID: id, account: account)
            held.reply = hold
            events.append(held)
        }
        guard let rule = facts.rule else { return events }
        var rewritten = RelayEvent(.rewritten, at: acceptedAt, queueID: id, account: account)
        rewritten.fromBefore = facts.fromBefore
        rewritten.fromAfter = facts.fromAfter
        rewritten.reply = rule
        return events + [rewritten]
    }
}

extension QueueError {
    /// What a client is told: that it is our trouble, and to come again; nothing of our configuration.
    var reply: Reply {
        switch self {
        case .outOfSpace: .insufficientStorage
        default: .localError
        }
    }
}
