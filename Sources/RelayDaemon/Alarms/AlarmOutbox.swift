/// Hands notices on one after the other, so that a receiver that is slow or gone delays nobody else and memory stays bounded.
actor AlarmOutbox {
    /// What waits at most; the oldest goes first when there are more.
    static let limit = 64

    private let name: String
    private let log: Log
    /// - Returns: why it was not delivered; `nil` if it was.
    private let deliver: @Sendable (AlarmNotice) async -> String?
    private var pending: [AlarmNotice] = []
    private var isDelivering = false

    init(name: String, log: Log, deliver: @escaping @Sendable (AlarmNotice) async -> String?) {
        self.name = name
        self.log = log
        self.deliver = deliver
    }

    func add(_ notices: [AlarmNotice]) {
        for notice in notices {
            // Of one alarm only the latest matters.
            pending.removeAll { $0.key == notice.key }
            if pending.count >= Self.limit { pending.removeFirst() }
            pending.append(notice)
        }
        guard !isDelivering, !pending.isEmpty else { return }
        isDelivering = true
        Task { await deliverAll() }
    }

    private func deliverAll() async {
        while !pending.isEmpty {
            let notice = pending.removeFirst()
            if let failure = await deliver(notice) {
                log.warning("\(name): alarm \(notice.key.kind.rawValue) was not delivered: \(failure)")
            }
        }
        isDelivering = false
    }
}
