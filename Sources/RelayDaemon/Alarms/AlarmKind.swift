/// What needs a person. The words are an interface (JSON, webhooks, metrics): add, never rename.
enum AlarmKind: String, CaseIterable, Sendable {
    case routePaused = "route_paused"
    case identityHeld = "identity_held"
    case storageFailed = "storage_failed"
    case storageFull = "storage_full"
    case spaceLow = "space_low"
    case quarantined
    case deadLetter = "dead_letter"
    case queueOld = "queue_old"
    case accountDaily80 = "account_daily_80"
    case accountDailyReached = "account_daily_reached"
    case quota80 = "quota_80"
    case quotaExceeded = "quota_exceeded"
    case certificateExpiring = "certificate_expiring"
    case filesRefused = "files_refused"
    case historyFailing = "history_failing"
    case clockStepped = "clock_stepped"
    case upstreamThrottled = "upstream_throttled"
    case backlog
    /// Told by whoever finds it dead, since it cannot do so itself.
    case daemonFailed = "daemon_failed"

    /// All mail, that of an identity, or the mail of clients is stopped: worse than some messages that stand.
    var stopsMail: Bool {
        switch self {
        case .routePaused, .identityHeld, .storageFailed, .storageFull, .quotaExceeded, .backlog, .daemonFailed: true
        default: false
        }
    }

    /// Mail does not flow, is not accepted, or stands until somebody comes: `check health` grades it 2, everything else 1.
    var isGrave: Bool {
        switch self {
        case .quarantined, .deadLetter, .queueOld: true
        default: stopsMail
        }
    }

    /// The alarm that this one grows into: its own end is then no good news, and nobody is told of it.
    var escalation: AlarmKind? {
        switch self {
        case .spaceLow: .storageFull
        case .accountDaily80: .accountDailyReached
        case .quota80: .quotaExceeded
        default: nil
        }
    }
}
