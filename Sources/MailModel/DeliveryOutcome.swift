/// What one attempt at one recipient came to.
public enum DeliveryOutcome: Hashable, Sendable {
    /// 2yz to the final dot: SES is responsible now. It says nothing of the mailbox. `sesID` is the id of `250 Ok <id>`.
    case relayed(Reply, sesID: String?)
    /// Tried again by the message's retry schedule.
    case deferred(DeferralReason)
    /// 5yz: the sender must be told.
    case failed(Reply)
    /// The final dot went out and no answer came. Tried again, and logged apart: the recipient may see it twice.
    case inDoubt(String)
}

/// Why a message that is in order could not be relayed yet.
public enum DeferralReason: Hashable, Sendable {
    /// The upstream answered 4yz.
    case reply(Reply)
    /// A protocol error or a lost connection before the final dot; the text says where.
    case connection(String)
}

/// Trouble of the route or of the SES account, not of a message: no message's attempt is counted, nothing bounces.
public enum RouteTrouble: Hashable, Sendable {
    /// DNS, TCP, TLS or greeting; the text is what an operator reads, with the system's or OpenSSL's own reason.
    case unreachable(String)
    /// The login was refused (535, 530) or the credentials are missing.
    case loginRefused(String)
    /// "Sending paused", "Access denied", quota and other answers about the account; the reply word for word.
    case accountRefused(Reply)
    /// Rate throttled (454 Maximum sending rate exceeded).
    case throttled(Reply)
    /// The rolling 24-hour quota is used up.
    case quotaExceeded(Reply)
    /// 421 too many concurrent connections.
    case tooManyConnections(Reply)
}
