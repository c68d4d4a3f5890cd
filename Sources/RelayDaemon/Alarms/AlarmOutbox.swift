internal import Synchronization

/// Hands notices on one after the other, so that a receiver that is slow or gone delays nobody else and memory stays bounded.
final class AlarmOutbox: Sendable {
    /// What waits at most; the oldest goes first when there are more.
    static let limit = 64

    private struct State {
        var pending: [AlarmNotice] = []
        var isDelivering = false
    }

    private let name: String
    private let log: Log
    /// - Returns: why it was not delivered; `nil` if it was.
    private let deliver: @Sendable (AlarmNotice) async -> String?
    private let state = Mutex(State())

    init(name: String, log: Log, deliver: @escaping @Sendable (AlarmNotice) async -> String?) {
        self.name = name
        self.log = log
        self.deliver = deliver
    }

    /// Returns at once: what is added first is delivered first.
    func add(_ notices: [AlarmNotice]) {
        let isIdle = state.withLock { state in
            for notice in notices {
                // Of one alarm only the latest matters.
                state.pending.removeAll { $0.key == notice.key }
                if state.pending.count >= Self.limit { state.pending.removeFirst() }
                state.pending.append(notice)
            }
            guard !state.isDelivering, !state.pending.isEmpty else { return false }
            state.isDelivering = true
            return true
        }
        if isIdle { Task { await deliverAll() } }
    }

    private func deliverAll() async {
        while let notice = next() {
            if let failure = await deliver(notice) {
                log.warning("\(name): alarm \(notice.key.kind.rawValue) was not delivered: \(failure)")
            }
        }
    }

    private func next() -> AlarmNotice? {
        state.withLock { state in
            guard !state.pending.isEmpty else {
                state.isDelivering = false
                return nil
            }
            return state.pending.removeFirst()
        }
    }
}
