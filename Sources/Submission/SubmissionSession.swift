internal import Cryptography
internal import Intake
internal import MailModel
internal import MailQueue
internal import Networking
internal import SMTPProtocol

/// One client's connection: runs the server's machine over a channel, asks the policies, and brings messages to the queue.
///
/// Everything of a session happens on its worker's queue. While it waits for a password check or for the disk, it reads no further
/// command; what the client pipelines meanwhile lies in the channel, up to its limit.
actor SubmissionSession {
    let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    let socket: AcceptedSocket
    /// Where the client is.
    let clientHost: String
    /// Who the client is, for events and `trace`: an address, or the number of a user of this host.
    let clientText: String
    let security: ListenerPolicy.Security
    let service: SubmissionService

    var settings: SubmissionSettings
    private var generation: Int
    var session: ServerSession
    private var lines = CommandLineDecoder()
    var channel: Channel?
    /// `TLSv1.3 TLS_AES_128_GCM_SHA256`
    var tlsText: String?
    var activity = Activity.commands
    private var isDraining = false
    private var wasLoggedIn = false
    /// The hash that the login was checked against: with another one the login is void.
    private var provenHash: String?
    /// How many targets the aliases among the recipients lead to, in the transaction under way.
    var aliasTargets = 0
    /// Messages that this one will become for its aliases.
    var aliasVariants = 0

    enum Activity {
        /// Reading and answering commands.
        case commands
        case handshake
        case receiving(Reception)
        /// A password is being checked, or a message made durable.
        case waiting
        /// A failed login is answered when the deadline comes.
        case delayingRefusal
    }

    init(socket: AcceptedSocket, worker: Worker, security: ListenerPolicy.Security, service: SubmissionService) {
        self.socket = socket
        clientHost = socket.peer.host
        clientText = if case .local(_, let user) = security { "uid \(user)" } else { clientHost }
        self.worker = worker
        self.security = security
        self.service = service
        (settings, generation) = service.current
        let level: ServerSession.Configuration.Security =
            switch security {
            case .startTLS: .startTLS(available: settings.tls != nil)
            case .implicitTLS: .implicitTLS
            case .trusted(let account), .local(let account, _): .trusted(account)
            }
        var configuration = ServerSession.Configuration(
            hostname: settings.hostname, security: level, maximumMessageSize: settings.maximumMessageSize)
        configuration.maximumRecipients = settings.maximumRecipients
        if case .local = security { configuration.isLocal = true }
        session = ServerSession(configuration)
    }

    // MARK: Life

    /// More than any line: what a client may pipeline while we wait, and make us hold for it.
    private static let inputLimit = 16 << 10

    func start() {
        guard let channel = try? Channel(socket, worker: worker, inputLimit: Self.inputLimit) else { return ended() }
        self.channel = channel
        // The channel keeps the session alive until it is closed.
        channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
        if case .implicitTLS = security { beginTLS() } else { greet() }
    }

    private func greet() {
        perform(session.greeting(clientHasSpoken: (channel?.inputCount ?? 0) > 0))
        awaitCommand()
    }

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input: process()
        case .secured(let info):
            tlsText = "\(info.protocolVersion) \(info.cipher)"
            activity = .commands
            if case .implicitTLS = security { greet() } else { session.tlsEstablished() }
            awaitCommand()
            if isDraining { sayGoodbye() }
        case .drained: break
        case .deadline: timedOut()
        case .closed:
            channel = nil
            if case .receiving(let reception) = activity { reception.discard() }
            activity = .waiting
            ended()
        }
    }

    private func ended() { service.ended(self, client: socket.peer, wasLoggedIn: wasLoggedIn || session.account != nil) }

    nonisolated func beginDraining() {
        worker.run { self.assumeIsolated { $0.drain() } }
    }

    /// The service stops: an idle client is told so; a message under way may finish first.
    func drain() {
        isDraining = true
        switch activity {
        case .commands: sayGoodbye()
        case .handshake: channel?.abort()  // nothing has been said that could be lost
        case .receiving, .waiting, .delayingRefusal: break
        }
    }

    nonisolated func beginCuttingOff() {
        worker.run { self.assumeIsolated { $0.cutOff() } }
    }

    /// There is no more time: who has not come to the end of its message has no 250 and will send it again.
    private func cutOff() {
        if case .waiting = activity { return }  // our own turn, which ends in a goodbye
        sayGoodbye()
    }

    private func sayGoodbye() {
        channel?.send(Reply.shuttingDown.wireOctets)
        channel?.close()
    }

    func awaitCommand() { channel?.deadline = .now + settings.patience.command }

    private func timedOut() {
        switch activity {
        case .commands:
            channel?.send(Reply.idleTimeout.wireOctets)
            channel?.close()
        case .handshake: channel?.abort()
        case .receiving where channel?.isReading == false:
            // It is our disk that is slow.
            channel?.deadline = .now + settings.patience.message
        case .receiving(let reception):
            guard reception.octetsSinceLastLook() < settings.patience.slowestMessage * Int(settings.patience.message.components.seconds)
            else {
                channel?.deadline = .now + settings.patience.message
                return
            }
            channel?.send(Reply.idleTimeout.wireOctets)
            channel?.close()
        case .waiting: break
        case .delayingRefusal:
            activity = .commands
            perform(session.authenticationFinished(.refused))
            resume()
        }
    }

    // MARK: Input

    /// Works off what has arrived, until there is no more or something has to be waited for.
    private func process() {
        while let channel, channel.inputCount > 0 {
            if isDraining, case .commands = activity { break }
            switch activity {
            case .commands:
                guard readLine(from: channel) else { return }
            case .receiving(let reception):
                guard receive(into: reception, from: channel) else { return }
            case .handshake, .waiting, .delayingRefusal: return
            }
        }
        if isDraining, case .commands = activity { sayGoodbye() }
    }

    /// - Returns: false if there is no whole line.
    private func readLine(from channel: Channel) -> Bool {
        let limit = session.maximumLineOctets
        let (step, line, rest) = channel.withInput { octets in
            let step = lines.next(in: octets, limit: limit)
            guard case .line(let range, let consumed) = step else { return (step, [UInt8](), 0) }
            return (step, Array(octets[range]), octets.count - consumed)
        }
        switch step {
        case .needsMoreInput(let consumed):
            channel.consume(consumed)
            return false
        case .failure(let fault, let consumed):
            channel.consume(consumed)
            perform(session.malformedLine(fault))
        case .line(_, let consumed):
            channel.consume(consumed)
            takeUpReload()
            perform(session.command(line, followedByInput: rest > 0))
        }
        if case .commands = activity { awaitCommand() }
        return true
    }

    /// After a reload: an account that is gone, or has another password, is cut off at its next command or final dot.
    func takeUpReload() {
        guard generation != service.generation else { return }
        (settings, generation) = service.current
        guard let name = session.account else { return }
        switch security {
        case .trusted, .local: return
        case .startTLS, .implicitTLS:
            if settings.accounts[name]?.passwordHash != provenHash { session.revokeAuthentication() }
        }
    }

    /// Goes on after a wait: with what the client sent meanwhile.
    func resume() {
        guard channel != nil else { return }
        if isDraining, case .commands = activity { return sayGoodbye() }
        awaitCommand()
        process()
    }

    // MARK: What the machine wants

    func perform(_ result: ServerSession.CommandResult) {
        switch result {
        case .reply(let reply): send(reply)
        case .replyAndClose(let reply):
            send(reply)
            channel?.close()
        case .startTLS(let reply):
            send(reply)
            beginTLS()
        case .verify(let credentials): verify(credentials)
        case .mail(let arguments): decideSender(arguments)
        case .recipient(let recipient): decideRecipient(recipient)
        case .receiveData(let reply, let transaction): beginMessage(reply, transaction)
        }
    }

    func send(_ reply: Reply) { channel?.send(reply.wireOctets) }

    private func beginTLS() {
        guard let channel, let context = settings.tls else { return perform(.replyAndClose(.tlsUnavailable)) }
        activity = .handshake
        channel.deadline = .now + settings.patience.handshake
        do throws(Channel.StartTLSError) {
            try channel.startTLS(server: context)
        } catch {
            // Octets were injected before the handshake: nothing on this connection can be believed any more.
            channel.abort()
        }
    }

    // MARK: Login

    private func verify(_ credentials: Credentials) {
        let now = ContinuousClock.now
        let network = socket.peer.networkPrefix
        let name = AccountName(credentials.username)
        let account = name.flatMap { settings.accounts[$0] }
        if let account, service.verifier.remembers(credentials.password, of: account, at: now) {
            return loggedIn(account, network: network)
        }
        switch service.throttle.verdict(network: network, account: name, at: now) {
        case .refuse:
            tellOfRefusedLogin(name, reason: "too many failed logins from this address")
            refuseLogin(delay: .seconds(5))
        case .check(let delay):
            activity = .waiting
            channel?.deadline = nil
            service.verifier.verify(credentials.password, of: account, at: now) { verdict in
                self.worker.run {
                    self.assumeIsolated { $0.checked(verdict, name: name, account: account, network: network, delay: delay) }
                }
            }
        }
    }

    private func checked(
        _ verdict: PasswordVerifier.Verdict, name: AccountName?, account: Account?, network: NetworkRange, delay: Duration
    ) {
        guard channel != nil else {
            // Who hangs up instead of waiting for the answer has still cost us a hash.
            if verdict == .wrong { noteWrongPassword(name, network: network) }
            return
        }
        activity = .commands
        switch verdict {
        case .right:
            guard let account else { return refuseLogin(delay: delay) }
            loggedIn(account, network: network)
            resume()
        case .wrong:
            noteWrongPassword(name, network: network)
            refuseLogin(delay: delay)
            if case .commands = activity { resume() }
        case .overloaded:
            perform(session.authenticationFinished(.unavailable))
            resume()
        }
    }

    private func loggedIn(_ account: Account, network: NetworkRange) {
        service.throttle.succeeded(network: network, account: account.name, at: .now)
        provenHash = account.passwordHash
        wasLoggedIn = true
        perform(session.authenticationFinished(.accepted(account.name)))
    }

    private func noteWrongPassword(_ name: AccountName?, network: NetworkRange) {
        service.throttle.failed(network: network, account: name, at: .now)
        tellOfRefusedLogin(name, reason: "wrong user name or password")
    }

    private func tellOfRefusedLogin(_ name: AccountName?, reason: String) {
        var event = RelayEvent(.loginRefused, at: service.clock(), account: name)
        event.client = clientHost
        event.reply = reason
        service.events.emit(event)
    }

    private func refuseLogin(delay: Duration) {
        guard delay > .zero else { return perform(session.authenticationFinished(.refused)) }
        activity = .delayingRefusal
        channel?.deadline = .now + delay
    }
}
