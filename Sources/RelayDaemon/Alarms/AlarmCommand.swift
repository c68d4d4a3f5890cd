@preconcurrency internal import Dispatch
internal import SafeIO

/// Runs the operator's program for a notice.
struct AlarmCommand: Sendable {
    let path: String
    var timeLimit: Duration = .seconds(30)

    /// Waiting for a program takes a thread; there is one for all of them.
    private static let queue = DispatchQueue(label: "fairlead.alarm.command")

    /// - Returns: why it did not go well.
    func deliver(_ notice: AlarmNotice) async -> String? {
        await withCheckedContinuation { continuation in
            Self.queue.async { continuation.resume(returning: run(notice)) }
        }
    }

    private func run(_ notice: AlarmNotice) -> String? {
        do throws(SystemCallError) {
            let ending = try Program.run(
                path, environment: Self.environment(notice), input: notice.json + [10], timeLimit: timeLimit)
            return switch ending {
            case .exited(0): nil
            case .exited(let code): "\(path): exit status \(code)"
            case .signalled(let signal): "\(path): ended by signal \(signal)"
            case .killed: "\(path): not done after \(timeLimit.inWords), and so it was killed"
            case .stuck: "\(path): not done after \(timeLimit.inWords), and cannot be killed"
            }
        } catch {
            return "\(error)"
        }
    }

    /// Nothing of the daemon's own environment, which may hold the password for SES.
    static func environment(_ notice: AlarmNotice) -> [String] {
        [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
            "FAIRLEAD_ALARM_KIND=\(notice.key.kind.rawValue)", "FAIRLEAD_ALARM_STATE=\(notice.state)",
            "FAIRLEAD_ALARM_CAUSE=\(notice.cause)", "FAIRLEAD_ALARM_CURE=\(notice.cure)",
            "FAIRLEAD_ALARM_SUBJECT=\(notice.key.subject)", "FAIRLEAD_ALARM_HOST=\(notice.host)",
        ]
    }
}
