/// The argument of MAIL FROM (RFC 5321 §4.1.1.2): where delivery reports go.
public enum ReversePath: Hashable, Sendable {
    /// `<>`: the message is itself a report and must never cause another (RFC 5321 §4.5.5).
    case null
    case mailbox(Mailbox)

    /// What stands between the angle brackets.
    public var wireOctets: [UInt8] {
        switch self {
        case .null: []
        case .mailbox(let mailbox): mailbox.wireOctets
        }
    }

    /// `nil` for the null reverse-path.
    public var mailbox: Mailbox? {
        if case .mailbox(let mailbox) = self { mailbox } else { nil }
    }
}

extension ReversePath: CustomStringConvertible {
    /// Without angle brackets; empty for the null reverse-path.
    public var description: String { String(decoding: wireOctets, as: UTF8.self) }
}

/// Who a message is from and for, apart from what its header says.
public struct Envelope: Hashable, Sendable {
    public var reversePath: ReversePath
    /// In the order of the RCPT commands, each mailbox once.
    public var recipients: [Mailbox]

    public init(reversePath: ReversePath, recipients: [Mailbox] = []) {
        self.reversePath = reversePath
        self.recipients = recipients
    }
}
