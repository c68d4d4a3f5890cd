/// What a start found in the queue, and what it did about it.
public struct RecoveryReport: Hashable, Sendable {
    public var messages = 0
    public var quarantined = 0
    /// Blocks of events that the history had not taken yet.
    public var pendingEventBlocks = 0
    public var bodies = 0
    /// Bodies without a row: their messages were never accepted, or had left.
    public var orphansRemoved = 0
    /// Bodies that were still arriving.
    public var temporariesRemoved = 0
    /// Entries in the spool that are not ours: left alone.
    public var foreignEntries = 0
    /// Messages quarantined because their body is missing or has another size.
    public var damagedBodies = 0
    /// Messages that were being attempted when the last process ended.
    public var interrupted = 0
    /// One line for each thing that an operator should look at; at most 100.
    public var findings: [String] = []

    mutating func find(_ text: String) { if findings.count < 100 { findings.append(text) } }
}
