public import MailModel

/// An accepted message: what will be sent, to whom, and what is worth telling about it.
public struct QueuedMessage: Hashable, Sendable {
    public let id: QueueID
    public let account: AccountName
    public let acceptedAt: Timestamp
    /// As it is sent upstream; what the client said is in `facts`.
    public let reversePath: ReversePath
    /// Each with its place in the list as `index`.
    public var recipients: [QueuedRecipient]
    /// The final header section, with the signature and the empty line that ends it.
    public let header: [UInt8]
    public let body: StoredBody
    /// Whether an octet of header or body is above 127.
    public let is8Bit: Bool
    /// Shared by all copies of the message, of which its way through the memory makes many.
    private var sharedFacts: SharedFacts
    public var facts: MessageFacts {
        get { sharedFacts.facts }
        set { sharedFacts = SharedFacts(newValue) }
    }
    /// What the store's `ServiceClock` said at acceptance: its age for expiry is measured from here.
    public var serviceTime: Duration
    /// Whether its sender was told that it is late.
    public var isWarned = false
    /// How often the process ended while this message was being attempted.
    public var crashes = 0
    /// What came in; only on the way into the store, which gives it back when asked for it alone.
    public var original: EncodedOriginal?
    /// Why it is held from the beginning; `nil` if it is not. Means nothing once it is queued.
    public var hold: String?
    /// How the note of mail begins that must not leave by an order for all, because a test system sent it.
    public static let stagingHold = "staging: "

    public init(
        id: QueueID, account: AccountName, acceptedAt: Timestamp, reversePath: ReversePath, recipients: [QueuedRecipient],
        header: [UInt8], body: StoredBody, is8Bit: Bool, facts: MessageFacts = MessageFacts(), serviceTime: Duration = .zero
    ) {
        self.id = id
        self.account = account
        self.acceptedAt = acceptedAt
        self.reversePath = reversePath
        self.recipients = recipients
        self.header = header
        self.body = body
        self.is8Bit = is8Bit
        sharedFacts = SharedFacts(facts)
        self.serviceTime = serviceTime
    }

    /// Octets of header and body, before dot-stuffing.
    public var size: Int { header.count + body.count }
}

/// Where the body of a message lies.
public enum StoredBody: Hashable, Sendable {
    /// Bodies up to this many octets belong in the row; longer ones in a spool file.
    public static let inlineLimit = 64 << 10

    case inline([UInt8])
    case file(SpoolFile)

    public var count: Int {
        switch self {
        case .inline(let octets): octets.count
        case .file(let file): file.size
        }
    }
}

/// A finished, durable body outside the row. Made by `SpoolWriter.finish`; read through `QueueStore.openBody`.
public struct SpoolFile: Hashable, Sendable {
    /// The message that it belongs to, and the file's name.
    public let id: QueueID
    public let size: Int
    /// XXH64 of the octets.
    public let checksum: UInt64

    public init(id: QueueID, size: Int, checksum: UInt64) {
        self.id = id
        self.size = size
        self.checksum = checksum
    }
}

private final class SharedFacts: Hashable, Sendable {
    let facts: MessageFacts

    init(_ facts: MessageFacts) { self.facts = facts }

    static func == (left: SharedFacts, right: SharedFacts) -> Bool { left === right || left.facts == right.facts }
    func hash(into hasher: inout Hasher) { hasher.combine(facts) }
}

/// What operators want to know of a message besides its envelope: kept with it, shown by `queue show`, repeated in its events.
public struct MessageFacts: Hashable, Sendable {
    /// The client's IP address, without the port.
    public var client: String?
    /// The reverse-path as the client gave it; empty for `<>`.
    public var sender: String?
    /// The author's address before and after rewriting.
    public var fromBefore: String?
    public var fromAfter: String?
    /// With angle brackets.
    public var messageID: String?
    /// Which rewriting rule applied.
    public var rule: String?
    /// Protocol version and cipher of the client's session; `nil` for clear text.
    public var tls: String?
    /// The verified identity that the message leaves under: what is paused when SES refuses that identity.
    public var identity: String?
    public var kind = Kind.message
    /// Where reports on this message go, if not to `sender`.
    public var reportsTo: String?
    /// The alias that sends it on: reports name it in the place of its targets. `nil` for any other mail.
    public var alias: String?
    /// How signature and reverse-path align with From: `dkim=strict, spf=relaxed`.
    public var alignment: String?
    /// Why it was held when it was accepted: part of what must not be lost, for it is a test system's.
    public var hold: String?

    /// What a message is to us.
    public enum Kind: String, Hashable, Sendable {
        /// A client's.
        case message
        /// A delivery report of ours: its failure never makes another.
        case report
        /// An alarm of ours to the operator; as a report in that.
        case alarm
    }

    public init() {}
}
