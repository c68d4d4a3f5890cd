internal import MailModel
internal import Networking
internal import SafeIO
internal import Settings

/// Tells those whom the configuration names that systemd has given the daemon up: run by the unit that `OnFailure=` starts.
public struct DaemonFailure: Sendable {
    /// As systemd says it in `MONITOR_SERVICE_RESULT` and `MONITOR_EXIT_STATUS`.
    private let result: String
    private let exitStatus: String
    private let configurationPath: String
    private let clock: WallClock = { Timestamp(microseconds: SystemClock.microseconds()) }

    /// How the daemon ended is in the environment.
    public init(configuration path: String) {
        result = ProcessEnvironment.value("MONITOR_SERVICE_RESULT") ?? "failed"
        exitStatus = ProcessEnvironment.value("MONITOR_EXIT_STATUS") ?? "unknown"
        configurationPath = path
    }

    /// What happened and what to do, for the journal.
    public var line: String {
        let condition = condition
        return "alarm \(condition.key.kind.rawValue): \(condition.cause); to do: \(condition.cure)"
    }

    /// Tells webhook and command.
    ///
    /// - Returns: why somebody could not be told.
    public func tell() async -> [String] {
        guard let (receivers, hostname) = Configuration.alarmSettings(of: configurationPath) else {
            return ["\(configurationPath) cannot be read, so that nobody else can be told"]
        }
        let now = clock()
        let notice = AlarmNotice(
            change: AlarmChange(state: .raised, alarm: Alarm(condition: condition, since: now)),
            host: hostname?.description ?? "unknown", time: now)
        var failures: [String] = []
        if let url = receivers.url, let failure = await Webhook(address: url, worker: WorkerPool().next()).deliver(notice) {
            failures.append("alarm.url: \(failure.text)")
        }
        if let path = receivers.command, let failure = await AlarmCommand(path: path).deliver(notice) {
            failures.append("alarm.command: \(failure)")
        }
        return failures
    }

    private var condition: AlarmCondition {
        let cause = "the daemon ended (\(result), status \(exitStatus)) and is not started again"
        guard exitStatus == "78" else {
            return AlarmCondition(
                .daemonFailed, cause: cause, cure: "journalctl -u fairlead -n 50 says why, systemctl restart fairlead starts it again")
        }
        return AlarmCondition(
            .daemonFailed, cause: cause + (configurationProblem.map { ": \($0)" } ?? ""),
            cure: "mend what fairlead check config shows, then systemctl restart fairlead")
    }

    private var configurationProblem: String? {
        do throws(SettingsError) {
            _ = try SettingsLoader(clock: clock).load(configurationPath)
            return nil
        } catch {
            return error.problems.first { $0.severity == .error }?.description
        }
    }
}
