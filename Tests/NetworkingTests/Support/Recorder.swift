import Cryptography
import Dispatch
import Networking
import Synchronization
import Testing

/// What happened to a channel, for a test to wait on; never by sleeping.
final class Recorder: Sendable {
    struct State: Sendable, CustomStringConvertible {
        var input: [UInt8] = []
        var inputEvents = 0
        var secured: [TLSInfo] = []
        var drained = 0
        var deadlines = 0
        var closures: [Channel.Closure] = []
        var isFreed = false
        var notes: [String] = []
        var numbers: [Int] = []

        var description: String {
            """
            input \(input.count) in \(inputEvents), secured \(secured.count), drained \(drained), deadlines \(deadlines), \
            closures \(closures), freed \(isFreed), notes \(notes.suffix(5)), numbers \(numbers.suffix(5))
            """
        }
    }

    private struct Waiter: Sendable {
        let id: Int
        let predicate: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<State?, Never>
    }

    private struct Inner: Sendable {
        var state = State()
        var waiters: [Waiter] = []
        var nextID = 0
    }

    private let inner = Mutex(Inner())

    var state: State { inner.withLock { $0.state } }

    func update(_ change: (inout State) -> Void) {
        let ready = inner.withLock { inner in
            change(&inner.state)
            let state = inner.state
            let ready = inner.waiters.filter { $0.predicate(state) }
            inner.waiters.removeAll { $0.predicate(state) }
            return ready.map { ($0.continuation, state) }
        }
        for (continuation, state) in ready { continuation.resume(returning: state) }
    }

    func note(_ text: String) { update { $0.notes.append(text) } }

    /// Waits until `predicate` holds; after a generous time the test has failed.
    @discardableResult
    func wait(
        seconds: Int = 20, sourceLocation: SourceLocation = #_sourceLocation, until predicate: @escaping @Sendable (State) -> Bool
    ) async -> State {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<State?, Never>) in
            let done: (State?, Int) = inner.withLock { inner in
                if predicate(inner.state) { return (inner.state, 0) }
                inner.nextID += 1
                inner.waiters.append(Waiter(id: inner.nextID, predicate: predicate, continuation: continuation))
                return (nil, inner.nextID)
            }
            if let state = done.0 { return continuation.resume(returning: state) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) { self.expire(done.1) }
        }
        if result == nil { Issue.record("waited in vain; \(state)", sourceLocation: sourceLocation) }
        return result ?? state
    }

    private func expire(_ id: Int) {
        let late = inner.withLock { inner in
            let late = inner.waiters.filter { $0.id == id }
            inner.waiters.removeAll { $0.id == id }
            return late
        }
        for waiter in late { waiter.continuation.resume(returning: nil) }
    }
}
