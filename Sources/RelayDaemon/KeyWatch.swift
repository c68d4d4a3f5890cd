internal import DKIM
internal import MailModel
internal import Networking
internal import SafeIO
internal import Synchronization

/// Looks in the DNS for the keys that wait to be published, and remembers those that were.
final class KeyWatch: Sendable {
    private struct State {
        var seen: SeenKeys
        /// By name of the record: what the last look found.
        var findings: [String: Finding] = [:]
    }

    /// What keeps a key from being used.
    struct Finding: Hashable, Sendable {
        let text: String
        let cure: String
    }

    private let queueFolder: String
    /// Made anew for each look: the host's name servers change while it runs.
    private let dns: @Sendable () -> DNSClient
    private let log: Log
    private let clock: WallClock
    private let state: Mutex<State>
    /// One look at a time: that of the hour and that of a reload may meet.
    private let looks = Gate()

    static let interval: Duration = .seconds(3600)

    init(queueFolder: String, seen: SeenKeys, dns: @escaping @Sendable () -> DNSClient, log: Log, clock: @escaping WallClock) {
        self.queueFolder = queueFolder
        self.dns = dns
        self.log = log
        self.clock = clock
        state = Mutex(State(seen: seen))
    }

    var seen: SeenKeys { state.withLock { $0.seen } }
    func finding(_ key: DKIMKey) -> Finding? { state.withLock { $0.findings[key.name] } }

    /// Looks once, for the keys that wait and for those in force. Blocks nobody: look-ups run on threads of their own.
    ///
    /// - Returns: whether another key is in force than before, somewhere.
    func look(for plans: [DKIMPlan]) async -> Bool {
        await looks.enter()
        defer { looks.leave() }
        let before = plans.map { $0.keyInForce(seen)?.fingerprint }
        forget(allBut: plans)
        let dns = dns()
        for plan in plans where plan.dependsOnDNS {
            for key in plan.watched { await look(for: key, of: plan, dns) }
        }
        return plans.map { $0.keyInForce(seen)?.fingerprint } != before
    }

    private func look(for key: DKIMKey, of plan: DKIMPlan, _ dns: DNSClient) async {
        let finding: Finding
        var isCertain = false
        do throws(DNSClient.NoAnswer) {
            let records: [[UInt8]] = if case .records(let records) = try await dns.texts(of: key.name) { records } else { [] }
            let published = PublishedKey(records: records, publicKeyDER: key.publicKeyDER)
            guard let cure = published.cure else { return note(key, of: plan) }
            finding = Finding(text: published.finding, cure: cure)
            isCertain = true
        } catch {
            finding = Finding(text: "the DNS did not tell: \(error)", cure: "check the name servers; it is asked again within an hour")
        }
        let wasSeen = seen.time(of: key) != nil
        // A key in force stays so through a name server's bad hour.
        guard isCertain || !wasSeen else { return }
        // Without a record it signs for nobody, and mail that is pending leaves without it. One that took another's place goes on: whether
        // the other's record still stands is not known.
        if wasSeen, plan.withdraws(key) { forget(key) }
        let isKnown = state.withLock { $0.findings.updateValue(finding, forKey: key.name) == finding }
        guard !isKnown else { return }
        let effect = plan.keyInForce(seen).map { "signed with \($0.selector)" } ?? "not signed by us"
        let text = "dkim: \(key.name): \(finding.text); \(finding.cure); until then mail of \(plan.identity) is \(effect)"
        if wasSeen { log.error("\(text), though the DNS had the key before") } else { log.warning("\(text)") }
    }

    /// What no plan names any more was rolled back, and must be seen anew if it ever returns.
    private func forget(allBut plans: [DKIMPlan]) {
        let changed = state.withLock { state in
            state.seen.keep(plans.flatMap { [$0.current, $0.next].compactMap(\.self) }) ? state.seen : nil
        }
        if let changed { remember(changed, "what was seen before") }
    }

    private func forget(_ key: DKIMKey) {
        let seen = state.withLock { state in
            state.seen.remove(key)
            return state.seen
        }
        remember(seen, key.name)
    }

    private func note(_ key: DKIMKey, of plan: DKIMPlan) {
        let (seen, isNew) = state.withLock { state in
            state.findings[key.name] = nil
            let isNew = state.seen.note(key, at: clock())
            return (state.seen, isNew)
        }
        guard isNew else { return }
        log.notice("dkim: the DNS shows \(key.name): mail of \(plan.identity) is signed with this key from now on")
        remember(seen, key.name)
    }

    private func remember(_ seen: SeenKeys, _ what: String) {
        do throws(SystemCallError) {
            try seen.write(inQueue: queueFolder)
        } catch {
            log.error("dkim: cannot remember whether the DNS shows \(what): \(error); it is looked up again after a restart")
        }
    }
}
