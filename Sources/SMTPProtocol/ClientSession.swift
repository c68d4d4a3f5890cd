public import MailModel

/// The client's side of one connection to the upstream: greeting, EHLO, STARTTLS, EHLO, AUTH, then one transaction after another.
///
/// One command at a time: SES offers no PIPELINING, and a reply that comes unasked is a fault. The session starts in phase `greeting`,
/// once the connection stands (and, with implicit TLS, once the handshake is done).
public struct ClientSession: Sendable {
    enum State: Hashable, Sendable {
        case greeting
        case ehlo
        case startTLS
        case tlsHandshake
        case auth(AuthStep)
        case ready
        case mail
        case rcpt(Int)
        case data
        case content
        case finalDot
        /// Results that wait for the reply to RSET.
        case resetting([RecipientResult])
        case quitting
        case closed
    }

    enum AuthStep: Hashable, Sendable { case plain, loginName, loginUsername, loginPassword }

    public let configuration: Configuration
    /// What the last EHLO offered; after STARTTLS nothing that was said before it counts (RFC 3207 §4.2).
    public private(set) var capabilities: ServerCapabilities?
    /// How many transactions came to an end on this connection. Above zero, a 421 or 451 to the next MAIL means a stale connection.
    public private(set) var finishedTransactions = 0

    var state = State.greeting
    var isEncrypted: Bool
    var transaction: ClientSession.Transaction?
    /// Replies to RCPT so far, in the order of the recipients.
    var recipientReplies: [Reply] = []

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        isEncrypted = configuration.security == .implicitTLS
    }

    /// Whether `begin(_:)` may be called.
    public var isReusable: Bool { state == .ready }

    public var phase: Phase {
        switch state {
        case .greeting: .greeting
        case .ehlo: .ehlo
        case .startTLS: .startTLS
        case .tlsHandshake: .tlsHandshake
        case .auth: .auth
        case .ready: .idle
        case .mail: .mail
        case .rcpt: .rcpt
        case .data: .data
        case .content: .content
        case .finalDot: .finalDot
        case .resetting: .rset
        case .quitting, .closed: .quit
        }
    }

    // MARK: Events

    /// - Parameter followedByInput: more octets were there behind this reply. Nothing is ever owed to us then: they would be taken for
    ///   the answer to the next command.
    public mutating func receive(_ reply: Reply, followedByInput: Bool) -> Action {
        let action = take(reply)
        guard followedByInput else { return action }
        switch action {
        case .send, .sendSecret, .startTLS, .sendContent, .ready:
            return breakOff(.unsolicitedInput)
        case .transactionFinished:
            state = .closed
            return action
        case .failed, .close: return action
        }
    }

    /// The stream is not SMTP.
    public mutating func receive(_ fault: ReplyDecoder.Fault) -> Action { breakOff(.malformedReply(fault)) }

    /// The handshake is done and the certificate was checked.
    public mutating func tlsEstablished() -> Action {
        guard state == .tlsHandshake else { return breakOff(.notReady) }
        isEncrypted = true
        capabilities = nil
        return sendEHLO()
    }

    /// The connection is gone, or its deadline is: closed by the other side, reset, timed out, handshake refused.
    ///
    /// - Parameter why: in the words of the system or of OpenSSL.
    public mutating func connectionLost(_ why: String) -> Action {
        switch state {
        case .quitting, .closed:
            state = .closed
            return .close
        default: return breakOff(.connectionLost(why))
        }
    }

    /// Only while `isReusable`.
    public mutating func begin(_ transaction: Transaction) -> Action {
        func unsent(_ reason: ClientFailure.Reason) -> Action {
            .transactionFinished(
                transaction.recipients.map {
                    RecipientResult(recipient: $0, outcome: .failed(ClientFailure(phase: .mail, reason: reason)))
                })
        }
        guard state == .ready else { return unsent(.notReady) }
        guard !transaction.recipients.isEmpty else { return .transactionFinished([]) }
        if let limit = capabilities?.maximumMessageSize, transaction.size > limit { return unsent(.messageTooLarge(limit: limit)) }
        let needsEightBit = transaction.hasEightBitOctets
        if needsEightBit, capabilities?.offersEightBitMIME != true { return unsent(.eightBitNotOffered) }
        self.transaction = transaction
        recipientReplies = []
        state = .mail
        var line = Array("MAIL FROM:<".utf8) + transaction.reversePath.wireOctets + [ASCII.greater]
        if capabilities?.offersSize == true { line += " SIZE=\(transaction.size)".utf8 }
        if needsEightBit { line += " BODY=8BITMIME".utf8 }
        return .send(line + ASCII.crlf)
    }

    /// The octets that hold the final dot are about to be written: from now on a lost connection leaves the outcome in doubt.
    public mutating func finalDotLeaves() {
        if state == .content { state = .finalDot }
    }

    /// Says goodbye between transactions; otherwise there is nothing to say, and the connection closes.
    public mutating func quit() -> Action {
        guard state == .ready else {
            state = .closed
            return .close
        }
        state = .quitting
        return send("QUIT")
    }

    // MARK: Shared by the extensions

    mutating func sendEHLO() -> Action {
        state = .ehlo
        // Settings check the name; here it is only made sure that it stays one line.
        return send("EHLO \(PrintableText.sanitized(configuration.hostname.utf8, limit: 255))")
    }

    mutating func learn(_ reply: Reply) -> ServerCapabilities {
        let offered = ServerCapabilities(reply)
        capabilities = offered
        return offered
    }

    func send(_ line: String) -> Action { .send(Array(line.utf8) + ASCII.crlf) }

    /// Ends the connection here and now; who still waits for an outcome gets this one.
    mutating func breakOff(_ reason: ClientFailure.Reason) -> Action {
        let failure = ClientFailure(phase: phase, reason: reason)
        let wasResetting = state
        state = .closed
        if case .resetting(let results) = wasResetting { return finish(results) }
        guard transaction != nil else { return .failed(failure) }
        return finish(results(.failed(failure)))
    }

    mutating func finish(_ results: [RecipientResult]) -> Action {
        transaction = nil
        recipientReplies = []
        finishedTransactions += 1
        return .transactionFinished(results)
    }
}
