extension StatusReport {
    /// What the daemon is made of.
    public struct Versions: Codable, Hashable, Sendable {
        public var fairlead: String
        public var openssl: String
        public var sqlite: String

        public init(fairlead: String, openssl: String, sqlite: String) {
            self.fairlead = fairlead
            self.openssl = openssl
            self.sqlite = sqlite
        }
    }

    /// The settings in force.
    public struct Configuration: Codable, Hashable, Sendable {
        public var path: String
        /// When they, or a file that they name, were read last.
        public var loadedAt: String
        /// What `trace --headers` calls them.
        public var generation: String
        /// When the certificate for apps ends.
        public var certificateExpires: String
        /// Why files that changed are not in force; absent if all are.
        public var filesRefused: LastError?

        enum CodingKeys: String, CodingKey {
            case path
            case loadedAt = "loaded_at"
            case generation
            case certificateExpires = "certificate_expires"
            case filesRefused = "files_refused"
        }

        public init(path: String, loadedAt: String, generation: String, certificateExpires: String) {
            self.path = path
            self.loadedAt = loadedAt
            self.generation = generation
            self.certificateExpires = certificateExpires
        }
    }

    /// Trouble of late, the same words counted together.
    public struct RecentError: Codable, Hashable, Sendable {
        public var text: String
        /// The last time.
        public var time: String
        public var count: Int

        public init(text: String, time: String, count: Int) {
            self.text = text
            self.time = time
            self.count = count
        }
    }
}
