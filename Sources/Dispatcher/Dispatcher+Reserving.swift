public import MailModel
internal import Synchronization

/// Messages that are changed in the store: never while they are attempted, and never attempted as they were before.
extension Dispatcher {
    /// Keeps messages from being attempted until `letGo`. What is known of them in memory is forgotten.
    ///
    /// - Returns: those that are kept. The others are being attempted, or what came of it is not written down yet.
    public func reserve(_ ids: [QueueID]) -> Set<QueueID> {
        takeOver()
        let wanted = Set(ids).subtracting(reserved)
        let waiting = ready.dropMessages(of: wanted)
        let expected = inbox.withLock { $0.expected }
        let free = wanted.filter { !expected.contains($0) && (waiting.contains($0) || !known.contains($0)) }
        reserved.formUnion(free)
        return free
    }

    /// Ends what `reserve` began. Messages whose turn came meanwhile have it now.
    ///
    /// - Parameter areDue: some of them became due by the change; they are read from the store.
    public func letGo(_ ids: Set<QueueID>, areDue: Bool = true) {
        reserved.subtract(ids)
        let entries = setAside.filter { ids.contains($0.id) }
        setAside.removeAll { ids.contains($0.id) }
        for entry in entries.reversed() { ready.putBack(entry) }
        if areDue { refill.wanted() }
        pump()
    }

    /// Takes back what the choice of a message has begun.
    func setAside(_ start: Start) {
        if start.isAlone { suspicion.ended(start.entry.id) }
        var entry = start.entry
        entry.message = nil
        setAside.append(entry)
    }
}
