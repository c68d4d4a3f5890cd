/// What `queue verify` found. Names are an interface: add, never rename.
public struct VerifyReport: Codable, Hashable, Sendable {
    public var messages: Int
    public var recipients: Int
    public var octets: Int
    /// Recipients of all time: accepted = relayed + failed + removed + open.
    public var accepted: Int
    public var relayed: Int
    public var failed: Int
    public var removed: Int
    public var open: Int
    /// Whether the database's pages were checked too: only while the daemon is down.
    public var checkedPages: Bool
    public var problems: [String]

    enum CodingKeys: String, CodingKey {
        case messages, recipients, octets, accepted, relayed, failed, removed, open
        case checkedPages = "checked_pages"
        case problems
    }

    public init(
        messages: Int, recipients: Int, octets: Int, accepted: Int, relayed: Int, failed: Int, removed: Int, open: Int, checkedPages: Bool,
        problems: [String]
    ) {
        self.messages = messages
        self.recipients = recipients
        self.octets = octets
        self.accepted = accepted
        self.relayed = relayed
        self.failed = failed
        self.removed = removed
        self.open = open
        self.checkedPages = checkedPages
        self.problems = problems
    }
}
