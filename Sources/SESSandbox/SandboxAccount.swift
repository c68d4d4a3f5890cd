internal import MailModel
internal import Synchronization

/// What all connections of a server share: the rules in force, what was sent under them, the faults and the counts.
final class SandboxAccount: Sendable {
    private struct State {
        var rules: SandboxRules
        var quota = SendingQuota()
        var faults: SandboxFaultPlan
        var statistics = SandboxStatistics()
    }

    private let state: Mutex<State>

    init(rules: SandboxRules, faults: [SandboxFault]) {
        state = Mutex(State(rules: rules, faults: SandboxFaultPlan(faults)))
    }

    var rules: SandboxRules { state.withLock { $0.rules } }
    var statistics: SandboxStatistics { state.withLock { $0.statistics } }

    func update(_ change: (inout SandboxRules) -> Void) { state.withLock { change(&$0.rules) } }

    func replaceFaults(_ faults: [SandboxFault]) { state.withLock { $0.faults = SandboxFaultPlan(faults) } }

    /// - Returns: whether there is room for it under the rules.
    func openConnection() -> Bool {
        state.withLock {
            $0.statistics.connections += 1
            $0.statistics.openConnections += 1
            return $0.statistics.openConnections <= $0.rules.maximumConnections
        }
    }

    func closeConnection() { state.withLock { $0.statistics.openConnections -= 1 } }

    func strike(
        _ phase: SandboxTransaction.Phase, sender: [UInt8]?, recipients: [[UInt8]]
    ) -> (delay: Duration, action: SandboxFault.Action?) {
        state.withLock { $0.faults.strike(phase, sender: sender, recipients: recipients) }
    }

    /// Counts recipients against rate and quota.
    func admit(_ recipients: [HeaderAddress], now: ContinuousClock.Instant) -> Reply? {
        state.withLock { $0.quota.admit(recipients, under: $0.rules, now: now) }
    }

    func countAccepted(recipients: Int, octets: Int) {
        state.withLock {
            $0.statistics.accepted += 1
            $0.statistics.recipients += recipients
            $0.statistics.octets += octets
        }
    }

    func countRefused() { state.withLock { $0.statistics.refused += 1 } }

    func countStorageFailure() { state.withLock { $0.statistics.storageFailures += 1 } }
}
