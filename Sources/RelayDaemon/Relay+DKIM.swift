internal import ControlProtocol
internal import DKIM
internal import MailModel
internal import MailQueue
internal import Settings

extension Relay {
    /// Looks for awaited keys at once and then every hour; ends when its task is cancelled.
    func watchKeys() async {
        repeat { await lookForKeys() } while (try? await Task.sleep(for: KeyWatch.interval)) != nil
    }

    /// Signs with every key that the DNS has come to show.
    func lookForKeys() async {
        guard await keys.look(for: assembly.dkim) else { return }
        await putKeysInForce()
    }

    /// What `status` shows of the identities whose signature depends on the DNS.
    func dkimReport(_ assembly: Assembly, _ statistics: QueueStatistics) -> [StatusReport.DKIM] {
        let seen = keys.seen
        let lifetime = assembly.loaded.configuration.longestLifetime
        return assembly.dkim.filter(\.dependsOnDNS).map { plan in
            let key = plan.keyInForce(seen)
            var report = StatusReport.DKIM(identity: plan.identity, selector: key?.selector.description)
            // Awaited, or signing though its record is gone.
            if let awaited = plan.awaited(seen).last ?? key.flatMap({ keys.finding($0) == nil ? nil : $0 }) {
                let finding = keys.finding(awaited)
                report.awaited = awaited.name
                report.reason = finding?.text ?? "the DNS is being asked"
                report.cure = finding?.cure
            }
            if let next = plan.next, let since = seen.time(of: next) {
                report.since = since.description
                report.oldRecord = plan.current.name
                // Clocks stand still while the route is paused or a message held: what waits since before then may bear the old signature.
                let oldest = statistics.oldest.map { $0 < since } ?? false
                report.oldRecordUntil = (max(since, oldest ? clock() : since) + lifetime + DKIMPlan.retriesOfSES).description
            }
            return report
        }
    }
}
