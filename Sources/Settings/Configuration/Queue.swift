extension Configuration {
    /// Section `queue`: where accepted mail waits.
    public struct Queue: Hashable, Sendable {
        public internal(set) var path = "/var/lib/fairlead"
        /// After this, the sender is told that the message could not be sent.
        public internal(set) var lifetime: Duration = .seconds(4 * 86_400)
        /// After this its sender is told that a message is late; `nil`: never.
        public internal(set) var delayWarning: Duration? = .seconds(4 * 3600)
        /// How long `trace` remembers a message that left.
        public internal(set) var history: Duration = .seconds(30 * 86_400)
    }
}

extension Configuration.Queue: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "path", \.path, .path,
            "The folder of the queue, readable by the daemon only. It must be on a local disk."),
        SectionKey(
            "lifetime", \.lifetime, .duration(.seconds(1) ... .seconds(365 * 86_400)),
            "How long a message is tried before its sender is told that it failed. Pauses of the whole route do not count."),
        SectionKey(
            "delay_warning", \.delayWarning, .durationOrOff(.seconds(1) ... .seconds(365 * 86_400)),
            "When the sender of a message that still waits is told so, once; or off."),
        SectionKey(
            "history", \.history, .duration(.seconds(60) ... .seconds(3650 * 86_400)),
            "How long `fairlead trace` remembers a message that left."),
    ]
}
