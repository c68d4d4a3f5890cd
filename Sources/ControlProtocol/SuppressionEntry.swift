/// A suppressed address, as `suppress list` shows it. Names are an interface: add, never rename.
public struct SuppressionEntry: Codable, Hashable, Sendable {
    public var address: String
    public var since: String
    /// `operator` or `bounce`
    public var origin: String
    public var reason: String

    public init(address: String, since: String, origin: String, reason: String) {
        self.address = address
        self.since = since
        self.origin = origin
        self.reason = reason
    }
}
