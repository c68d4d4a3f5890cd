public import MailModel

/// What operators order: applied to all that fit a filter, a window of rows at a time.
extension SQLiteQueueStore {
    public func makeDue(_ filter: QueueFilter, at time: Timestamp) async throws(QueueError) -> Int {
        try await change(filter) { database, row throws(QueueError) in
            switch row.state {
            case .quarantined: return false
            case .dead:
                guard filter.ids != nil || filter.state == .dead else { return false }
                try database.revive(row, at: time)
            // Whoever says `all` does not mean a test system's mail.
            case .held where filter.ids == nil && row.note.hasPrefix(QueuedMessage.stagingHold): return false
            case .waiting, .held: try database.makeDue(row, at: time)
            }
            return true
        }
    }

    public func hold(_ filter: QueueFilter, note: String) async throws(QueueError) -> Int {
        try await change(filter) { database, row throws(QueueError) in
            guard row.state == .waiting else { return false }
            try database.setState(row, .held, note: note)
            return true
        }
    }

    public func release(_ filter: QueueFilter) async throws(QueueError) -> Int {
        try await change(filter) { database, row throws(QueueError) in
            guard row.state == .held || row.state == .quarantined else { return false }
            // Test systems' mail leaves only for who names it, or its account.
            if filter.ids == nil, filter.account == nil, row.note.hasPrefix(QueuedMessage.stagingHold) { return false }
            try database.setState(row, .waiting, note: "")
            return true
        }
    }

    public func remove(
        _ filter: QueueFilter, recording: @escaping @Sendable (QueueEntry) -> [RelayEvent]
    ) async throws(QueueError) -> Int {
        try await change(filter) { database, row throws(QueueError) in
            database.note(recording(try database.describe(row)))
            try database.delete(row)
            return true
        }
    }

    public func quarantine(_ id: QueueID, reason: String) async throws(QueueError) {
        try await queue.perform(.settlement) { database throws(QueueError) in try database.quarantine(id, reason) }
    }

    /// Applies an order to all that fit, step by step.
    nonisolated(nonsending) private func change(
        _ filter: QueueFilter, _ body: @escaping @Sendable (QueueDatabase, EntryRow) throws(QueueError) -> Bool
    ) async throws(QueueError) -> Int {
        var count = 0
        var last: QueueID?
        repeat {
            let place = last
            let (changed, next) = try await queue.perform(.settlement) { database throws(QueueError) in
                let (rows, next) = try database.scan(filter, after: place, limit: Self.window, window: Self.window)
                var changed = 0
                for row in rows where try body(database, row) { changed += 1 }
                return .success((changed, next))
            }
            count += changed
            last = next
        } while last != nil
        return count
    }
}
