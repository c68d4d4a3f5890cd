public import MailModel

/// A command with its arguments checked. What it means depends on the session.
public enum Command: Hashable, Sendable {
    case ehlo(ClientName)
    case helo(ClientName)
    case startTLS
    /// `mechanism` is in upper case; `initialResponse` is still in base 64, `=` if it is empty (RFC 4954 §4).
    case auth(mechanism: String, initialResponse: Secret?)
    case mail(MailArguments)
    case rcpt(RecipientArgument)
    case data
    case rset
    case noop
    case vrfy
    case help
    case quit
    /// A verb that this side knows and does not do.
    case notOffered(Verb)
}

/// Everything behind MAIL FROM.
public struct MailArguments: Hashable, Sendable {
    public var sender: SenderArgument
    /// What the client says the message will measure (RFC 1870). A claim, not a measurement.
    public var size: Int?
    public var body: BodyType

    public init(sender: SenderArgument, size: Int? = nil, body: BodyType = .sevenBit) {
        self.sender = sender
        self.size = size
        self.body = body
    }
}

/// RFC 6152; `BINARYMIME` is not offered.
public enum BodyType: String, Hashable, Sendable {
    case sevenBit = "7BIT"
    case eightBitMIME = "8BITMIME"
}

/// What stood in the angle brackets of MAIL FROM. Wider than `ReversePath`: local apps send as `root@localhost` or
/// `app@[127.0.0.1]`, and the relay rewrites those anyway.
public enum SenderArgument: Hashable, Sendable {
    /// `<>`
    case null
    /// The domain may be a single label.
    case mailbox(Mailbox)
    /// `user@[192.0.2.1]`, syntax checked, printable.
    case literal(String)

    /// `nil` for an address literal, which can never be answered through SES.
    public var reversePath: ReversePath? {
        switch self {
        case .null: .null
        case .mailbox(let mailbox): .mailbox(mailbox)
        case .literal: nil
        }
    }
}

extension SenderArgument: CustomStringConvertible {
    /// Without angle brackets; empty for `<>`.
    public var description: String {
        switch self {
        case .null: ""
        case .mailbox(let mailbox): mailbox.description
        case .literal(let text): text
        }
    }
}

/// What stood in the angle brackets of RCPT TO.
public enum RecipientArgument: Hashable, Sendable {
    case mailbox(Mailbox)
    /// `<Postmaster>` without a domain, in any case: every SMTP server must know it (RFC 5321 §4.5.1).
    case postmaster
    /// A name without a domain, or with one of a single label, where the client is a program of this host: one of its users.
    case local(LocalPart)
}
