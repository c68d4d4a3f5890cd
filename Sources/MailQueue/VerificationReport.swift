/// What a check of the whole store against itself found.
public struct VerificationReport: Hashable, Sendable {
    public var messages = 0
    /// In the messages of the queue, final ones included.
    public var recipients = 0
    /// Octets whose checksum was compared.
    public var octets = 0
    /// Of all time: each accepted recipient is relayed, failed, removed, or still open.
    public var accepted = 0
    public var relayed = 0
    public var failed = 0
    public var removed = 0
    public var open = 0
    /// Whether SQLite's pages were checked as well.
    public var checkedPages = false
    /// One line for each thing that is not as it must be; at most 100.
    public var problems: [String] = []

    public init() {}

    mutating func find(_ text: String) { if problems.count < 100 { problems.append(text) } }
}
