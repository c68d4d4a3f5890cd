public import MailModel

/// The server's side of one submission connection (RFC 5321, 6409): which command is allowed when, and what it is answered.
///
/// The shell reads lines with a `CommandLineDecoder`, feeds them to `command(_:followedByInput:)`, carries out the result, and calls
/// the method that the result names. Between `verify`, `mail`, `recipient` or `receiveData` and that call, no line is fed.
public struct ServerSession: Sendable {
    public let configuration: Configuration

    /// What lives as long as the connection, or until STARTTLS makes a new one of it (RFC 3207 §4.2).
    struct Peer: Hashable, Sendable {
        var name: ClientName?
        var saidEHLO = false
        var isEncrypted = false
        var account: AccountName?
    }

    enum Activity: Hashable, Sendable {
        case awaitingGreeting
        case awaitingCommand
        case startingTLS
        case authenticating(SASLServer)
        case awaitingVerdict
        case decidingSender(MailArguments)
        case decidingRecipient
        case receivingData
        case closed
    }

    var peer: Peer
    var transaction: Transaction?
    var activity = Activity.awaitingGreeting
    var errors = 0
    var junkCommands = 0
    var failedLogins = 0
    var transactions = 0

    /// How many recipients the transaction under way has.
    public var recipientCount: Int { transaction?.recipients.count ?? 0 }

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        peer = Peer()
        switch configuration.security {
        case .startTLS: break
        case .implicitTLS: peer.isEncrypted = true
        case .trusted(let account): peer.account = account
        }
    }

    // MARK: What others may ask

    /// Who the client has proved to be, or is taken for.
    public var account: AccountName? { peer.account }
    public var clientName: ClientName? { peer.name }
    public var isEncrypted: Bool { peer.isEncrypted }

    /// The limit for the next line, for `CommandLineDecoder`: longer while a login is going on (RFC 4954 §4).
    public var maximumLineOctets: Int {
        if case .authenticating = activity { return CommandLineDecoder.authenticationLimit }
        return CommandLineDecoder.commandLimit
    }

    /// The word behind `with` in the Received field (RFC 3848).
    public var receivedProtocol: String {
        guard peer.saidEHLO else { return "SMTP" }
        var isTrusted = false
        if case .trusted = configuration.security { isTrusted = true }
        return "ESMTP" + (peer.isEncrypted ? "S" : "") + (peer.account != nil && !isTrusted ? "A" : "")
    }

    // MARK: Events

    /// - Parameter clientHasSpoken: octets came in before ours went out, which no SMTP client does.
    public mutating func greeting(clientHasSpoken: Bool) -> CommandResult {
        guard activity == .awaitingGreeting else { return close(.internalError) }
        if clientHasSpoken { return close(.protocolSynchronization) }
        activity = .awaitingCommand
        return .reply(Reply(220, nil, "\(configuration.hostname) ESMTP"))
    }

    /// - Parameters:
    ///   - line: without its CRLF.
    ///   - followedByInput: more octets were already there behind this line. After a command whose reply the client must wait for
    ///     (RFC 2920 §3.1), they were written by somebody who does not speak for the client, and the connection closes.
    public mutating func command(_ line: [UInt8], followedByInput: Bool) -> CommandResult {
        switch activity {
        case .authenticating(var exchange): return advance(exchange.respond(line), exchange, followedByInput)
        case .awaitingCommand: break
        default: return close(.internalError)
        }
        do throws(CommandError) {
            let line = try CommandLine(parsing: line)
            if line.verb == .bdat { return close(.chunkingNotOffered) }
            if let refusal = refusal(of: line.verb) {
                // The client may have sent the answer to a challenge, or a message, that must not be run as commands.
                let mustWait = line.verb == .data || line.verb == .startTLS
                return followedByInput && mustWait ? close(.protocolSynchronization) : error(refusal)
            }
            return run(try Command(line, isLocal: configuration.isLocal), followedByInput: followedByInput)
        } catch {
            if error == .foreignProtocol { return close(.foreignProtocol) }
            if case .malformedAddress(.rcpt, _) = error { return .reply(Reply(error)) }  // bad data in a list is not a bad client
            return self.error(Reply(error))
        }
    }

    /// A line that the decoder refused.
    public mutating func malformedLine(_ fault: CommandLineError) -> CommandResult {
        let isAuthenticating: Bool
        switch activity {
        case .authenticating: isAuthenticating = true
        case .awaitingCommand: isAuthenticating = false
        default: return close(.internalError)
        }
        activity = .awaitingCommand
        switch fault {
        case .bareLineFeed: return close(.bareLineFeed)
        case .bareCarriageReturn: return error(.bareCarriageReturn)
        case .tooLong: return error(isAuthenticating ? .authenticationLineTooLong : .lineTooLong)
        }
    }

    /// The handshake is done: all that the client said in clear is forgotten, and EHLO comes anew. A handshake that fails ends the
    /// connection without a word.
    public mutating func tlsEstablished() {
        guard activity == .startingTLS else {
            activity = .closed
            return
        }
        peer = Peer(isEncrypted: true)
        transaction = nil
        activity = .awaitingCommand
    }

    /// The account was suspended or removed: from the next command on, the client is a stranger. A message that is being received
    /// right now is the shell's to refuse.
    public mutating func revokeAuthentication() {
        peer.account = nil
        transaction = nil
        if case .decidingSender = activity { activity = .awaitingCommand }
        if activity == .decidingRecipient { activity = .awaitingCommand }
    }

    // MARK: Shared by the extensions

    /// A reply to a broken rule; the one past the limit closes.
    mutating func error(_ reply: Reply) -> CommandResult {
        errors += 1
        return errors > configuration.maximumErrors ? close(.tooManyErrors) : .reply(reply)
    }

    mutating func close(_ reply: Reply) -> CommandResult {
        activity = .closed
        transaction = nil
        return .replyAndClose(reply)
    }

    /// A reply that somebody else chose: 421 always closes (RFC 5321 §3.8).
    mutating func pass(_ reply: Reply) -> CommandResult {
        reply.code == 421 ? close(reply) : .reply(reply)
    }
}
