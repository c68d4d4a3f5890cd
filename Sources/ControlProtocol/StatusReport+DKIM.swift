extension StatusReport {
    /// The signature of an identity that waits for the DNS, or whose key is being changed.
    public struct DKIM: Codable, Hashable, Sendable {
        public var identity: String
        /// Whose key signs; absent: mail leaves without our signature.
        public var selector: String?
        /// The name of the record that is waited for.
        public var awaited: String?
        /// Why it does not count yet.
        public var reason: String?
        public var cure: String?
        /// When the key that signs was first seen in the DNS, and so when it took over.
        public var since: String?
        /// The record of the key before, which must stay until then.
        public var oldRecord: String?
        public var oldRecordUntil: String?

        enum CodingKeys: String, CodingKey {
            case identity, selector, awaited, reason, cure, since
            case oldRecord = "old_record"
            case oldRecordUntil = "old_record_until"
        }

        public init(identity: String, selector: String?) {
            self.identity = identity
            self.selector = selector
        }
    }
}
