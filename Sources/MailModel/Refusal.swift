/// A message or a command that is not taken: what the client is told, and one word for logs and counters.
public struct Refusal: Error, Hashable, Sendable {
    public let reply: Reply
    /// Stable, lower case: `from_missing`, `header_syntax`.
    public let reason: String
    /// For the operator's log, never for the client.
    public let detail: String?

    public init(_ reason: String, _ reply: Reply, detail: String? = nil) {
        self.reason = reason
        self.reply = reply
        self.detail = detail
    }
}

extension Refusal: CustomStringConvertible {
    public var description: String { "\(reply.oneLine) (\(detail.map { "\(reason): \($0)" } ?? reason))" }
}
