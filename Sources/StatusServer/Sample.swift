/// What the plots remember of one moment.
public struct Sample: Hashable, Sendable {
    /// Seconds since 1970.
    public var time: Int
    /// Recipients since the start of the daemon.
    public var accepted: Int
    public var relayed: Int
    public var failed: Int
    /// Messages.
    public var queued: Int

    public init(time: Int, accepted: Int, relayed: Int, failed: Int, queued: Int) {
        self.time = time
        self.accepted = accepted
        self.relayed = relayed
        self.failed = failed
        self.queued = queued
    }
}
