/// Which events `tail` shows. All conditions that are set must hold.
public struct EventQuestion: Codable, Hashable, Sendable {
    public var account: String?
    /// An address, or `@domain`.
    public var recipient: String?
    /// Only mail and logins that did not get through.
    public var failed: Bool?
    /// Seconds since 1970.
    public var since: Double?

    public init(account: String? = nil, recipient: String? = nil, failed: Bool? = nil, since: Double? = nil) {
        self.account = account
        self.recipient = recipient
        self.failed = failed
        self.since = since
    }

    public var isEmpty: Bool { account == nil && recipient == nil && failed != true && since == nil }
}
