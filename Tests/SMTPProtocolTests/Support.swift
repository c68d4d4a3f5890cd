import MailModel
import SMTPProtocol

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Deterministic random numbers (SplitMix64), so that a failing run can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// The smallest shell that can run a server session: one account `app` with password `secret`, everybody may send to everybody but to
/// recipients whose local part begins with `no`.
struct ServerShell {
    enum Event: Equatable { case line(String), message([UInt8]), startedTLS, closed }

    var session: ServerSession
    var lines = CommandLineDecoder()
    var data: DataDecoder?
    var message: [UInt8] = []
    var envelopes: [ServerSession.Transaction] = []
    var buffer: [UInt8] = []
    var events: [Event] = []
    var isClosed = false
    let limit: Int

    init(
        _ security: ServerSession.Configuration.Security = .startTLS(available: true), limit: Int = 1000, recipients: Int = 1000,
        isLocal: Bool = false
    ) {
        var configuration = ServerSession.Configuration(hostname: "relay.example.com", security: security, maximumMessageSize: limit)
        configuration.maximumRecipients = recipients
        configuration.isLocal = isLocal
        self.limit = limit
        session = ServerSession(configuration)
        apply(session.greeting(clientHasSpoken: false))
    }

    /// Over TLS, greeted and logged in; without their events.
    static func loggedIn(limit: Int = 1000, recipients: Int = 1000) -> ServerShell {
        var shell = ServerShell(.implicitTLS, limit: limit, recipients: recipients)
        shell.feed("EHLO app.example\r\n")
        shell.feed("AUTH PLAIN AGFwcABzZWNyZXQ=\r\n")
        shell.events = []
        return shell
    }

    /// The codes of all replies since the last call, `4.5.3` included where there is one, one for each line.
    mutating func answers(_ text: String) -> [String] {
        feed(text)
        let found = events.map { event in
            switch event {
            case .line(let line): line
            case .message: "message"
            case .startedTLS: "tls"
            case .closed: "closed"
            }
        }
        events = []
        return found
    }

    mutating func feed(_ text: String) { feed(octets(text)) }

    mutating func feed(_ input: [UInt8]) {
        buffer += input
        while !isClosed {
            let before = buffer
            if data != nil {
                guard !buffer.isEmpty else { return }
                readData()
            } else if !readLine(), before == buffer {
                return
            }
        }
    }

    private mutating func readData() {
        guard var decoder = data else { return }
        var collected = message
        let progress = buffer.withUnsafeBytes { input in decoder.decode(input) { collected += $0 } }
        message = collected
        data = decoder
        switch progress {
        case .needsMoreInput: buffer = []
        case .aborted: apply(session.messageAborted())
        case .finished(let consumed):
            buffer.removeFirst(consumed)
            data = nil
            if let defect = decoder.defect {
                apply(session.messageFinished(Reply(defect)))
            } else if message.isEmpty {
                apply(session.messageFinished(.emptyMessage))
            } else {
                events.append(.message(message))
                apply(session.messageFinished(.done))
            }
            message = []
        }
    }

    private mutating func readLine() -> Bool {
        let limit = session.maximumLineOctets
        switch buffer.withUnsafeBytes({ lines.next(in: $0, limit: limit) }) {
        case .needsMoreInput(let consumed):
            buffer.removeFirst(consumed)
            return false
        case .line(let range, let consumed):
            let line = Array(buffer[range])
            buffer.removeFirst(consumed)
            apply(session.command(line, followedByInput: !buffer.isEmpty))
        case .failure(let error, let consumed):
            buffer.removeFirst(consumed)
            apply(session.malformedLine(error))
        }
        return true
    }

    private mutating func apply(_ result: ServerSession.CommandResult) {
        switch result {
        case .reply(let reply): record(reply)
        case .replyAndClose(let reply):
            record(reply)
            events.append(.closed)
            isClosed = true
        case .startTLS(let reply):
            record(reply)
            events.append(.startedTLS)
            session.tlsEstablished()
            lines = CommandLineDecoder()
        case .verify(let credentials):
            if credentials.username == octets("app"), credentials.password.exposed == octets("secret"), let name = AccountName("app") {
                apply(session.authenticationFinished(.accepted(name)))
            } else {
                apply(session.authenticationFinished(credentials.username == octets("locked") ? .unavailable : .refused))
            }
        case .mail(let arguments):
            let isForbidden = arguments.sender.description.hasPrefix("no")
            apply(isForbidden ? session.mailRefused(Reply(550, StatusDetail(7, 1), "not you")) : session.mailAccepted())
        case .recipient(.mailbox(let mailbox)):
            let isForbidden = mailbox.localPart.octets.starts(with: octets("no"))
            apply(isForbidden ? session.recipientRefused(Reply(550, StatusDetail(1, 1), "nobody")) : session.recipientAccepted(mailbox))
        case .recipient(.local(let user)):
            guard let host = try? Domain(allowingSingleLabel: octets("localhost")) else { return }
            apply(session.recipientAccepted(Mailbox(localPart: user, domain: host)))
        case .recipient(.postmaster):
            guard let contact = try? Mailbox(parsing: octets("ops@example.com")) else { return }
            apply(session.recipientAccepted(contact))
        case .receiveData(let reply, let transaction):
            record(reply)
            envelopes.append(transaction)
            data = DataDecoder(limit: limit)
        }
    }

    private mutating func record(_ reply: Reply) {
        events.append(.line(reply.enhancedStatus.map { "\(reply.code) \($0)" } ?? "\(reply.code)"))
    }
}
