/// What `queue rewrite` did to one message, or would do.
public struct RewriteOutcome: Codable, Hashable, Sendable {
    public enum Result: String, Codable, Hashable, Sendable, CaseIterable {
        /// It leaves with another header from now on; in a dry run: it would.
        case rewritten
        /// Today's settings make the header that it has.
        case unchanged
        /// Today's rules would not take it, or send it to others; it stays as it is. `reason` says why.
        case refused
        /// It is being sent just now, and is not touched meanwhile.
        case busy
        /// What came in was not kept: it is a mail of our own, or older than this ability.
        case unknown
        /// What was kept is damaged, or the message is; it stays as it is.
        case damaged
    }

    public var queueID: String
    public var result: Result
    public var reason: String?
    /// From and reverse-path as they were to leave, and as they leave now.
    public var fromBefore: String?
    public var fromAfter: String?
    public var reversePathBefore: String?
    public var reversePathAfter: String?
    /// The settings that made the header before, and those in force.
    public var generationBefore: String?
    public var generationAfter: String?

    enum CodingKeys: String, CodingKey {
        case queueID = "queue_id"
        case result, reason
        case fromBefore = "from_before"
        case fromAfter = "from_after"
        case reversePathBefore = "reverse_path_before"
        case reversePathAfter = "reverse_path_after"
        case generationBefore = "generation_before"
        case generationAfter = "generation_after"
    }

    public init(_ queueID: String, _ result: Result, reason: String? = nil) {
        self.queueID = queueID
        self.result = result
        self.reason = reason
    }
}
