/// What `status` answers. Names are an interface: add, never rename.
public struct StatusReport: Codable, Hashable, Sendable {
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
        /// Seconds; absent when the queue is empty.
        public var oldestAge: Double?
        /// Whether the storage takes messages; otherwise why not.
        public var storage: String

        enum CodingKeys: String, CodingKey {
            case messages, recipients, held, quarantined
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
        /// Recipients per second; absent when unlimited.
        public var limit: Int?
        public var running: Int
        public var relayed: Int
        public var deferred: Int
        public var failed: Int

        enum CodingKeys: String, CodingKey {
            case lastSecond = "last_second"
            case lastMinute = "last_minute"
            case limit, running, relayed, deferred, failed
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
    /// Findings that an operator should act on; empty when all is well.
    public var warnings: [String]

    enum CodingKeys: String, CodingKey {
        case version, hostname
        case startedAt = "started_at"
        case route, queue, sending, connections
        case lastError = "last_error"
        case warnings
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
