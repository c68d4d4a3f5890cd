internal import SafeIO

/// Files of the maildrop that were tried and must stay for a while: each waits by itself and holds up no other.
struct WaitingDrops {
    /// How often the daemon itself may fail over one file until it counts as the file's fault.
    static let faultLimit = 5
    /// More are not remembered: anybody may make files.
    private static let limit = 20_000

    private struct Entry {
        var due: ContinuousClock.Instant
        var faults = 0
        /// Of a file that is in the queue and could not be removed.
        var queued: FileStamp?
    }

    private var entries: [String: Entry] = [:]

    func isWaiting(_ name: String, at now: ContinuousClock.Instant) -> Bool { entries[name].map { $0.due > now } ?? false }

    /// When the first of them is to be looked at.
    var due: ContinuousClock.Instant? { entries.values.lazy.map(\.due).min() }

    mutating func hold(_ name: String, until due: ContinuousClock.Instant) {
        guard entries[name] != nil || entries.count < Self.limit else { return }
        entries[name, default: Entry(due: due)].due = due
    }

    /// - Returns: how many there were, with this one.
    mutating func countFault(_ name: String) -> Int {
        guard entries[name] != nil || entries.count < Self.limit else { return 1 }
        entries[name, default: Entry(due: .now)].faults += 1
        return entries[name]?.faults ?? 1
    }

    mutating func holdQueued(_ name: String, _ stamp: FileStamp, until due: ContinuousClock.Instant) {
        entries[name] = Entry(due: due, queued: stamp)
    }

    func isQueued(_ name: String, _ stamp: FileStamp) -> Bool { entries[name]?.queued == stamp }

    mutating func forget(_ name: String) { entries[name] = nil }

    /// Forgets files that others took away: they were due and nobody met them.
    mutating func forgetAbsent(dueBefore limit: ContinuousClock.Instant) { entries = entries.filter { $0.value.due > limit } }
}
