extension Configuration {
    /// Section `limits`: what clients may ask for.
    public struct Limits: Hashable, Sendable {
        /// Of the message as it is received.
        public internal(set) var messageSize = ByteCount(octets: 40_000_000)
        /// In one transaction.
        public internal(set) var recipients = 1000
        public internal(set) var connections = 1000
        public internal(set) var connectionsPerIP = 50
    }
}

extension Configuration.Limits: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "message_size", \.messageSize,
            .size(ByteCount(octets: 1000)...ByteCount(octets: 40_000_000), reason: "SES takes no message over 40MB"),
            "The largest message that is accepted, counted as received."),
        SectionKey(
            "recipients", \.recipients, .number(1...100_000),
            "The most recipients of one message."),
        SectionKey(
            "connections", \.connections, .number(1...100_000),
            "The most connections at a time."),
        SectionKey(
            "connections_per_ip", \.connectionsPerIP, .number(1...100_000),
            "The most connections at a time from one address."),
    ]
}
