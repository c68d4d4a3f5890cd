internal import Cryptography
internal import MailModel
internal import Networking
internal import SafeIO

/// One client: the session machine over a channel, on the channel's worker.
actor SandboxConnection {
    /// What a connection is given by its server.
    struct Environment: Sendable {
        let account: SandboxAccount
        let store: SandboxStore
        let tls: TLSContext
        let now: WallClock
        let onTransaction: @Sendable (SandboxTransaction) -> Void
        let onTrouble: @Sendable (SystemCallError) -> Void
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }

    private let worker: Worker
    let environment: Environment
    let client: String
    var account: SandboxAccount { environment.account }

    private(set) var channel: Channel?
    var session = SandboxSession()
    private var receiver: MessageReceiver?
    private var hasGreeted = false
    /// What a fault holds back, and what will then happen in its place: input waits.
    var delayed: (moment: Moment, action: SandboxFault.Action?)?
    private(set) var isClosing = false
    private var hasRoom = true

    /// SubEthaSMTP's limit of a command line, CRLF apart.
    private static let maximumLine = 1000

    init(_ environment: Environment, worker: Worker, client: String) {
        self.environment = environment
        self.worker = worker
        self.client = client
    }

    /// - Parameter onClosed: called once, when the socket is closed.
    func start(_ socket: ConnectedSocket, tls: SandboxListener.TLS, onClosed: @escaping @Sendable () -> Void) {
        hasRoom = account.openConnection()
        let channel: Channel
        do throws(SystemCallError) { channel = try Channel(socket, worker: worker) } catch {
            account.closeConnection()
            return onClosed()
        }
        self.channel = channel
        // Holds the connection for as long as the channel is open.
        channel.onEvent = { event in
            self.handle(event)
            if case .closed = event { onClosed() }
        }
        restartIdleTimer()
        if tls == .implicit { beginTLS() } else { greet() }
    }

    func stop() { close() }

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input:
            restartIdleTimer()
            process()
        case .secured(let info):
            session.startedTLS(version: info.protocolVersion)
            restartIdleTimer()
            if !hasGreeted { greet() }
        case .deadline: idle()
        case .drained: break
        case .closed:
            account.closeConnection()
            isClosing = true
            receiver = nil
            channel = nil
        }
    }

    func restartIdleTimer() { if delayed == nil { channel?.deadline = .now + account.rules.idleTimeout } }

    private func idle() {
        guard delayed == nil else { return }
        if receiver != nil { record(refused(.data, .idleTimeout)) }
        receiver = nil  // before the reply leaves: whoever reads it finds no half message
        close(.idleTimeout)
    }

    // MARK: Dialogue

    private func greet() {
        hasGreeted = true
        guard hasRoom else { return close(.tooManyConnections) }
        reach(.greeting, sender: nil, recipients: [])
    }

    /// Takes what there is, command by command, until a delay, the end or the need for more input.
    func process() {
        while !isClosing, delayed == nil, hasGreeted {
            if receiver != nil {
                guard receive() else { return }
            } else {
                guard let line = nextLine() else { return }
                if channel?.inputCount ?? 0 > 0 { session.note(.pipelined) }
                take(line)
            }
        }
    }

    /// - Returns: the next line without CRLF, or `nil` if it is not complete or was refused.
    private func nextLine() -> ArraySlice<UInt8>? {
        guard let channel else { return nil }
        let input = channel.withInput { Array($0.prefix(Self.maximumLine + 2)) }[...]
        guard let feed = input.firstOffset(of: ASCII.lineFeed, from: 0) else {
            if input.count >= Self.maximumLine + 2 { close(.lineTooLong) }
            return nil
        }
        channel.consume(feed + 1)
        let line = input[..<feed]
        // The first CR must be the one right before the LF.
        guard line.firstOffset(of: ASCII.carriageReturn, from: 0) == feed - 1 else {
            close(.unpairedLineEnd(at: feed))
            return nil
        }
        return line.dropLast()
    }

    private func take(_ line: ArraySlice<UInt8>) {
        let rules = account.rules
        if session.awaitsCredentials { return answer(session.takeCredentials(line, under: rules), at: .auth) }
        let command = SandboxCommand(line)
        guard let phase = command.verb?.phase else { return perform(command) }
        var sender = session.transaction.map { $0.sender.text }
        var recipients = session.transaction.map { $0.recipients.map(\.text) } ?? []
        switch phase {
        case .mail: sender = command.path(after: "FROM:")?.address
        case .rcpt: recipients = command.path(after: "TO:").map { [$0.address] } ?? []
        default: break
        }
        reach(.command(command, phase), sender: sender, recipients: recipients)
    }

    func perform(_ command: SandboxCommand) {
        let rules = account.rules
        let step = session.take(command, under: rules)
        switch step {
        case .reply(let reply): answer(reply, at: command.verb?.phase)
        case .close(let reply):
            if let phase = command.verb?.phase { record(refused(phase, reply)) }
            close(reply)
        case .receive(let reply):
            receiver = MessageReceiver(under: rules, store: environment.store)
            send(reply)
        case .startTLS(let reply):
            send(reply)
            beginTLS()
        }
    }

    private func beginTLS() {
        do throws(Channel.StartTLSError) { try channel?.startTLS(server: environment.tls) } catch { abort() }
    }

    // MARK: Message

    /// - Returns: false if more input is needed.
    private func receive() -> Bool {
        guard let channel, channel.inputCount > 0 else { return false }
        let input = channel.withInput { Array($0) }
        let end = receiver?.take(input)
        channel.consume(end ?? input.count)
        guard end != nil, var receiver else { return false }
        self.receiver = nil
        if channel.inputCount > 0 { session.note(.pipelined) }
        let ended = session.endTransaction()
        guard let transaction = ended.transaction else { return true }
        var message = receiver.finish()
        message.findings.formUnion(ended.findings)
        let arrival = Arrival(transaction: transaction, message: message, file: receiver.file, storageFailure: receiver.storageFailure)
        reach(.arrival(arrival), sender: transaction.sender.text, recipients: transaction.recipients.map(\.text))
        return true
    }

    // MARK: Replies

    /// Sends a reply, and writes it down if it refuses something.
    private func answer(_ reply: Reply, at phase: SandboxTransaction.Phase?) {
        if let phase, reply.isTransient || reply.isPermanent { record(refused(phase, reply)) }
        send(reply)
    }

    func send(_ reply: Reply) {
        guard !isClosing else { return }
        channel?.send(reply.wireOctets)
    }

    /// Ends the connection with these last words.
    func close(_ reply: Reply) {
        send(reply)
        close()
    }

    func close() {
        isClosing = true
        receiver = nil
        channel?.close()
    }

    private func abort() {
        isClosing = true
        channel?.abort()
    }
}
