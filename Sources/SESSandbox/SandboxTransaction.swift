public import MailModel

/// One thing that a client tried and what came of it: a message, or a command that was refused.
public struct SandboxTransaction: Hashable, Sendable {
    /// Where in the dialogue the reply belongs. The raw values are the words of fault specifications and of the journal.
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        case greeting, helo, starttls, auth, mail, rcpt, data
        /// After the final dot.
        case dot
    }

    public enum Outcome: String, Hashable, Sendable {
        case accepted
        case refused
        /// A fault: kept as if accepted, and the connection closed without an answer.
        case replyLost = "reply_lost"
        /// A fault: not kept, and the connection closed without an answer.
        case messageLost = "message_lost"
    }

    public var outcome: Outcome
    public var phase: Phase
    public var time: Timestamp
    /// The id of `250 Ok <id>`, and the stem of the files; also when the reply was lost.
    public var sesID: String?
    /// The SMTP user name.
    public var user: String?
    /// The client's address.
    public var client: String
    /// `TLSv1.3`; `nil` in clear text.
    public var tlsVersion: String?
    /// The reverse-path and the forward-paths as the client wrote them, without angle brackets.
    public var mailFrom: String?
    public var recipients: [String] = []
    /// Fields of the submitted header: what the client sent, before SES replaced it.
    public var messageID: String?
    public var from: String?
    public var subject: String?
    /// The value of `X-Token`, by which load tests find their messages again.
    public var token: String?
    /// Octets of the message as submitted, transparency undone.
    public var size: Int?
    public var findings: [SandboxFinding] = []
    /// `nil` if none was sent.
    public var reply: Reply?
}

extension SandboxTransaction {
    /// One line of the journal, and the content of the `.json` beside a message. Keys without a value are left out.
    public var json: [UInt8] {
        var object = JSONObject()
        object.add("time", time.description)
        object.add("outcome", outcome.rawValue)
        object.add("phase", phase.rawValue)
        object.add("ses_id", sesID)
        object.add("received_at", phase == .dot ? time.description : nil)
        object.add("user", user)
        object.add("client", client)
        object.add("tls", tlsVersion)
        object.add("mail_from", mailFrom)
        object.add("rcpt_to", recipients)
        object.add("message_id", messageID)
        object.add("from", from)
        object.add("subject", subject)
        object.add("token", token)
        object.add("size", size)
        object.add("findings", findings.map(\.rawValue))
        object.add("reply", reply?.oneLine)
        return object.octets
    }
}
