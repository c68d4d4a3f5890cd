internal import Synchronization

/// Hands notices on one after the other, so that a receiver that is slow or gone delays nobody else and memory stays bounded.
///
/// What could not be delivered for now is tried again each minute for an hour, unless something newer of the same alarm replaces it: the
/// network may be what the alarm is about.
final class AlarmOutbox: Sendable {
    /// What waits at most; the oldest goes first when there are more.
    static let limit = 64
    private static let tries = 60

    struct Failure: Hashable, Sendable {
        let text: String
        /// To try again would not help.
        let isLasting: Bool
    }

    private struct State {
        var pending: [AlarmNotice] = []
        /// Not delivered so far, with the number of tries.
        var failed: [(notice: AlarmNotice, tries: Int)] = []
        var isDelivering = false
        var isRetryPlanned = false
    }

    private let name: String
    private let log: Log
    private let pause: @Sendable () async -> Void
    /// - Returns: why it was not delivered; `nil` if it was.
    private let deliver: @Sendable (AlarmNotice) async -> Failure?
    private let state = Mutex(State())

    /// - Parameter pause: before what failed is tried again.
    init(
        name: String, log: Log, pause: @escaping @Sendable () async -> Void = { try? await Task.sleep(for: .seconds(60)) },
        deliver: @escaping @Sendable (AlarmNotice) async -> Failure?
    ) {
        self.name = name
        self.log = log
        self.pause = pause
        self.deliver = deliver
    }

    /// Returns at once: what is added first is delivered first.
    func add(_ notices: [AlarmNotice]) {
        begin { state in
            for notice in notices {
                // Of one alarm only the latest matters.
                state.pending.removeAll { $0.key == notice.key }
                state.failed.removeAll { $0.notice.key == notice.key }
                if state.pending.count >= Self.limit { state.pending.removeFirst() }
                state.pending.append(notice)
            }
        }
    }

    private func begin(_ change: (inout State) -> Void) {
        let isIdle = state.withLock { state in
            change(&state)
            guard !state.isDelivering, !state.pending.isEmpty else { return false }
            state.isDelivering = true
            return true
        }
        if isIdle { Task { await deliverAll() } }
    }

    private func deliverAll() async {
        while let (notice, tries) = next() {
            guard let failure = await deliver(notice) else { continue }
            if tries == 1 { log.warning("\(name): alarm \(notice.key.kind.rawValue) was not delivered: \(failure.text)") }
            if !failure.isLasting, tries < Self.tries { tryAgain(notice, tries) }
        }
        let isRetryNeeded = state.withLock { state in
            guard !state.failed.isEmpty, !state.isRetryPlanned else { return false }
            state.isRetryPlanned = true
            return true
        }
        if isRetryNeeded { Task { await retry() } }
    }

    private func tryAgain(_ notice: AlarmNotice, _ tries: Int) {
        state.withLock { state in
            if state.pending.contains(where: { $0.key == notice.key }) || state.failed.count >= Self.limit { return }
            state.failed.append((notice, tries))
        }
    }

    private func retry() async {
        await pause()
        begin { state in
            state.isRetryPlanned = false
            state.pending = state.failed.map(\.notice) + state.pending
        }
    }

    private func next() -> (AlarmNotice, tries: Int)? {
        state.withLock { state in
            guard !state.pending.isEmpty else {
                state.isDelivering = false
                return nil
            }
            let notice = state.pending.removeFirst()
            guard let index = state.failed.firstIndex(where: { $0.notice == notice }) else { return (notice, 1) }
            return (notice, state.failed.remove(at: index).tries + 1)
        }
    }
}
