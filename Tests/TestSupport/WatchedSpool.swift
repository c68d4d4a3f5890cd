internal import MailModel
internal import MailQueue
internal import Synchronization

/// A disk for large bodies that is as slow as a test says, and keeps nothing but counts.
public final class WatchedSpool: Sendable {
    public struct Counts: Hashable, Sendable {
        public var writers = 0
        public var octets = 0
        public var finished = 0
        public var discarded = 0
    }
    private struct State {
        var counts = Counts()
        var isStuck = false
        var waiting: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())
    /// Whether the octets go on into the store.
    let keeps: Bool

    public init(keeps: Bool = true) { self.keeps = keeps }

    public var counts: Counts { state.withLock(\.counts) }

    /// From now on nothing reaches the disk: what is appended waits.
    public func stick() { state.withLock { $0.isStuck = true } }
    public func goOn() {
        let waiting = state.withLock { state in
            state.isStuck = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for action in waiting { action() }
    }

    func note(_ change: (inout Counts) -> Void) { state.withLock { change(&$0.counts) } }
    var isStuck: Bool { state.withLock(\.isStuck) }
    func whenMoving(_ action: @escaping @Sendable () -> Void) {
        let isMoving = state.withLock { state in
            if state.isStuck { state.waiting.append(action) }
            return !state.isStuck
        }
        if isMoving { action() }
    }
}

final class WatchedSpoolWriter: SpoolWriter {
    private let spool: WatchedSpool
    private let inner: any SpoolWriter
    private let waiting = Mutex(0)

    init(_ spool: WatchedSpool, _ inner: any SpoolWriter) {
        self.spool = spool
        self.inner = inner
        spool.note { $0.writers += 1 }
    }

    func append(_ octets: UnsafeRawBufferPointer) -> Int {
        spool.note { $0.octets += octets.count }
        if spool.keeps { inner.append(octets) }
        guard spool.isStuck else { return 0 }
        return waiting.withLock { waiting in
            waiting += octets.count
            return waiting
        }
    }

    func whenWaiting(atMost limit: Int, _ action: @escaping @Sendable () -> Void) {
        spool.whenMoving {
            self.waiting.withLock { $0 = 0 }
            action()
        }
    }

    func finish(as id: QueueID, completion: @escaping @Sendable (Result<SpoolFile, QueueError>) -> Void) {
        spool.note { $0.finished += 1 }
        inner.finish(as: id, completion: completion)
    }

    func discard() {
        spool.note { $0.discarded += 1 }
        inner.discard()
    }
}
