public import MailModel

/// An event as JSON shows it: in `tail --json`, `trace --json` and the JSON log. Names are an interface: add, never rename.
public struct EventRecord: Codable, Hashable, Sendable {
    public var event: String
    /// RFC 3339, UTC, milliseconds.
    public var time: String
    public var queueID: String?
    public var account: String?
    public var client: String?
    public var sender: String?
    public var fromBefore: String?
    public var fromAfter: String?
    /// `dkim=strict, spf=relaxed`
    public var alignment: String?
    public var messageID: String?
    public var recipients: [String]?
    public var messageSize: Int?
    public var relay: String?
    /// Seconds since acceptance.
    public var delay: Double?
    public var dsn: String?
    public var reply: String?
    public var sesID: String?
    public var attempt: Int?
    public var nextAttempt: String?

    enum CodingKeys: String, CodingKey {
        case event, time
        case queueID = "queue_id"
        case account, client, sender
        case fromBefore = "from_before"
        case fromAfter = "from_after"
        case alignment
        case messageID = "message_id"
        case recipients
        case messageSize = "message_size"
        case relay, delay, dsn, reply
        case sesID = "ses_id"
        case attempt
        case nextAttempt = "next_attempt"
    }

    public init(_ event: RelayEvent) {
        self.event = event.name.rawValue
        time = event.time.description
        queueID = event.queueID?.description
        account = event.account?.description
        client = event.client
        sender = event.sender
        fromBefore = event.fromBefore
        fromAfter = event.fromAfter
        alignment = event.alignment
        messageID = event.messageID
        recipients = event.recipients.isEmpty ? nil : event.recipients.map(\.description)
        messageSize = event.messageSize
        relay = event.relay
        delay = event.delay.map { (Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18).rounded(toPlaces: 3) }
        dsn = event.dsn
        reply = event.reply
        sesID = event.sesID
        attempt = event.attempt
        nextAttempt = event.nextAttempt?.description
    }
}

extension Double {
    func rounded(toPlaces places: Int) -> Double {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return (self * scale).rounded() / scale
    }
}
