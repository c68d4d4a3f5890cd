internal import ControlProtocol
internal import Dispatcher
internal import Intake
internal import MailModel
internal import MailQueue

/// Second thoughts: makes the headers of queued messages anew, from what came in and the settings in force.
///
/// A few messages at a time are taken out of the dispatcher's hands, replaced in one transaction and given back; deliveries of all others
/// go on meanwhile. A message that is being attempted is left until its attempt is over.
struct QueueRewriter: Sendable {
    let store: any QueueStore
    let dispatcher: Dispatcher
    let events: any EventSink
    let clock: WallClock
    /// Those in force; `nil` once the daemon has stopped.
    let settings: @Sendable () -> IntakeSettings?

    /// So many share a transaction, and are kept from being sent for as long as it takes to sign them.
    private static let chunk = 32
    /// How often those that are being sent are looked at again, and how long to wait before each time.
    private static let patience = 40
    private static let pause: Duration = .milliseconds(250)

    typealias Listener = (RewriteOutcome) async throws(QueueError) -> Bool

    /// - Parameters:
    ///   - identity: only what leaves under this one.
    ///   - tell: hears of each message once; returns whether to go on.
    func rewrite(
        _ filter: MailQueue.QueueFilter, identity: String?, isDryRun: Bool, tell: Listener
    ) async throws(QueueError) {
        var busy: [QueueID] = []
        var after: QueueID?
        repeat {
            let page = try await store.list(filter, after: after, limit: Self.chunk)
            let ids = page.entries.filter { Self.leaves($0.facts, under: identity) }.map(\.id)
            guard try await step(ids, isDryRun: isDryRun, &busy, tell) else { return }
            after = page.next
        } while after != nil
        for _ in 0..<Self.patience where !busy.isEmpty {
            try? await Task.sleep(for: Self.pause)
            let again = busy
            busy = []
            for start in stride(from: 0, to: again.count, by: Self.chunk) {
                let part = Array(again[start..<min(again.count, start + Self.chunk)])
                guard try await step(part, isDryRun: isDryRun, &busy, tell) else { return }
            }
        }
        for id in busy {
            let outcome = RewriteOutcome(id.description, .busy, reason: "it is being sent just now; if it stays in the queue, say it again")
            guard try await tell(outcome) else { return }
        }
    }

    private static func leaves(_ facts: MessageFacts, under identity: String?) -> Bool {
        guard let identity else { return true }
        return ASCII.equalsIgnoringCase(Array((facts.identity ?? "").utf8), Array(identity.utf8))
    }

    /// - Parameter busy: gets those that cannot be touched now.
    /// - Returns: whether to go on.
    private func step(_ ids: [QueueID], isDryRun: Bool, _ busy: inout [QueueID], _ tell: Listener) async throws(QueueError) -> Bool {
        guard !ids.isEmpty else { return true }
        var outcomes: [RewriteOutcome] = []
        if isDryRun {
            for id in ids { if let plan = try await plan(id) { outcomes.append(plan.outcome) } }
        } else {
            let reserved = await dispatcher.reserve(ids)
            busy += ids.filter { !reserved.contains($0) }
            var failure: QueueError?
            do throws(QueueError) { outcomes = try await replace(ids.filter(reserved.contains)) } catch { failure = error }
            await dispatcher.letGo(reserved, areDue: outcomes.contains { $0.result == .rewritten })
            if let failure { throw failure }
        }
        for outcome in outcomes { guard try await tell(outcome) else { return false } }
        return true
    }

    private func replace(_ ids: [QueueID]) async throws(QueueError) -> [RewriteOutcome] {
        var outcomes: [RewriteOutcome] = []
        var replacements: [HeaderReplacement] = []
        for id in ids {
            guard let plan = try await plan(id) else { continue }
            outcomes.append(plan.outcome)
            if let replacement = plan.replacement { replacements.append(replacement) }
        }
        guard !replacements.isEmpty else { return outcomes }
        let replaced = try await store.replace(replacements)
        for replacement in replacements where replaced.contains(replacement.id) {
            for event in replacement.events { events.emit(event) }
        }
        var waiting = MailQueue.QueueFilter(ids: Array(replaced))
        waiting.state = .waiting
        // What it waited for may have been what has changed.
        try await store.makeDue(waiting, at: store.serviceClock.steadyWall())
        // What left the queue meanwhile needs nothing any more.
        let gone = Set(replacements.map(\.id)).subtracting(replaced).map(\.description)
        return outcomes.filter { !gone.contains($0.queueID) }
    }

    /// What today's settings make of a message.
    ///
    /// - Returns: `nil` if it is gone.
    private func plan(_ id: QueueID) async throws(QueueError) -> HeaderPlan? {
        guard let settings = settings() else { throw .closed }
        do throws(QueueError) {
            let message = try await store.stored(id)
            guard let original = try await store.original(of: id) else {
                let reason = message.facts.kind == .message ? "what came in was not kept" : "it is a mail of our own"
                return HeaderPlan(outcome: RewriteOutcome(id.description, .unknown, reason: reason))
            }
            return HeaderPlan(message, original, settings: settings, now: clock())
        } catch {
            switch error {
            case .notFound: return nil
            case .damaged: return HeaderPlan(outcome: RewriteOutcome(id.description, .damaged, reason: "\(error)"))
            default: throw error
            }
        }
    }
}
