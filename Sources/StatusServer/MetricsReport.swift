public import ControlProtocol

/// What `/metrics` shows. Counters count since the start of the daemon.
public struct MetricsReport: Sendable {
    /// What an account's mail came to; recipients but for the first two.
    public struct Account: Hashable, Sendable {
        public var messages = 0
        public var octets = 0
        public var accepted = 0
        public var relayed = 0
        public var deferred = 0
        public var failed = 0
        public var expired = 0
        /// The final dot went out and no reply came.
        public var inDoubt = 0

        public init() {}
    }

    public struct Alarm: Hashable, Sendable {
        public var kind: String
        public var isGrave: Bool
        /// How many of them are in force.
        public var count: Int

        public init(kind: String, isGrave: Bool, count: Int) {
            self.kind = kind
            self.isGrave = isGrave
            self.count = count
        }
    }

    /// Messages in the queue by state, as `queue list` names them.
    public struct Queue: Hashable, Sendable {
        public var active = 0
        public var deferred = 0
        public var octets = 0

        public init() {}
    }

    /// The process, as the system sees it; nothing where it cannot be seen.
    public struct Process: Hashable, Sendable {
        public var startTime: Double?
        public var cpuSeconds: Double?
        public var residentOctets: Int?
        public var virtualOctets: Int?
        public var openDescriptors: Int?
        public var maximumDescriptors: Int?
        public var threads: Int?

        public init() {}
    }

    public var status: StatusReport
    /// By name.
    public var accounts: [String: Account] = [:]
    public var delays = DelayHistogram()
    /// In the dialogue.
    public var refusedMessages = 0
    public var refusedLogins = 0
    public var queue = Queue()
    /// Every kind that there is, in force or not.
    public var alarms: [Alarm] = []
    /// Seconds since 1970.
    public var certificateExpiry: Double?
    public var process = Process()

    public init(status: StatusReport) { self.status = status }
}

/// How long mail took from acceptance to the upstream's 250.
public struct DelayHistogram: Hashable, Sendable {
    /// Upper bounds in seconds; what is longer counts in the last bucket of all.
    public static let bounds: [Double] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200]
    public private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    public private(set) var sum = 0.0

    public init() {}

    public mutating func add(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
