/// What a sandbox did since it was started.
public struct SandboxStatistics: Hashable, Sendable {
    /// Taken in all, refused ones included; and open now.
    public var connections = 0
    public var openConnections = 0
    /// Messages answered 250, or kept with the answer lost by a fault.
    public var accepted = 0
    /// Recipients and octets of those.
    public var recipients = 0
    public var octets = 0
    /// Messages refused after the final dot.
    public var refused = 0
    /// Files that could not be written; the client was told `451 Temporary service failure`.
    public var storageFailures = 0
}
