internal import MailModel

extension ServerSession {
    /// Whether the verb is out of order, asked before its arguments are read: an unproved client learns nothing from our parsers.
    func refusal(of verb: Verb) -> Reply? {
        switch verb {
        case .ehlo, .helo, .noop, .rset, .quit: return nil
        case .startTLS:
            guard case .startTLS(let isAvailable) = configuration.security else {
                return peer.isEncrypted ? .alreadyEncrypted : .notOffered
            }
            if peer.isEncrypted { return .alreadyEncrypted }
            return isAvailable ? nil : .tlsUnavailable
        default: break
        }
        if case .startTLS = configuration.security, !peer.isEncrypted { return .tlsNeeded }
        switch verb {
        case .auth:
            if peer.name == nil { return .helloNeeded }
            return peer.account == nil ? nil : .alreadyAuthenticated
        case .mail, .rcpt, .data:
            if peer.name == nil { return .helloNeeded }
        default: break
        }
        if peer.account == nil { return .authenticationNeeded }
        switch verb {
        case .mail: return transaction == nil ? nil : .nestedMail
        case .rcpt, .data: return transaction == nil ? .senderNeeded : nil
        default: return nil
        }
    }

    /// Carries out a command that is in order.
    mutating func run(_ command: Command, followedByInput: Bool) -> CommandResult {
        switch command {
        case .ehlo(let name):
            if followedByInput { return close(.protocolSynchronization) }
            return hello(name, extended: true)
        case .helo(let name): return hello(name, extended: false)
        case .startTLS:
            if followedByInput { return close(.protocolSynchronization) }  // CVE-2011-0411
            activity = .startingTLS
            return .startTLS(.readyForTLS)
        case .auth(let mechanism, let initialResponse):
            guard let known = SASLServer.Mechanism(rawValue: mechanism) else { return error(.unknownMechanism) }
            guard failedLogins < configuration.maximumFailedLogins else { return close(.tooManyLogins) }
            var exchange = SASLServer(known)
            return advance(exchange.begin(initialResponse: initialResponse), exchange, followedByInput)
        case .mail(let arguments):
            if let size = arguments.size, size > configuration.maximumMessageSize { return .reply(.messageTooLarge) }
            guard transactions < configuration.maximumTransactions else { return close(.tooManyTransactions) }
            activity = .decidingSender(arguments)
            return .mail(arguments)
        case .rcpt(let recipient):
            guard let transaction, transaction.recipients.count < configuration.maximumRecipients else {
                return .reply(.tooManyRecipients)
            }
            activity = .decidingRecipient
            return .recipient(recipient)
        case .data:
            if followedByInput { return close(.protocolSynchronization) }
            guard let transaction, !transaction.recipients.isEmpty else { return error(.recipientNeeded) }
            activity = .receivingData
            return .receiveData(.startMailInput, transaction)
        case .rset:
            transaction = nil
            return junk(.done)
        case .noop: return junk(.done)
        case .vrfy: return junk(.cannotVerify)
        case .help: return junk(.help)
        case .quit: return close(.closing)
        case .notOffered: return error(.notOffered)
        }
    }

    private mutating func hello(_ name: ClientName, extended: Bool) -> CommandResult {
        transaction = nil
        peer.name = name
        peer.saidEHLO = extended
        guard extended else { return junk(Reply(250, nil, configuration.hostname)) }
        var lines = [configuration.hostname, "PIPELINING", "SIZE \(configuration.maximumMessageSize)"]
        switch configuration.security {
        case .startTLS(available: true) where !peer.isEncrypted: lines.append("STARTTLS")
        case .startTLS, .implicitTLS:
            if peer.isEncrypted { lines.append("AUTH PLAIN LOGIN") }
        case .trusted: break
        }
        lines += ["8BITMIME", "ENHANCEDSTATUSCODES", "HELP"]
        return junk(Reply(250, nil, lines))
    }

    /// Commands that do nothing may not go on for ever.
    private mutating func junk(_ reply: Reply) -> CommandResult {
        junkCommands += 1
        return junkCommands > configuration.maximumJunkCommands ? close(.tooManyErrors) : .reply(reply)
    }
}
