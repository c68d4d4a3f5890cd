internal import ControlProtocol

/// Something that holds mail up, or will: with its cause and what to do.
struct Matter {
    let title: String
    let isGrave: Bool
    var since: String?
    let cause: String
    let cure: String

    /// Everything of a status, the alarms first. What an alarm tells is not told again.
    static func all(_ status: StatusReport) -> [Matter] {
        let kinds = Set(status.alarms.map(\.kind))
        return status.alarms.map(alarm) + route(status, kinds) + queue(status, kinds) + status.dkim.compactMap(signature)
            + status.warnings.map {
                Matter(
                    title: "Configuration", isGrave: false, cause: $0, cure: "correct it, then fairlead check config and fairlead reload")
            }
    }

    private static func alarm(_ alarm: StatusReport.Alarm) -> Matter {
        let words = alarm.kind.split(separator: "_").joined(separator: " ")
        let name = words.prefix(1).uppercased() + words.dropFirst()
        return Matter(
            title: [name, alarm.subject].compactMap(\.self).joined(separator: ": "), isGrave: alarm.grave, since: alarm.since,
            cause: alarm.cause, cure: alarm.cure)
    }

    private static func route(_ status: StatusReport, _ kinds: Set<String>) -> [Matter] {
        let route = status.route
        guard route.state != "open", !kinds.contains("route_paused"), !kinds.contains("quota_exceeded") else { return [] }
        let isBrief = route.cause == "throttled" || route.cause == "too_many_connections"
        return [
            Matter(
                title: "Route paused", isGrave: !isBrief, since: route.since, cause: route.reason ?? route.cause ?? "unknown",
                cure: route.cure ?? "fairlead check upstream tells more")
        ]
    }

    /// Without dead letters that no alarm tells of: they wait for the next digest, and need nobody.
    private static func queue(_ status: StatusReport, _ kinds: Set<String>) -> [Matter] {
        let queue = status.queue
        var matters: [Matter] = []
        if queue.storage != "ok", !kinds.contains("storage_failed"), !kinds.contains("storage_full") {
            matters.append(
                Matter(title: "Storage", isGrave: true, cause: queue.storage, cure: "look at the disk of the queue: room, errors, load"))
        }
        if queue.held > 0 {
            matters.append(
                Matter(
                    title: "Held messages: \(HTMLText.number(queue.held))", isGrave: false,
                    cause: "an operator holds them, or the staging mode of their account does",
                    cure: "fairlead queue list shows them, fairlead queue release ID lets one go"))
        }
        if queue.quarantined > 0, !kinds.contains("quarantined") {
            matters.append(
                Matter(
                    title: "Set aside: \(HTMLText.number(queue.quarantined))", isGrave: true,
                    cause: "damaged, or suspected of ending the daemon",
                    cure: "fairlead queue list shows them, fairlead queue show ID the reason"))
        }
        return matters
    }

    private static func signature(_ identity: StatusReport.DKIM) -> Matter? {
        guard let awaited = identity.awaited else { return nil }
        return Matter(
            title: "DKIM: \(identity.identity)", isGrave: false,
            cause: "waits for the record \(awaited): \(identity.reason ?? "not seen yet")",
            cure: identity.cure ?? "publish the record that fairlead dkim record prints")
    }
}
