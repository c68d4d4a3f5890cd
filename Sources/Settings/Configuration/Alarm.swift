extension Configuration {
    /// Section `alarm`: who is told of trouble, besides the log, `status` and `check health`.
    public struct Alarm: Hashable, Sendable {
        /// Gets a POST of one JSON object; `nil`: none.
        public internal(set) var url: WebAddress?
        /// The path of a program that is run; `nil`: none.
        public internal(set) var command: String?
        /// A message that waits longer than this is an alarm.
        public internal(set) var oldest: Duration = .seconds(3600)
        /// Whether the operator gets a mail, where mail still flows.
        public internal(set) var mail = true
    }
}

extension Configuration.Alarm: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "url", \.url, .webAddressOrNone,
            "A webhook: gets a POST of one JSON object with a text, such as Slack and Mattermost take, when an alarm begins and ends."),
        SectionKey(
            "command", \.command, .pathOrNone,
            "A program that is run when an alarm begins and ends, without a shell, with FAIRLEAD_ALARM_KIND, _STATE, _CAUSE, _CURE, "
                + "_SUBJECT and _HOST in its environment and the webhook's JSON as its input."),
        SectionKey(
            "oldest", \.oldest, .duration(.seconds(1) ... .seconds(365 * 86_400)),
            "A message that waits longer than this is an alarm."),
        SectionKey(
            "mail", \.mail, .truth,
            "Whether the operator gets a mail, where mail still flows."),
    ]
}

extension ValueType<WebAddress?> {
    static let webAddressOrNone = scalar("URL or none", show: { $0?.description ?? "none" }) { (text: String) throws(ValueError) in
        text == "none" ? nil : try WebAddress.parse(text)
    }
}

extension ValueType<String?> {
    static let pathOrNone = ValueType(
        name: "path or none",
        read: { node, place, reading in
            if case .scalar(let scalar) = node, scalar.text == "none" { return .some(nil) }
            return ValueType<String>.path.read(node, place, &reading)
        },
        show: { value, place in [(place, value ?? "none")] })
}
