public import MailModel

/// What the shell found out, handed back.
extension ServerSession {
    public mutating func authenticationFinished(_ verdict: LoginVerdict) -> CommandResult {
        guard activity == .awaitingVerdict else { return close(.internalError) }
        activity = .awaitingCommand
        switch verdict {
        case .accepted(let account):
            peer.account = account
            return .reply(.authenticated)
        case .refused: return loginFailed(.loginRefused)
        case .unavailable: return .reply(.loginUnavailable)
        }
    }

    public mutating func mailAccepted() -> CommandResult {
        guard case .decidingSender(let arguments) = activity else { return afterRevocation() }
        activity = .awaitingCommand
        transaction = Transaction(arguments)
        transactions += 1
        return .reply(.senderAccepted)
    }

    public mutating func mailRefused(_ reply: Reply) -> CommandResult {
        guard case .decidingSender = activity else { return afterRevocation() }
        activity = .awaitingCommand
        return pass(reply)
    }

    /// - Parameter mailbox: where the mail shall go: what the client named, or what `<Postmaster>` stands for.
    public mutating func recipientAccepted(_ mailbox: Mailbox) -> CommandResult {
        guard activity == .decidingRecipient else { return afterRevocation() }
        activity = .awaitingCommand
        transaction?.add(mailbox)
        return .reply(.recipientAccepted)
    }

    public mutating func recipientRefused(_ reply: Reply) -> CommandResult {
        guard activity == .decidingRecipient else { return afterRevocation() }
        activity = .awaitingCommand
        return pass(reply)
    }

    /// The end of data was read and the message's fate is settled. Whatever the reply, the envelope is gone.
    ///
    /// - Parameter reply: a 2yz only once message and envelope are durable.
    public mutating func messageFinished(_ reply: Reply) -> CommandResult {
        guard activity == .receivingData else { return close(.internalError) }
        activity = .awaitingCommand
        transaction = nil
        if reply.isPositive {
            errors = 0
            junkCommands = 0
        }
        return pass(reply)
    }

    /// The decoder gave up on a message of twice the limit, in the middle of it.
    public mutating func messageAborted() -> CommandResult { close(.messageTooLarge) }

    mutating func advance(_ step: SASLServer.Step, _ exchange: SASLServer, _ followedByInput: Bool) -> CommandResult {
        switch step {
        case .challenge(let text):
            if followedByInput { return close(.protocolSynchronization) }
            activity = .authenticating(exchange)
            return .reply(.challenge(text))
        case .credentials(let credentials):
            activity = .awaitingVerdict
            return .verify(credentials)
        case .failed(let failure):
            activity = .awaitingCommand
            switch failure {
            case .cancelled: return error(.loginCancelled)
            case .malformedBase64: return error(.malformedBase64)
            case .rejected: return loginFailed(.loginRefused)
            }
        }
    }

    private mutating func loginFailed(_ reply: Reply) -> CommandResult {
        failedLogins += 1
        return error(reply)
    }

    /// A decision that arrives after `revokeAuthentication()` is void.
    private mutating func afterRevocation() -> CommandResult {
        activity == .awaitingCommand && peer.account == nil ? error(.authenticationNeeded) : close(.internalError)
    }
}
