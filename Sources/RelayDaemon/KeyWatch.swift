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
    private let dns: DNSClient
    private let log: Log
    private let clock: WallClock
    private let state: Mutex<State>
    /// One look at a time: that of the hour and that of a reload may meet.
    private let looks = Gate()

    static let interval: Duration = .seconds(3600)

    init(queueFolder: String, seen: SeenKeys, dns: DNSClient, log: Log, clock: @escaping WallClock) {
        self.queueFolder = queueFolder
        self.dns = dns
        self.log = log
        self.clock = clock
        state = Mutex(State(seen: seen))
    }

    var seen: SeenKeys { state.withLock { $0.seen } }
    func finding(_ key: DKIMKey) -> Finding? { state.withLock { $0.findings[key.name] } }

    /// Looks once. Blocks nobody: look-ups run on threads of their own.
    ///
    /// - Returns: whether a key was seen that had not been before.
    func look(for plans: [DKIMPlan]) async -> Bool {
        await looks.enter()
        defer { looks.leave() }
        var isNew = false
        for plan in plans {
            for key in plan.awaited(seen) where await look(for: key, of: plan) { isNew = true }
        }
        return isNew
    }

    private func look(for key: DKIMKey, of plan: DKIMPlan) async -> Bool {
        let finding: Finding
        do throws(DNSClient.NoAnswer) {
            let records: [[UInt8]] = if case .records(let records) = try await dns.texts(of: key.name) { records } else { [] }
            let published = PublishedKey(records: records, publicKeyDER: key.publicKeyDER)
            guard let cure = published.cure else {
                note(key, of: plan)
                return true
            }
            finding = Finding(text: published.finding, cure: cure)
        } catch {
            finding = Finding(text: "the DNS did not tell: \(error)", cure: "check the name servers; it is asked again within an hour")
        }
        let isKnown = state.withLock { $0.findings.updateValue(finding, forKey: key.name) == finding }
        if !isKnown {
            let effect = plan.keyInForce(seen).map { "signed with \($0.selector)" } ?? "not signed by us"
            log.warning("dkim: \(key.name): \(finding.text); \(finding.cure); until then mail of \(plan.identity) is \(effect)")
        }
        return false
    }

    private func note(_ key: DKIMKey, of plan: DKIMPlan) {
        let seen = state.withLock { state in
            state.findings[key.name] = nil
            _ = state.seen.note(key, at: clock())
            return state.seen
        }
        log.notice("dkim: the DNS shows \(key.name): mail of \(plan.identity) is signed with this key from now on")
        do throws(SystemCallError) {
            try seen.write(inQueue: queueFolder)
        } catch {
            log.error("dkim: cannot remember that \(key.name) was seen: \(error); it is looked up again after a restart")
        }
    }
}
