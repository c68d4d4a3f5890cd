internal import MailModel

/// One connection's dialogue as a value: command in, what to do out. It knows no socket, no clock and no message.
struct SandboxSession {
    enum Step: Hashable {
        case reply(Reply)
        case startTLS(Reply)
        /// Send 354; what follows is the message.
        case receive(Reply)
        case close(Reply)

        var reply: Reply {
            switch self {
            case .reply(let reply), .startTLS(let reply), .receive(let reply), .close(let reply): reply
            }
        }
    }

    /// From MAIL to the final dot.
    struct Transaction: Hashable {
        let sender: HeaderAddress
        var recipients: [HeaderAddress] = []
    }

    /// `nil` in clear text.
    private(set) var tlsVersion: String?
    private(set) var user: String?
    private(set) var transaction: Transaction?
    private(set) var messageCount = 0
    /// Since the last message.
    private var findings: Set<SandboxFinding> = []
    private var hasGreeted = false
    private var exchange: AuthExchange?

    private enum AuthExchange { case plain, loginUser, loginPassword(user: [UInt8]) }

    /// Only to bound memory; what SES says to more than 50 comes after the final dot.
    private static let keptRecipients = 1000

    /// Whether the next line is part of an AUTH exchange, not a command.
    var awaitsCredentials: Bool { exchange != nil }

    mutating func note(_ finding: SandboxFinding) { findings.insert(finding) }

    /// The handshake is done: everything learnt in clear text is forgotten (RFC 3207 §4.2).
    mutating func startedTLS(version: String) {
        self = SandboxSession()
        tlsVersion = version
    }

    /// Ends the transaction at the final dot and counts it.
    mutating func endTransaction() -> (transaction: Transaction?, findings: Set<SandboxFinding>) {
        defer {
            transaction = nil
            findings = []
            messageCount += 1
        }
        return (transaction, findings)
    }

    mutating func take(_ command: SandboxCommand, under rules: SandboxRules) -> Step {
        switch command.verb {
        case nil: return .reply(command.isTooShort ? .badSyntax : .notImplemented)
        case .helo, .ehlo: return greet(command, rules)
        case .noop: return .reply(.ok)
        case .quit: return .close(.bye)
        case .starttls:
            guard command.argument.isEmpty else { return .reply(.noParametersAllowed) }
            return tlsVersion == nil ? .startTLS(.readyForTLS) : .reply(.tlsAlreadyActive)
        default: break
        }
        guard tlsVersion != nil else { return .reply(.startTLSFirst) }
        switch command.verb {
        case .auth: return authenticate(command, rules)
        case .rset:
            transaction = nil
            return .reply(.ok)
        default: break
        }
        guard user != nil else { return .reply(.authenticationRequired) }
        switch command.verb {
        case .mail: return mail(command, rules)
        case .rcpt: return .reply(recipient(command))
        case .data:
            guard let transaction else { return .reply(.needMail) }
            return transaction.recipients.isEmpty ? .reply(.needRecipient) : .receive(.startData)
        case .vrfy: return .reply(.isDisabled("VRFY"))
        default: return .reply(.isDisabled("EXPN"))
        }
    }

    private mutating func greet(_ command: SandboxCommand, _ rules: SandboxRules) -> Step {
        let isExtended = command.verb == .ehlo
        guard !command.argument.isEmpty else { return .reply(isExtended ? .ehloSyntax : .heloSyntax) }
        hasGreeted = true
        transaction = nil
        guard isExtended else { return .reply(.helo) }
        let announcesTLS = tlsVersion == nil || rules.repeatsSTARTTLS
        return .reply(Reply(250, nil, [Reply.hostname, "8BITMIME"] + (announcesTLS ? ["STARTTLS"] : []) + ["AUTH PLAIN LOGIN", "Ok"]))
    }

    private mutating func mail(_ command: SandboxCommand, _ rules: SandboxRules) -> Step {
        guard messageCount < rules.maximumMessagesPerConnection else { return .close(.tooManyMessages) }
        guard transaction == nil else { return .reply(.senderAlreadyGiven) }
        guard let path = command.path(after: "FROM:") else { return .reply(.mailSyntax) }
        let address = path.address
        guard address.contains(ASCII.at), !address[...].containsEightBit else { return .reply(.invalidSender) }
        guard let sender = try? HeaderAddress(checking: address[...], in: address[...]) else { return .reply(.malformedSender(address)) }
        if !hasGreeted { note(.missingEHLO) }
        if path.parameters.contains(where: { $0 != "BODY=8BITMIME" && $0 != "BODY=7BIT" }) { note(.unannouncedParameter) }
        transaction = Transaction(sender: sender)
        return .reply(.ok)
    }

    private mutating func recipient(_ command: SandboxCommand) -> Reply {
        guard let count = transaction?.recipients.count else { return .needMail }
        guard let path = command.path(after: "TO:") else { return .rcptSyntax }
        let address = path.address
        guard !address[...].containsEightBit else { return .invalidRecipient }
        guard count < Self.keptRecipients else { return Reply(452, nil, "Error: too many recipients") }
        do {
            transaction?.recipients.append(try HeaderAddress(checking: address[...], in: address[...]))
        } catch {
            return address.first == ASCII.quote ? .invalidRecipient : .malformedRecipient(address)
        }
        if !path.parameters.isEmpty { note(.unannouncedParameter) }
        return .ok
    }
}

extension SandboxSession {
    private mutating func authenticate(_ command: SandboxCommand, _ rules: SandboxRules) -> Step {
        guard user == nil else { return .reply(.anotherAUTH) }
        if !hasGreeted { note(.missingEHLO) }
        let words = command.argument.split(separator: ASCII.space)
        guard let mechanism = words.first else { return .reply(.authSyntax) }
        let initial = words.dropFirst().first
        if mechanism.equalsIgnoringCase("PLAIN") {
            exchange = .plain
            return .reply(initial.map { takeCredentials($0, under: rules) } ?? .plainPrompt)
        } else if mechanism.equalsIgnoringCase("LOGIN") {
            exchange = .loginUser
            return .reply(initial.map { takeCredentials($0, under: rules) } ?? .usernamePrompt)
        }
        return .reply(.unknownMechanism)
    }

    /// The client's line inside an AUTH exchange, without CRLF.
    mutating func takeCredentials(_ line: ArraySlice<UInt8>, under rules: SandboxRules) -> Reply {
        guard let current = exchange else { return .badSyntax }
        exchange = nil
        if line.elementsEqual("*".utf8) { return .authenticationCanceled }
        // An empty initial response is written `=` (RFC 4954 §4).
        let encoded = line.elementsEqual("=".utf8) ? [] : line
        guard let octets = Base64.decode(encoded) else { return .notBase64 }
        switch current {
        case .plain:
            let parts = octets.split(separator: ASCII.nul, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return .notPlain }
            return logIn(user: Array(parts[1]), password: Array(parts[2]), rules)
        case .loginUser:
            exchange = .loginPassword(user: octets)
            return .passwordPrompt
        case .loginPassword(let user): return logIn(user: user, password: octets, rules)
        }
    }

    private mutating func logIn(user: [UInt8], password: [UInt8], _ rules: SandboxRules) -> Reply {
        if rules.account == .authenticationUnavailable { return .authenticationUnavailable }
        let name = String(decoding: user, as: UTF8.self)
        guard let expected = rules.credentials[name], expected.exposed == password else { return .credentialsInvalid }
        if rules.account == .notSubscribed { return .notSubscribed }
        self.user = name
        return .authenticated
    }
}
