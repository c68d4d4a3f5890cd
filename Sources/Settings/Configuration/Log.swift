extension Configuration {
    /// Section `log`.
    public struct Log: Hashable, Sendable {
        public enum Level: String, Hashable, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }

        public enum Format: String, Hashable, Sendable, CaseIterable {
            /// Priorities for journald under systemd, text elsewhere.
            case auto
            case text
            case json
        }

        public internal(set) var level = Level.info
        public internal(set) var format = Format.auto
    }
}

extension Configuration.Log: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "level", \.level, .word,
            "The least important events that are logged."),
        SectionKey(
            "format", \.format, .word,
            "How a line looks. auto: with journald priorities under systemd, else text."),
    ]
}
