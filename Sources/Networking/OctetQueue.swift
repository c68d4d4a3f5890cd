internal import Glibc

/// Octets that wait in order: appended at the end, dropped from the front, always contiguous.
///
/// Storage is our own instead of an array, so that appending from raw memory is one `memcpy` and an empty queue can give
/// its memory back or keep it, as the owner decides.
struct OctetQueue: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var head = 0
    private var tail = 0
    private(set) var capacity = 0

    init() {}

    deinit { base?.deallocate() }

    var count: Int { tail - head }
    var isEmpty: Bool { head == tail }

    /// What waits. Valid until the next mutation.
    var octets: UnsafeRawBufferPointer {
        guard let base, tail > head else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + head, count: tail - head)
    }

    mutating func append(_ octets: UnsafeRawBufferPointer) {
        guard let source = octets.baseAddress, octets.count > 0 else { return }
        makeRoom(octets.count)
        guard let base else { return }
        memcpy(base + tail, source, octets.count)
        tail += octets.count
    }

    /// Drops `count` octets (at most all) from the front.
    mutating func drop(_ count: Int) {
        head = min(tail, head + max(0, count))
        if head == tail { head = 0; tail = 0 }
    }

    /// Drops everything and gives the memory back.
    mutating func clear() {
        base?.deallocate()
        base = nil
        head = 0
        tail = 0
        capacity = 0
    }

    private mutating func makeRoom(_ more: Int) {
        if tail + more <= capacity { return }
        let used = tail - head
        // Moving to the front pays when at least half is free: each octet moves once per doubling.
        if let base, head >= used, used + more <= capacity {
            memmove(base, base + head, used)
        } else {
            let wanted = max(512, used + more, capacity * 2)
            let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
            if let base { memcpy(fresh, base + head, used) }
            base?.deallocate()
            base = fresh
            capacity = wanted
        }
        head = 0
        tail = used
    }
}
