internal import Cryptography
internal import MailModel
internal import MailQueue
internal import Networking
internal import SMTPProtocol

/// One connection to the upstream: runs the client's machine over a channel, for one transaction after another.
actor UpstreamConnection {
    /// How a delivery over this connection ended.
    enum Ending: Sendable {
        case done(AttemptResult, isReusable: Bool)
        /// The upstream had hung up on the idle connection before anything was decided: again on a new one, nothing counted.
        case stale
    }

    private let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    /// `email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587`
    nonisolated let relay: String

    private let socket: ConnectedSocket
    private let settings: UpstreamSettings
    private let gate: any SendingGate
    private let opened = ContinuousClock.now
    private var onEnd: (@Sendable () -> Void)?

    private var channel: Channel?
    private var session: ClientSession
    private var replies = ReplyDecoder()
    private var loginWaiter: CheckedContinuation<RouteTrouble?, Never>?
    private var onLeavingPool: (@Sendable () -> Void)?
    private var hasBeenIdle = false
    /// What was agreed on, once TLS stands.
    private(set) var tls: TLSInfo?
    /// Where the way to the login ended.
    private(set) var failedPhase: Phase?
    private var transfer: Transfer?
    private var drainWaiter: CheckedContinuation<Void, Never>?

    /// The transaction under way.
    private struct Transfer {
        let delivery: Delivery
        let waiter: CheckedContinuation<Ending, Never>
        let isOnReusedConnection: Bool
        /// Places at the gate that are ours until the reply comes.
        var placesHeld = 0
        var dotHasLeft = false
        /// The stored body turned out to be damaged.
        var damage: String?
    }

    /// - Parameter onEnd: called once, when the connection is gone.
    init(
        socket: ConnectedSocket, worker: Worker, settings: UpstreamSettings, gate: any SendingGate, onEnd: @escaping @Sendable () -> Void
    ) {
        self.socket = socket
        self.worker = worker
        self.settings = settings
        self.gate = gate
        self.onEnd = onEnd
        relay = "\(settings.host)[\(socket.peer.host)]:\(settings.port)"
        session = ClientSession(
            ClientSession.Configuration(
                hostname: settings.hostname, security: settings.security == .startTLS ? .startTLS : .implicitTLS,
                credentials: Credentials(username: settings.username, password: settings.password)))
    }

    // MARK: What the pool asks

    /// Greeting, EHLO, TLS with full verification, AUTH.
    ///
    /// - Returns: `nil` when the connection is ready for a transaction.
    func logIn() async -> RouteTrouble? {
        await withCheckedContinuation { continuation in
            loginWaiter = continuation
            do {
                let channel = try Channel(socket, worker: worker)
                self.channel = channel
                // The channel keeps us alive until it is closed.
                channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
                if settings.security == .implicitTLS {
                    try channel.startTLS(client: settings.tls, serverName: settings.certificateName)
                    wait(settings.patience.handshake)
                } else {
                    wait(settings.patience.reply)
                }
            } catch {
                perform(session.connectionLost("\(error)"))
                // A channel that was never made does not tell of its end.
                if channel == nil { ended() }
            }
        }
    }

    func deliver(_ delivery: Delivery) async -> Ending {
        // What the upstream said or did while nobody asked must not be taken for the answer to MAIL.
        if session.finishedTransactions > 0 || hasBeenIdle { channel?.readAtOnce() }
        onLeavingPool = nil
        guard let channel, session.isReusable, transfer == nil else { return .stale }
        return await withCheckedContinuation { continuation in
            transfer = Transfer(
                delivery: delivery, waiter: continuation, isOnReusedConnection: hasBeenIdle || session.finishedTransactions > 0)
            let message = delivery.message
            let transaction = ClientSession.Transaction(
                reversePath: message.reversePath, recipients: delivery.recipients.map { message.recipients[$0].mailbox },
                size: message.size, hasEightBitOctets: message.is8Bit)
            channel.corked { perform(session.begin(transaction)) }
        }
    }

    /// Nobody needs the connection now. It leaves the pool by itself when it has been idle too long or the upstream closes it.
    nonisolated func becomeIdle(onLeavingPool: @escaping @Sendable () -> Void) {
        worker.run { self.assumeIsolated { $0.idle(onLeavingPool) } }
    }

    /// Says goodbye, or just closes if that is not possible.
    func quit() {
        guard let channel else { return }
        perform(session.quit())
        channel.deadline = .now + .seconds(5)
    }

    private func idle(_ leave: @escaping @Sendable () -> Void) {
        guard transfer == nil else { return }
        guard channel != nil, session.isReusable else { return leave() }
        onLeavingPool = leave
        hasBeenIdle = true
        wait(settings.patience.idle)
    }

    // MARK: What the channel says

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input: readReplies()
        case .secured(let info):
            tls = info
            perform(session.phase == .tlsHandshake ? session.tlsEstablished() : nil, orWait: settings.patience.reply)
        case .drained: drained()
        case .deadline: timedOut()
        case .closed(let closure): closed(closure)
        }
    }

    private func readReplies() {
        guard let channel else { return }
        while channel.inputCount > 0 {
            let (step, total) = channel.withInput { octets in (replies.decode(octets), octets.count) }
            switch step {
            case .needsMoreInput:
                channel.consume(total)
                // Half a reply that nobody asked for would be taken for the beginning of the next answer.
                if session.isReusable {
                    leavePool()
                    channel.abort()
                }
                return
            case .reply(let reply, let consumed):
                channel.consume(consumed)
                perform(session.receive(reply, followedByInput: consumed < total))
            case .failure(let fault):
                channel.consume(total)
                perform(session.receive(fault))
                channel.abort()
                return
            }
        }
    }

    private func timedOut() {
        if let leave = onLeavingPool {
            onLeavingPool = nil
            leave()
            quit()
            return
        }
        perform(session.connectionLost("no answer to \(session.phase.rawValue) in time"))
        channel?.abort()
    }

    private func closed(_ closure: Channel.Closure) {
        channel = nil
        drained()
        perform(session.connectionLost(closure.description))
        leavePool()
        ended()
    }

    private func ended() {
        onEnd?()
        onEnd = nil
    }

    private func leavePool() {
        onLeavingPool?()
        onLeavingPool = nil
    }

    // MARK: What the machine wants

    private func perform(_ action: ClientSession.Action?, orWait patience: Duration) {
        if let action { perform(action) } else { wait(patience) }
    }

    private func perform(_ action: ClientSession.Action) {
        switch action {
        case .send(let octets):
            channel?.send(octets)
            waitForReply()
        case .sendSecret(let secret):
            channel?.send(secret.exposed)
            waitForReply()
        case .startTLS:
            do {
                try channel?.startTLS(client: settings.tls, serverName: settings.certificateName)
                wait(settings.patience.handshake)
            } catch {
                perform(session.connectionLost("\(error)"))
                channel?.abort()
            }
        case .ready:
            channel?.deadline = nil
            loginWaiter?.resume(returning: nil)
            loginWaiter = nil
        case .sendContent: sendContent()
        case .transactionFinished(let results): finish(results)
        case .failed(let failure):
            failedPhase = failure.phase
            loginWaiter?.resume(returning: failure.routeTrouble(host: settings.host))
            loginWaiter = nil
            leavePool()
            channel?.close()
        case .close:
            channel?.close()
        }
    }

    private func waitForReply() {
        switch session.phase {
        case .data: wait(settings.patience.data)
        case .finalDot: wait(settings.patience.finalDot)
        default: wait(settings.patience.reply)
        }
    }

    private func wait(_ patience: Duration) { channel?.deadline = .now + patience }

    // MARK: The message

    /// Room for a piece of the message as it goes out; kept, because the next message needs the same.
    private var encoded: [UInt8] = []

    private func sendContent() {
        guard let message = transfer?.delivery.message else { return }
        wait(settings.patience.block)
        var encoder = DataEncoder()
        do {
            encoded.removeAll(keepingCapacity: true)
            try message.header.withUnsafeBytes { try encoder.encode($0, into: &encoded) }
            guard case .inline(let body) = message.body else {
                send(encoded)
                let state = encoder
                Task { await stream(message, state) }
                return
            }
            try body.withUnsafeBytes { try encoder.encode($0, into: &encoded) }
            if takePlaces() {
                try sendDot(&encoder)
            } else {
                send(encoded)
                encoded.removeAll(keepingCapacity: true)
                let state = encoder
                Task { await sendDotWhenAllowed(state) }
            }
        } catch {
            damaged("the stored message has a bare CR or LF")
        }
    }

    private func takePlaces() -> Bool {
        guard let count = transfer?.delivery.recipients.count, gate.trySend(recipients: count) else { return false }
        transfer?.placesHeld = count
        return true
    }

    /// Sends what `encoded` holds, and the octets that end the message behind it.
    private func sendDot(_ encoder: inout DataEncoder) throws {
        try encoder.finish(into: &encoded)
        session.finalDotLeaves()
        transfer?.dotHasLeft = true
        send(encoded)
        if encoded.capacity > 256 << 10 { encoded = [] }
        wait(settings.patience.finalDot)
    }

    private func sendDotWhenAllowed(_ state: DataEncoder) async {
        guard let transfer else { return }
        let count = transfer.delivery.recipients.count
        let id = transfer.delivery.message.id
        await gate.waitToSend(recipients: count)
        // The connection may have been lost, and even used again, while we waited.
        guard self.transfer?.delivery.message.id == id, self.transfer?.dotHasLeft == false, channel != nil else {
            return gate.withdrawn(recipients: count)
        }
        self.transfer?.placesHeld = count
        var encoder = state
        do { try sendDot(&encoder) } catch { damaged("the stored message does not end with a line end") }
    }

    /// A large body, piece by piece: no more of it is in memory than one piece and what the network has not taken yet.
    private func stream(_ message: QueuedMessage, _ state: DataEncoder) async {
        guard case .file(let file) = message.body, let openBody else { return damaged("the message's body is not at hand") }
        var encoder = state
        do {
            let reader = try await openBody(file)
            while let piece = try await reader.next() {
                guard isTransferring(message.id) else { return }
                encoded.removeAll(keepingCapacity: true)
                try piece.withUnsafeBytes { try encoder.encode($0, into: &encoded) }
                send(encoded)
                wait(settings.patience.block)
                await waitUntilDrained()
                guard isTransferring(message.id) else { return }
            }
            encoded = []
            if takePlaces() { try sendDot(&encoder) } else { await sendDotWhenAllowed(encoder) }
        } catch {
            if isTransferring(message.id) { damaged("\(error)") }
        }
    }

    private var openBody: BodyOpener? { settings.openBody }

    private func isTransferring(_ id: QueueID) -> Bool {
        guard let transfer else { return false }
        return transfer.delivery.message.id == id && !transfer.dotHasLeft && channel != nil
    }

    private func send(_ octets: [UInt8]) { channel?.send(octets) }

    private func waitUntilDrained() async {
        guard let channel, channel.unsentOctets > 0 else { return }
        channel.flush()
        guard channel.unsentOctets > 0 else { return }
        await withCheckedContinuation { drainWaiter = $0 }
    }

    private func drained() {
        drainWaiter?.resume()
        drainWaiter = nil
    }

    /// What is stored is not what was accepted: the final dot must never be sent.
    private func damaged(_ text: String) {
        transfer?.damage = text
        perform(session.connectionLost(text))
        channel?.abort()
    }

    // MARK: The end of a transaction

    private func giveBack(_ transfer: Transfer, _ summary: AttemptSummary) {
        guard transfer.placesHeld > 0 else { return }
        if !transfer.dotHasLeft {
            gate.withdrawn(recipients: transfer.placesHeld)
        } else if case .trouble(.throttled) = summary {
            gate.refused(recipients: transfer.placesHeld)
        } else {
            gate.sent(recipients: transfer.placesHeld)
        }
    }

    private func finish(_ results: [SMTPProtocol.RecipientResult]) {
        guard let transfer else { return }
        self.transfer = nil
        let summary = AttemptSummary(results, of: transfer.delivery, isReusedConnection: transfer.isOnReusedConnection)
        giveBack(transfer, summary)
        channel?.deadline = nil
        let isReusable =
            session.isReusable && session.finishedTransactions < settings.messagesPerConnection
            && opened.duration(to: .now) < settings.patience.age
        if !session.isReusable { channel?.close() }
        let ending: Ending
        if let damage = transfer.damage {
            ending = .done(.unreadable(damage), isReusable: false)
        } else {
            switch summary {
            case .stale: ending = .stale
            case .outcomes(let outcomes): ending = .done(.outcomes(outcomes, relay: relay), isReusable: isReusable)
            case .trouble(let trouble): ending = .done(.routeTrouble(trouble, relay: relay), isReusable: isReusable)
            case .identity(let reply): ending = .done(.identityRefused(reply, relay: relay), isReusable: isReusable)
            }
        }
        transfer.waiter.resume(returning: ending)
    }
}
