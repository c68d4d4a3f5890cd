import MailModel
import MailQueue
import Synchronization
import Upstream

/// An upstream that does what the test says, and remembers what it was asked.
final class ScriptedRoute: DeliveryRoute {
    typealias Script = @Sendable (Delivery, Int) -> AttemptResult

    private struct State {
        var script: Script
        var deliveries: [Delivery] = []
        var underWay = 0
        var mostUnderWay = 0
        var isBlocked = false
        var blocked: [CheckedContinuation<Void, Never>] = []
        var isClosed = false
        var capacity: Int
    }
    private let state: Mutex<State>
    let recipientsPerTransaction: Int
    let sendingLimit: Int?

    init(capacity: Int = 4, recipientsPerTransaction: Int = 50, sendingLimit: Int? = nil, _ script: @escaping Script = ScriptedRoute.relay)
    {
        state = Mutex(State(script: script, capacity: capacity))
        self.recipientsPerTransaction = recipientsPerTransaction
        self.sendingLimit = sendingLimit
    }

    var capacity: Int { state.withLock(\.capacity) }
    var deliveries: [Delivery] { state.withLock(\.deliveries) }
    var ids: [QueueID] { deliveries.map(\.message.id) }
    var underWay: Int { state.withLock(\.underWay) }
    var mostUnderWay: Int { state.withLock(\.mostUnderWay) }
    var isClosed: Bool { state.withLock(\.isClosed) }

    func follow(_ script: @escaping Script) { state.withLock { $0.script = script } }

    /// From now on attempts wait for `unblock`.
    func block() { state.withLock { $0.isBlocked = true } }
    func unblock() {
        let waiting = state.withLock { state in
            state.isBlocked = false
            defer { state.blocked = [] }
            return state.blocked
        }
        for one in waiting { one.resume() }
    }

    func attempt(_ delivery: Delivery) async -> AttemptResult {
        let number = state.withLock { state in
            state.deliveries.append(delivery)
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            return state.deliveries.count
        }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.isBlocked { state.blocked.append(continuation) }
                return !state.isBlocked
            }
            if goesOn { continuation.resume() }
        }
        let script = state.withLock { state in
            state.underWay -= 1
            return state.script
        }
        return script(delivery, number)
    }

    func probe() async -> RouteTrouble? { nil }
    func close() async { state.withLock { $0.isClosed = true } }

    // MARK: What it may say

    static let relay: Script = { delivery, number in
        all(delivery, .relayed(Reply(250, nil, "Ok 0102-\(number)"), sesID: "0102-\(number)"))
    }

    /// One answer to the final dot refuses all.
    static func refuseTogether(_ delivery: Delivery, _ text: String = "Transaction failed: something about a recipient") -> AttemptResult {
        .outcomes(
            delivery.recipients.map { RecipientOutcome(recipient: $0, outcome: .failed(Reply(554, nil, text)), scope: .transaction) },
            relay: "ses")
    }

    static func answer(_ outcome: DeliveryOutcome) -> Script { { delivery, _ in all(delivery, outcome) } }
    static func trouble(_ trouble: RouteTrouble) -> Script { { _, _ in .routeTrouble(trouble, relay: "ses") } }

    static func all(_ delivery: Delivery, _ outcome: DeliveryOutcome) -> AttemptResult {
        .outcomes(delivery.recipients.map { RecipientOutcome(recipient: $0, outcome: outcome) }, relay: "ses")
    }
}

final class EventLog: EventSink {
    private let kept = Mutex<[RelayEvent]>([])
    func emit(_ event: RelayEvent) { kept.withLock { $0.append(event) } }
    var all: [RelayEvent] { kept.withLock { $0 } }
    var names: [RelayEvent.Name] { all.map(\.name) }
}
