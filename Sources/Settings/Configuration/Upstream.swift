extension Configuration {
    /// Section `upstream`: the way to SES.
    public struct Upstream: Hashable, Sendable {
        public enum TLSMode: String, Hashable, Sendable, CaseIterable {
            case starttls, implicit
        }

        public internal(set) var host = RemoteHost.defaultSES
        public internal(set) var port: UInt16 = 587
        public internal(set) var tls = TLSMode.starttls
        /// `nil`: the system trust store.
        public internal(set) var caFile: String?
        public internal(set) var credentials = ""
        /// `nil`: as the host name says, see `effectiveRegion`.
        public internal(set) var region: String?
        /// Recipients per time.
        public internal(set) var rate = Rate.limited(count: 14, per: .seconds(1))
        /// Recipients in 24 hours; `nil`: no limit.
        public internal(set) var dailyQuota: Int?
        public internal(set) var connections = 10
        public internal(set) var maxMessagesPerConnection = 50
        /// 1 to 50, which is what SES takes.
        public internal(set) var recipientsPerTransaction = 50

        /// The region that is set, else the one in the host name; `nil` if neither says it.
        public var effectiveRegion: String? { region ?? SESEndpoint(host)?.region }
    }
}

extension Configuration.Upstream: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "host", \.host, .remoteHost,
            "The SMTP endpoint of SES. Its certificate must carry this name."),
        SectionKey(
            "port", \.port, .port,
            "587, 2587 or 25 with starttls; 465 or 2465 with implicit."),
        SectionKey(
            "tls", \.tls, .word,
            "How TLS begins. It is never optional."),
        SectionKey(
            "ca_file", \.caFile, ValueType<String>.path.optional, defaultText: "the system trust store",
            "A PEM file of the authorities to trust instead of the system's."),
        SectionKey(
            "credentials", \.credentials, .path, required: true,
            "The file with SES_SMTP_USERNAME and SES_SMTP_PASSWORD, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."),
        SectionKey(
            "region", \.region, ValueType<String>.region.optional, defaultText: "from the host name",
            "The AWS region, for deriving the SMTP password from an access key."),
        SectionKey(
            "rate", \.rate, .rate,
            "Recipients per second, all accounts together: the \"maximum send rate\" that SES shows."),
        SectionKey(
            "daily_quota", \.dailyQuota, .dailyQuota,
            "Recipients per rolling 24 hours, all accounts together."),
        SectionKey(
            "connections", \.connections, .number(1...1000),
            "The most connections to SES at a time."),
        SectionKey(
            "max_messages_per_connection", \.maxMessagesPerConnection, .number(1...10_000),
            "After so many messages a connection is closed. SES itself ends one after about 350."),
        SectionKey(
            "recipients_per_transaction", \.recipientsPerTransaction, .number(1...50, reason: "SES takes at most 50"),
            "The most recipients of one transaction; a larger envelope is split."),
    ]
}

extension ValueType<RemoteHost> {
    static let remoteHost = scalar("host", show: \.description, parse: RemoteHost.parse)
}

extension ValueType<String> {
    static let region = scalar("region", show: \.self) { (text: String) throws(ValueError) in
        guard SESEndpoint.isRegion(Array(text.utf8)) else {
            throw ValueError("\(quoted(text)) is not an AWS region; write one such as eu-west-1")
        }
        return text
    }
}
