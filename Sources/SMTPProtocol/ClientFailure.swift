public import MailModel

/// Why an attempt got no answer, or a connection never came to its first message. What follows from it is the caller's policy.
public struct ClientFailure: Error, Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
        /// The server said no to the greeting, EHLO, STARTTLS, AUTH or RSET.
        case refused(Reply)
        /// A reply that the rules do not allow here, such as 250 to DATA.
        case protocolError(Reply)
        case malformedReply(ReplyDecoder.Fault)
        /// The server spoke before it was asked, or went on behind the reply; behind `220` to STARTTLS that is an attack (X03).
        case unsolicitedInput
        case startTLSNotOffered
        /// Neither PLAIN nor LOGIN.
        case loginNotOffered
        /// Closed, reset, timed out or a TLS failure, in the words of whoever noticed.
        case connectionLost(String)
        /// Nothing was sent: the server's SIZE is smaller than the message.
        case messageTooLarge(limit: Int)
        /// Nothing was sent: the message is 8-bit, and the server does not offer 8BITMIME.
        case eightBitNotOffered
        /// Nothing was sent: the session was not between transactions. A fault of the caller.
        case notReady
    }

    public let phase: Phase
    public let reason: Reason

    public init(phase: Phase, reason: Reason) {
        self.phase = phase
        self.reason = reason
    }
}

/// What one attempt at one recipient came to, as the wire showed it.
public struct RecipientResult: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        /// The server's decision, and the command it answered. Relayed is only a 2yz in phase `finalDot`.
        case answered(Phase, Reply)
        /// No decision. In phase `finalDot` the outcome is in doubt: the server may have taken the message.
        case failed(ClientFailure)
    }

    public let recipient: Mailbox
    public let outcome: Outcome

    public init(recipient: Mailbox, outcome: Outcome) {
        self.recipient = recipient
        self.outcome = outcome
    }

    /// The server is responsible for this recipient now.
    public var isRelayed: Bool {
        if case .answered(.finalDot, let reply) = outcome { return reply.isPositive }
        return false
    }

    /// The final dot left, and no valid answer came.
    public var isInDoubt: Bool {
        if case .failed(let failure) = outcome { return failure.phase == .finalDot }
        return false
    }
}
