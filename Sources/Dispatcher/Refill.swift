internal import MailModel
internal import MailQueue

/// Where reading from the store stands: one page at a time, from the oldest due message on, and again from the start when something new
/// may be due.
struct Refill {
    private var isWanted = false
    private var isReading = false
    private var wantedWhileReading = false
    private var cursor: DueCursor?

    /// Something may be due that is not in memory.
    mutating func wanted() {
        if isReading {
            wantedWhileReading = true
        } else {
            isWanted = true
            cursor = nil
        }
    }

    /// - Returns: where to read on, wrapped; `nil` if nothing is to be read now.
    mutating func begin() -> DueCursor?? {
        guard isWanted, !isReading else { return nil }
        isReading = true
        return .some(cursor)
    }

    /// - Parameters:
    ///   - next: where the next page begins; `nil` at the end.
    ///   - found: whether the page had something that was not in memory.
    mutating func ended(_ next: DueCursor?, found: Bool) {
        isReading = false
        // A page full of what is in memory already is passed over; after a find the next look begins at the oldest again, and so it does
        // when something may have become due in front of the cursor.
        cursor = found || wantedWhileReading ? nil : next
        isWanted = next != nil || wantedWhileReading
        wantedWhileReading = false
    }

    mutating func failed() {
        isReading = false
        isWanted = true
        cursor = nil
        wantedWhileReading = false
    }
}

extension DueCursor {
    /// Behind everything that is due at `time` or before.
    static func last(at time: Timestamp) -> DueCursor? { QueueID(Int64.max).map { DueCursor(dueAt: time, id: $0) } }
}
