public import ControlProtocol
internal import Cryptography
internal import Dispatcher
public import MailModel
internal import MailQueue
internal import MessageFormat
internal import Networking
internal import SafeIO
internal import Upstream

/// Submits one message to a running daemon through a port that apps use: TCP, TLS, login, and all.
public struct RoadTest: Sendable {
    public let login: TestLogin
    public let listener: TestLogin.Listener
    public let sender: Mailbox
    public let recipient: Mailbox
    /// The file that the listeners show.
    public let certificate: String
    /// What apps will trip over; empty if nothing.
    public private(set) var findings: [String] = []
    private var serverName: String

    /// How the message was taken, or why not.
    public enum Answer: Hashable, Sendable {
        case accepted(queueID: String)
        /// The relay's words.
        case refused(String)
        /// It did not come to that.
        case unreachable(String)
    }

    /// - Returns: `nil` if no listener asks for a login.
    public init?(_ login: TestLogin, certificate: String, from sender: Mailbox, to recipient: Mailbox) {
        guard let listener = login.listeners.first(where: { $0.tls == "implicit" }) ?? login.listeners.first else { return nil }
        self.login = login
        self.listener = listener
        self.sender = sender
        self.recipient = recipient
        self.certificate = certificate
        serverName = login.hostname
        look()
    }

    /// What can be told of the certificate before anybody connects.
    private mutating func look() {
        guard let octets = try? WholeFile.read(certificate), let shown = try? Certificate.chain(pem: octets).first else { return }
        if shown.isSelfIssued {
            findings.append("the certificate in \(certificate) is self-signed: an app takes it only if it is told to trust that file")
        }
        if !shown.names(host: login.hostname) {
            let names = shown.dnsNames + shown.ipAddresses
            findings.append(
                "the certificate in \(certificate) is for \(names.joined(separator: ", ")), and not for \(login.hostname): "
                    + "apps must connect by one of these names")
            serverName = Self.serverName(names) ?? serverName
        }
    }

    /// One that the certificate is for; a wildcard names no host, so any label stands in its place.
    static func serverName(_ names: [String]) -> String? {
        names.first { !$0.hasPrefix("*.") } ?? names.first.map { "relay" + $0.dropFirst() }
    }

    public func submit() async -> Answer {
        let tls: TLSContext
        do { tls = try TLSContext.client(trust: .certificate(path: certificate)) } catch { return .unreachable("\(error)") }
        var settings = UpstreamSettings(
            host: listener.host, port: listener.port, security: listener.tls == "implicit" ? .implicitTLS : .startTLS, tls: tls,
            username: Array(login.account.utf8), password: Secret(Array(login.password.utf8)), hostname: login.hostname, connections: 1,
            messagesPerConnection: 1, recipientsPerTransaction: 1)
        settings.serverName = serverName
        settings.patience.connect = .seconds(10)
        settings.patience.handshake = .seconds(10)
        settings.patience.reply = .seconds(30)
        settings.patience.finalDot = .seconds(60)
        guard let message else { return .unreachable("the clock of this host is wrong") }
        let pool = UpstreamPool(settings: settings, gate: OpenGate(), workers: WorkerPool(count: 1))
        let result = await pool.attempt(Delivery(message: message, recipients: [0]))
        await pool.close()
        return Self.answer(result)
    }

    private static func answer(_ result: AttemptResult) -> Answer {
        switch result {
        case .routeTrouble(let trouble, let relay): return .unreachable("\(relay): \(trouble.explanation)")
        case .identityRefused(let reply, _): return .refused(reply.oneLine)
        case .unreadable(let text): return .unreachable(text)
        case .outcomes(let outcomes, _):
            switch outcomes.first?.outcome {
            case .relayed(let reply, _)?:
                let text = reply.oneLine
                let marker = "queued as "
                return .accepted(queueID: text.firstRange(of: marker).map { String(text[$0.upperBound...]) } ?? text)
            case .failed(let reply)?, .deferred(.reply(let reply))?: return .refused(reply.oneLine)
            case .deferred(.connection(let text))?, .inDoubt(let text)?: return .unreachable(text)
            case nil: return .unreachable("no answer")
            }
        }
    }

    private var message: QueuedMessage? {
        let now = Timestamp(microseconds: SystemClock.microseconds())
        guard let id = QueueID(now.microseconds), let account = AccountName(login.account), let mark = try? SecureRandom.octets(count: 8)
        else { return nil }
        let name = mark.map { String($0, radix: 36) }.joined()
        let header = """
            From: \(sender)\r
            To: \(recipient)\r
            Subject: Test message from Fairlead on \(login.hostname)\r
            Date: \(String(decoding: MessageDate.format(now), as: UTF8.self))\r
            Message-ID: <fairlead-test.\(name)@\(login.hostname)>\r
            MIME-Version: 1.0\r
            Content-Type: text/plain; charset=us-ascii\r
            Auto-Submitted: auto-generated\r
            \r

            """
        let body = """
            This message was sent by `fairlead test` on \(login.hostname), as the account \(login.account).\r
            It came through the same port, queue and upstream as the mail of your apps.\r

            """
        return QueuedMessage(
            id: id, account: account, acceptedAt: now, reversePath: .mailbox(sender),
            recipients: [QueuedRecipient(index: 0, mailbox: recipient, nextAttempt: now)], header: Array(header.utf8),
            body: .inline(Array(body.utf8)), is8Bit: false)
    }
}
