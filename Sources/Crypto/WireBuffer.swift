internal import Glibc

/// Ciphertext on its way in or out of OpenSSL: a queue of octets that gives its memory back as soon as it is empty, so that thousands
/// of idle connections cost nothing, and keeps a small one, so that a dialogue of short lines never allocates.
struct WireBuffer: ~Copyable {
    /// Longer than an SMTP command or reply inside a TLS record.
    private static let keptCapacity = 1024
    private static let smallestCapacity = 512

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private var start = 0
    private var end = 0

    deinit { free(base) }

    var count: Int { end - start }

    var octets: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base.map { $0 + start }, count: count) }

    /// - Returns: false if there is no memory; the queue is then as it was.
    mutating func append(_ source: UnsafeRawPointer, count added: Int) -> Bool {
        guard makeRoom(for: added), let base else { return false }
        memcpy(base + end, source, added)
        end += added
        return true
    }

    /// Takes at most `limit` octets out.
    mutating func take(into target: UnsafeMutableRawPointer, limit: Int) -> Int {
        let taken = min(limit, count)
        guard taken > 0, let base else { return 0 }
        memcpy(target, base + start, taken)
        removeFirst(taken)
        return taken
    }

    mutating func removeFirst(_ removed: Int) {
        start += min(max(removed, 0), count)
        if start == end { removeAll() }
    }

    mutating func removeAll() {
        start = 0
        end = 0
        if capacity > Self.keptCapacity {
            free(base)
            base = nil
            capacity = 0
        }
    }

    private mutating func makeRoom(for added: Int) -> Bool {
        if added <= capacity - end { return true }
        let (needed, overflow) = count.addingReportingOverflow(added)
        guard !overflow, needed <= Int.max / 4 else { return false }
        if let base, start > 0 {
            memmove(base, base + start, count)
            end = count
            start = 0
        }
        if needed <= capacity { return true }
        // Doubling keeps a long queue linear; a first large piece gets what it needs and no more.
        let grown = max(Self.smallestCapacity, needed, capacity * 2)
        guard let moved = realloc(base, grown) else { return false }
        base = moved
        capacity = grown
        return true
    }
}

/// Both directions of one connection.
struct Wire: ~Copyable {
    var incoming = WireBuffer()
    var outgoing = WireBuffer()
}
