/// What `status` answers. Names are an interface: add, never rename.
public struct StatusReport: Codable, Hashable, Sendable {
    /// Something that needs a person now.
    public struct Alarm: Codable, Hashable, Sendable {
        /// `route_paused`, `storage_full`, ...
        public var kind: String
        /// The identity or account that it is about.
        public var subject: String?
        /// A finer word, such as `login_refused` of a paused route.
        public var detail: String?
        /// Mail does not flow, or is not accepted.
        public var grave: Bool
        public var since: String
        public var cause: String
        /// What to do, in one sentence.
        public var cure: String

        public init(kind: String, subject: String?, detail: String?, grave: Bool, since: String, cause: String, cure: String) {
            self.kind = kind
            self.subject = subject
            self.detail = detail
            self.grave = grave
            self.since = since
            self.cause = cause
            self.cure = cure
        }
    }

    public struct Route: Codable, Hashable, Sendable {
        /// `open` or `paused`
        public var state: String
        /// Why it is paused: `login_refused`, `unreachable`, ...
        public var cause: String?
        /// The upstream's words, or the system's.
        public var reason: String?
        /// What to do about it.
        public var cure: String?
        public var since: String?
        /// Seconds.
        public var nextProbeIn: Double?
        public var host: String

        enum CodingKeys: String, CodingKey {
            case state, cause, reason, cure, since
            case nextProbeIn = "next_probe_in"
            case host
        }

        public init(state: String, host: String) {
            self.state = state
            self.host = host
        }
    }

    public struct Queue: Codable, Hashable, Sendable {
        public var messages: Int
        public var recipients: Int
        public var held: Int
        public var quarantined: Int
        /// Failed, and nobody was told (yet).
        public var dead = 0
        /// Tried alone, because the daemon ended while they were under way.
        public var suspects = 0
        /// Seconds; absent when the queue is empty.
        public var oldestAge: Double?
        /// Whether the storage takes messages; otherwise why not.
        public var storage: String

        enum CodingKeys: String, CodingKey {
            case messages, recipients, held, quarantined, dead, suspects
            case oldestAge = "oldest_age"
            case storage
        }

        public init(messages: Int, recipients: Int, held: Int, quarantined: Int, oldestAge: Double?, storage: String) {
            self.messages = messages
            self.recipients = recipients
            self.held = held
            self.quarantined = quarantined
            self.oldestAge = oldestAge
            self.storage = storage
        }
    }

    public struct Sending: Codable, Hashable, Sendable {
        /// Recipients in the last second and in the last minute.
        public var lastSecond: Int
        public var lastMinute: Int
        /// Recipients in each of the last sixty whole seconds, the oldest first.
        public var perSecond: [Int]?
        /// Recipients per second; absent when unlimited.
        public var limit: Int?
        /// What is in force: less than the limit once the upstream refused so much; absent when unlimited.
        public var effectiveLimit: Int?
        public var running: Int
        public var relayed: Int
        public var deferred: Int
        public var failed: Int

        enum CodingKeys: String, CodingKey {
            case lastSecond = "last_second"
            case lastMinute = "last_minute"
            case perSecond = "per_second"
            case limit
            case effectiveLimit = "effective_limit"
            case running, relayed, deferred, failed
        }

        public init(lastSecond: Int, lastMinute: Int, limit: Int?, running: Int, relayed: Int, deferred: Int, failed: Int) {
            self.lastSecond = lastSecond
            self.lastMinute = lastMinute
            self.limit = limit
            self.running = running
            self.relayed = relayed
            self.deferred = deferred
            self.failed = failed
        }
    }

    public struct Connections: Codable, Hashable, Sendable {
        public var submission: Int
        /// To the upstream: open now, in use now, and at most.
        public var upstream: Int
        public var upstreamBusy: Int
        public var upstreamLimit: Int

        enum CodingKeys: String, CodingKey {
            case submission, upstream
            case upstreamBusy = "upstream_busy"
            case upstreamLimit = "upstream_limit"
        }

        public init(submission: Int, upstream: Int, upstreamBusy: Int, upstreamLimit: Int) {
            self.submission = submission
            self.upstream = upstream
            self.upstreamBusy = upstreamBusy
            self.upstreamLimit = upstreamLimit
        }
    }

    /// Room on the queue's file system.
    public struct Space: Codable, Hashable, Sendable {
        /// Octets.
        public var free: Int
        /// Absent where the file system makes inodes as it needs them.
        public var freeInodes: Int?
        /// `ok`, `low` or `full`
        public var level: String

        enum CodingKeys: String, CodingKey {
            case free
            case freeInodes = "free_inodes"
            case level
        }

        public init(free: Int, freeInodes: Int?, level: String) {
            self.free = free
            self.freeInodes = freeInodes
            self.level = level
        }
    }

    /// Recipients relayed in 24 hours.
    public struct Quota: Codable, Hashable, Sendable {
        public var used: Int
        /// Absent when unlimited.
        public var limit: Int?

        public init(used: Int, limit: Int?) {
            self.used = used
            self.limit = limit
        }
    }

    public struct Account: Codable, Hashable, Sendable {
        public var name: String
        /// Recipients accepted in 24 hours, and how many may be; absent when unlimited.
        public var accepted24h: Int
        public var daily: Int?
        /// Recipients relayed in 24 hours, reports of ours among them.
        public var relayed24h: Int?
        /// Messages in the queue.
        public var queued: Int
        /// `live`, or in what staging mode it is: `hold`, `redirect to ADDRESS`, `allow PATTERN, …`.
        public var mode = "live"

        enum CodingKeys: String, CodingKey {
            case name
            case accepted24h = "accepted_24h"
            case relayed24h = "relayed_24h"
            case daily, queued, mode
        }

        public init(name: String, accepted24h: Int, daily: Int?, queued: Int) {
            self.name = name
            self.accepted24h = accepted24h
            self.daily = daily
            self.queued = queued
        }
    }

    /// Delivery reports.
    public struct Reports: Codable, Hashable, Sendable {
        /// Queued since the start, digests among them.
        public var sent = 0
        /// Reports that could not be relayed themselves, since the start.
        public var bounced = 0
        /// Messages in the queue whose failure nobody was told of (yet).
        public var dead = 0

        public init() {}
    }

    /// The last trouble, kept after it has passed.
    public struct LastError: Codable, Hashable, Sendable {
        public var text: String
        public var time: String

        public init(text: String, time: String) {
            self.text = text
            self.time = time
        }
    }

    public var version: String
    public var hostname: String
    public var startedAt: String
    public var route: Route
    public var queue: Queue
    public var sending: Sending
    public var connections: Connections
    public var lastError: LastError?
    /// The last few kinds of trouble, of sending and of the daemon itself, newest first.
    public var errors: [RecentError]?
    /// Findings in the configuration that an operator should act on; empty when all is well.
    public var warnings: [String]
    /// What is wrong now, the grave alarms first.
    public var alarms: [Alarm] = []
    public var space: Space?
    public var quota: Quota?
    /// Those that have sent in 24 hours, have mail in the queue or are not live, by name.
    public var accounts: [Account] = []
    public var reports = Reports()
    /// Log lines that were lost since the start, because nobody took them.
    public var logLinesLost = 0
    /// Identities whose signature depends on what the DNS shows.
    public var dkim: [DKIM] = []
    /// Seconds since the start.
    public var uptime: Double?
    public var versions: Versions?
    public var configuration: Configuration?

    enum CodingKeys: String, CodingKey {
        case version, hostname
        case startedAt = "started_at"
        case route, queue, sending, connections
        case lastError = "last_error"
        case errors
        case warnings, alarms, space, quota, accounts, reports
        case logLinesLost = "log_lines_lost"
        case dkim, uptime, versions, configuration
    }

    public init(
        version: String, hostname: String, startedAt: String, route: Route, queue: Queue, sending: Sending, connections: Connections,
        lastError: LastError?, warnings: [String]
    ) {
        self.version = version
        self.hostname = hostname
        self.startedAt = startedAt
        self.route = route
        self.queue = queue
        self.sending = sending
        self.connections = connections
        self.lastError = lastError
        self.warnings = warnings
    }
}
