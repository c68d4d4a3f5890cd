internal import MailModel

extension Configuration {
    /// Section `headers`: fields that are taken out of every message, set, or added where they are missing.
    public struct HeaderRules: Hashable, Sendable {
        public struct Field: Hashable, Sendable {
            public let name: String
            /// One line; may be any text.
            public let text: String
        }

        public internal(set) var remove: [String] = []
        public internal(set) var set: [Field] = []
        public internal(set) var add: [Field] = []

        public init() {}

        /// These rules, and those of `others` for fields that none of these names.
        public func over(_ others: HeaderRules) -> HeaderRules {
            let own = Set(names)
            func isOther(_ name: String) -> Bool { !own.contains(name.lowercasedASCII) }
            var merged = self
            merged.remove += others.remove.filter(isOther)
            merged.set += others.set.filter { isOther($0.name) }
            merged.add += others.add.filter { isOther($0.name) }
            return merged
        }

        /// Of all fields that a rule names, in lower case.
        fileprivate var names: [String] { (remove + set.map(\.name) + add.map(\.name)).map(\.lowercasedASCII) }
    }

    /// Two rules for one field would undo each other whenever a message passes.
    func checkHeaderRules(_ reading: inout Reading) {
        Self.check(rewrite.headers, at: KeyPathText.root.key("rewrite").key("headers"), &reading)
        for (index, rule) in rewrite.rules.enumerated() {
            Self.check(rule.policy.headers, at: KeyPathText.root.key("rewrite").key("rules").index(index).key("headers"), &reading)
        }
        for (name, policy) in accounts.sorted(by: { $0.key < $1.key }) {
            Self.check(policy.headers, at: KeyPathText.root.key("accounts").name(name.description).key("headers"), &reading)
        }
    }

    private static func check(_ rules: HeaderRules, at path: KeyPathText, _ reading: inout Reading) {
        var seen: Set<String> = []
        for name in rules.names where !seen.insert(name).inserted {
            reading.report(key: path, "\(name) is named by two rules; keep one of remove, set and add")
        }
    }
}

extension String {
    fileprivate var lowercasedASCII: String { String(decoding: utf8.map(ASCII.lowercased), as: UTF8.self) }
}

extension Configuration.HeaderRules: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "remove", \.remove, ValueType<String>.fieldName.list(of: "header fields"),
            "Header fields that are taken out, such as [X-Mailer, X-PHP-Originating-Script]."),
        SectionKey(
            "set", \.set, .fields,
            "Header fields with the text that takes the place of the app's, such as { Auto-Submitted: auto-generated }."),
        SectionKey(
            "add", \.add, .fields,
            "Header fields that a message gets if it has none of that name."),
    ]
}

extension ValueType<String> {
    static let fieldName = scalar("header field", show: \.self) { (text: String) throws(ValueError) in
        try HeaderFieldName.check(text)
        return text
    }
}

extension ValueType<[Configuration.HeaderRules.Field]> {
    fileprivate static let fields = mapping(
        "mapping of header fields", example: "X-Environment: staging",
        show: { (field: Configuration.HeaderRules.Field) in (field.name, field.text) }
    ) { (name: String, text: String) throws(ValueError) in
        try HeaderFieldName.check(name)
        guard !text.utf8.isEmpty, text.utf8.count <= 900, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            text.utf8.contains(where: { $0 != 0x20 })
        else { throw ValueError("\(quoted(text)) cannot stand in a header; write 1 to 900 octets on one line") }
        return Configuration.HeaderRules.Field(name: name, text: text)
    }
}

/// Fields that an operator may name: extensions, and those that only describe. What carries addresses, structure, traces or a meaning to SES
/// has rules of its own.
private enum HeaderFieldName {
    static func check(_ name: String) throws(ValueError) {
        guard (1...70).contains(name.utf8.count), name.utf8.allSatisfy({ 33...126 ~= $0 && $0 != UInt8(ascii: ":") }) else {
            throw ValueError("\(quoted(name)) is not the name of a header field; write one such as X-Environment")
        }
        let lower = name.lowercasedASCII
        if lower.hasPrefix("x-"), lower.utf8.count > 2, !lower.hasPrefix("x-ses-"), !lower.hasPrefix("x-original-") { return }
        guard descriptive.contains(lower) else {
            throw ValueError(
                "\(quoted(name)) is not for this key, because addresses, structure, signatures and SES depend on it or have keys of their own; "
                    + "name an X- field or one such as Auto-Submitted, List-Unsubscribe, Precedence, Organization")
        }
    }

    private static let descriptive: Set = [
        "auto-submitted", "comments", "importance", "keywords", "list-archive", "list-help", "list-id", "list-owner", "list-post",
        "list-subscribe", "list-unsubscribe", "list-unsubscribe-post", "organization", "precedence", "priority", "sensitivity",
        "thread-index", "thread-topic", "user-agent",
    ]
}
