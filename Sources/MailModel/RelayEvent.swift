/// Something that happened to a message, a login or the route: what `tail` shows, `trace` keeps and the log says.
///
/// One flat shape for all, so that each writer (log line, JSON, history row) stays a list of fields. Fields that do not apply are nil.
/// Every string in it is printable ASCII or was made so; a body, a password or a header field other than From and Message-ID never
/// enters.
public struct RelayEvent: Hashable, Sendable {
    /// The word that users see, in `tail`, in `trace` and in JSON. Add, never rename.
    public enum Name: String, Hashable, Sendable, CaseIterable {
        /// Durable, and the client has its 250 (or is about to get it).
        case accepted
        /// From, Reply-To or the reverse-path were changed so that the mail aligns.
        case rewritten
        /// SES took responsibility. Not "delivered": only SES can say that.
        case relayed
        case deferred
        case failed
        case expired
        /// The final dot went out and no reply came: a possible duplicate.
        case inDoubt = "in_doubt"
        /// Refused in the dialogue: nothing was kept.
        case refused
        /// An operator threw it away.
        case removed
        /// The sender was told that the message is late; `reply` says what it waits for.
        case delayed
        /// A delivery report was queued for whoever must know; `reply` names it and where it goes.
        case reported
        /// Nobody could be told that the message failed: it stays in the queue for an operator to see.
        case deadLettered = "dead_letter"
        /// Kept back, and let go again: by an operator, or by a rule that `reply` names.
        case held
        case released
        /// Damaged, or suspected of ending the daemon: set aside, never sent unless an operator releases it.
        case quarantined
        /// A recipient was put on the suppression list.
        case suppressed
        /// Something needs a person, and the same over again. `relay` is the alarm's kind, `reply` cause and cure.
        case alarm
        case alarmCleared = "alarm_cleared"
        case loginRefused = "login_refused"
        case routePaused = "route_paused"
        case routeResumed = "route_resumed"
    }

    public var name: Name
    public var time: Timestamp
    public var queueID: QueueID?
    public var account: AccountName?
    /// The client's IP address, without the port.
    public var client: String?
    /// The reverse-path as the client gave it; empty for `<>`.
    public var sender: String?
    /// The author's address before and after rewriting.
    public var fromBefore: String?
    public var fromAfter: String?
    /// How signature and reverse-path align with From as it leaves: `dkim=strict, spf=relaxed`.
    public var alignment: String?
    /// With angle brackets, as it stands in the header.
    public var messageID: String?
    /// All recipients of an acceptance; the one recipient of an outcome.
    public var recipients: [Mailbox]
    /// Octets of the message as it will be sent.
    public var messageSize: Int?
    /// `email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587`
    public var relay: String?
    /// Since acceptance.
    public var delay: Duration?
    /// `2.0.0`
    public var dsn: String?
    /// The upstream's reply, or the reason, word for word.
    public var reply: String?
    /// The id in SES's `250 Ok <id>`.
    public var sesID: String?
    /// How many attempts were made, this one included.
    public var attempt: Int?
    /// When it will be tried again.
    public var nextAttempt: Timestamp?

    public init(_ name: Name, at time: Timestamp, queueID: QueueID? = nil, account: AccountName? = nil, recipients: [Mailbox] = []) {
        self.name = name
        self.time = time
        self.queueID = queueID
        self.account = account
        self.recipients = recipients
    }
}

/// Takes events as they happen; called from any queue, must not block.
public protocol EventSink: Sendable {
    func emit(_ event: RelayEvent)
}

/// Drops every event; for tests and tools that have nobody to tell.
public struct NoEvents: EventSink {
    public init() {}
    public func emit(_ event: RelayEvent) {}
}
