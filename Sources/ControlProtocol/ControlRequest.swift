/// A question or an order to the daemon: one JSON object on one line.
public struct ControlRequest: Codable, Hashable, Sendable {
    public enum Command: String, Codable, Hashable, Sendable {
        case status
        case health
        case queueList = "queue_list"
        case queueShow = "queue_show"
        case queueRetry = "queue_retry"
        case queueHold = "queue_hold"
        case queueRelease = "queue_release"
        case queueRemove = "queue_remove"
        case queueRewrite = "queue_rewrite"
        case queueVerify = "queue_verify"
        case queueExport = "queue_export"
        case tail
        case trace
        case usage
        case reload
        case testLogin = "test_login"
        case suppressAdd = "suppress_add"
        case suppressRemove = "suppress_remove"
        case suppressList = "suppress_list"

        /// Orders change something, or show what people wrote: only root and the daemon's own user may give them. Everybody who may open
        /// the socket may ask the rest.
        public var isOrder: Bool {
            switch self {
            case .status, .health, .queueList, .queueShow, .queueVerify, .tail, .trace, .usage, .suppressList: false
            case .queueRetry, .queueHold, .queueRelease, .queueRemove, .queueRewrite, .queueExport, .reload, .testLogin, .suppressAdd,
                .suppressRemove:
                true
            }
        }
    }

    public var command: Command
    public var filter: QueueFilter?
    /// For `trace`: a queue id, a Message-ID, an SES id or a recipient. For `test_login`: the account. For `usage`: the month, `2026-03`.
    public var word: String?
    /// For `tail`: how many past events come first, all since `events.since` if absent. For lists: the most entries.
    public var count: Int?
    /// For `tail`: stay and send what happens.
    public var follow: Bool?
    /// For `tail`: which events, of the past and from now on.
    public var events: EventQuestion?
    /// For `queue_list`: continue behind this queue id.
    public var after: String?
    /// For `suppress_add` and `suppress_remove`; the reason is `word`.
    public var addresses: [String]?
    /// For `queue_rewrite`: only say what would become of the messages.
    public var dryRun: Bool?
    /// For `trace`: with the headers of what is still queued.
    public var headers: Bool?

    enum CodingKeys: String, CodingKey {
        case command, filter, word, count, follow, events, after, addresses
        case dryRun = "dry_run"
        case headers
    }

    public init(
        _ command: Command, filter: QueueFilter? = nil, word: String? = nil, count: Int? = nil, follow: Bool? = nil, after: String? = nil
    ) {
        self.command = command
        self.filter = filter
        self.word = word
        self.count = count
        self.follow = follow
        self.after = after
    }
}

/// Which messages a queue command means. All conditions that are set must hold; none set means none, unless `all`.
public struct QueueFilter: Codable, Hashable, Sendable {
    public var ids: [String]?
    public var account: String?
    public var recipient: String?
    /// Seconds since acceptance.
    public var olderThan: Double?
    public var all: Bool?
    /// `active`, `deferred`, `hold`, `quarantine` or `dead`
    public var state: String?
    /// For `queue_rewrite`: what leaves under this verified identity.
    public var identity: String?

    enum CodingKeys: String, CodingKey {
        case ids, account, recipient
        case olderThan = "older_than"
        case all, state, identity
    }

    public init(
        ids: [String]? = nil, account: String? = nil, recipient: String? = nil, olderThan: Double? = nil, all: Bool? = nil,
        state: String? = nil, identity: String? = nil
    ) {
        self.ids = ids
        self.account = account
        self.recipient = recipient
        self.olderThan = olderThan
        self.all = all
        self.state = state
        self.identity = identity
    }

    public var isEmpty: Bool {
        ids == nil && account == nil && recipient == nil && olderThan == nil && state == nil && identity == nil && all != true
    }
}

/// How a line of the daemon's answer is to be read. Every answer ends with a line that has `end` or `error`.
public struct ControlTrailer: Codable, Hashable, Sendable {
    /// The answer is complete.
    public var end: Bool?
    /// What went wrong, in words for a person.
    public var error: String?
    /// The sysexits code that the command should end with.
    public var code: Int32?
    /// How many messages an order concerned.
    public var changed: Int?

    public init(end: Bool? = nil, error: String? = nil, code: Int32? = nil, changed: Int? = nil) {
        self.end = end
        self.error = error
        self.code = code
        self.changed = changed
    }
}
