internal import Dispatcher
internal import MailModel
internal import MailQueue

/// What one look at the daemon finds: everything that an alarm may follow from.
struct AlarmFacts: Sendable {
    struct Pause: Sendable {
        let trouble: RouteTrouble
        let since: Timestamp
    }

    struct Hold: Sendable {
        let identity: String
        let reply: String
        let since: Timestamp
    }

    /// Recipients in 24 hours.
    struct Use: Sendable {
        let name: String
        let used: Int
        let limit: Int
    }

    var now = Timestamp(seconds: 0)
    var pause: Pause?
    var holds: [Hold] = []
    /// How many identities there are in all.
    var identities = 1
    /// Recipients per second: what is configured, and what is in force since the upstream refused more.
    var configuredRate: Int?
    var effectiveRate: Int?

    var queuePath = ""
    var storage = StorageHealth.healthy
    var space: StorageSpace?
    /// False if the queue could not be asked: what was known of it before still holds.
    var isQueueKnown = true
    var quarantined = 0
    var dead = 0
    /// Among the dead are alarms of ours.
    var isOperatorUnreachable = false
    /// Of the messages that wait to be sent, by the wall clock.
    var oldestAge: Duration?
    /// What `oldestAge` is measured by.
    var oldestLimit: Duration = .seconds(3600)
    var historyFailure: String?

    /// Accounts with a daily limit.
    var accounts: [Use] = []
    var quota: Use?
    var quotaUsedUpUntil: Timestamp?
    /// Why mail is refused because of the backlog, if it is.
    var backlog: String?

    var certificateExpiry: Timestamp?
    var filesRefused: FilesRefusal?
    var clockStep: Duration?
}
