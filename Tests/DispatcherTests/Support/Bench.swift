import Dispatcher
import MailModel
import MailQueue
import Testing
import TestSupport
import Upstream

/// A dispatcher between a store in memory and a scripted route, under a clock that the test turns.
final class Bench: Sendable {
    let time = ManualTime()
    let memory: MemoryQueueStore
    let store: WatchedStore
    let route: ScriptedRoute
    let events = EventLog()
    let dispatcher: Dispatcher

    init(_ route: ScriptedRoute = ScriptedRoute(), lifetime: Duration = .seconds(4 * 86_400), memoryBudget: Int = 2 << 20) {
        self.route = route
        memory = MemoryQueueStore(clock: { [time] in time.wall }, instant: { [time] in time.now })
        store = WatchedStore(memory)
        dispatcher = Dispatcher(
            store: store, route: route, settings: DispatcherSettings(lifetime: lifetime, memoryBudget: memoryBudget), events: events,
            time: time.keeper)
    }

    /// A message as submission makes it; ids count up.
    func message(
        _ number: Int, account: String = "app", recipients: Int = 1, size: Int = 100, identity: String = "mail.example.com",
        in wait: Duration = .zero
    ) throws -> QueuedMessage {
        var facts = MessageFacts()
        facts.identity = identity
        return QueuedMessage(
            id: try #require(QueueID(Int64(number))), account: try #require(AccountName(account)), acceptedAt: time.wall,
            reversePath: .null,
            recipients: try (0..<recipients).map {
                QueuedRecipient(
                    index: $0, mailbox: try Mailbox(parsing: Array("r\($0)@example.net".utf8)),
                    nextAttempt: memory.serviceClock.steadyWall() + wait)
            },
            header: Array("Subject: \(number)\r\n\r\n".utf8), body: .inline([UInt8](repeating: 65, count: size)), is8Bit: false,
            facts: facts)
    }

    /// As submission does: announced, committed, handed over.
    func submit(_ message: QueuedMessage) async throws {
        dispatcher.expect(message.id)
        try await memory.commit(message)
        dispatcher.accepted(message)
    }

    /// In the store from an earlier run.
    func queue(_ messages: [QueuedMessage]) async throws { try await memory.commit(messages) }

    /// Waits until it holds; fails if it does not within some seconds of real time.
    nonisolated(nonsending) func until(
        _ what: String = "it", sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !holds() {
            try #require(.now < deadline, "\(what) did not come about", sourceLocation: sourceLocation)
            await Task.yield()
        }
    }

    /// Until nothing is being written or read, and only so many are being attempted.
    nonisolated(nonsending) func quiet(running: Int = 0) async throws {
        var calm = 0
        var last = -1
        try await until("quiet") {
            let status = await dispatcher.status()
            let work = store.calls
            calm = status.running == running && work == last && store.underWay == 0 ? calm + 1 : 0
            last = work
            return calm > 200
        }
    }
}
