extension Configuration {
    /// Section `rewrite`.
    public struct RewriteRules: Hashable, Sendable {
        public enum UnverifiedFrom: String, Hashable, Sendable, CaseIterable {
            /// From becomes the identity's default sender, and the author goes to Reply-To.
            case rewrite
            /// The message is refused in the dialogue.
            case reject
        }

        public internal(set) var unverifiedFrom = UnverifiedFrom.rewrite
        public internal(set) var displayName = DisplayNameTemplate.standard
        public internal(set) var sesHeaders = SESHeaderPolicy.refuse
        public internal(set) var replyTo = ReplyToPolicy.author
        public internal(set) var senderMap: [SenderMapping] = []
        public internal(set) var headers = HeaderRules()
        /// For some authors; the first that matches goes before what the account and this section say.
        public internal(set) var rules: [AuthorRule] = []
        public internal(set) var configurationSet: String?
        public internal(set) var tags: [MessageTag] = []
        /// Whether each message has a reverse-path of its own.
        public internal(set) var verp = false
        public enum AliasTo: String, Hashable, Sendable, CaseIterable {
            /// To and Cc stay as the author wrote them.
            case alias
            /// Each target sees itself in the alias's place.
            case target
        }
        public internal(set) var aliasTo = AliasTo.alias
        public internal(set) var aliasDisplayName = DisplayNameTemplate.standardForAliases
    }

    /// What happens to `X-SES-*` fields that a client set.
    public enum SESHeaderPolicy: Hashable, Sendable {
        /// The message is refused.
        case refuse
        /// The fields are taken out.
        case strip
        /// These may stay; a message with another one is refused.
        case allow(Set<SESHeader>)
    }

    /// An `X-SES-*` field that apps have a use for.
    public enum SESHeader: String, Hashable, Sendable, CaseIterable {
        case configurationSet = "configuration-set"
        case messageTags = "message-tags"

        /// `X-SES-CONFIGURATION-SET`
        public var fieldName: String { "X-SES-" + rawValue.uppercased() }
    }

    /// The display name of a rewritten From: text with `{name}` and `{domain}` in it.
    public struct DisplayNameTemplate: Hashable, Sendable, CustomStringConvertible {
        public enum Piece: Hashable, Sendable {
            case text(String)
            /// The author's display name, else the local part.
            case name
            /// The identity's domain.
            case domain
            /// What stands before the @ of the alias.
            case alias
        }

        public let pieces: [Piece]
        public let description: String

        static let standard = DisplayNameTemplate(
            pieces: [.name, .text(" via "), .domain], description: "{name} via {domain}")
        static let standardForAliases = DisplayNameTemplate(
            pieces: [.name, .text(" via "), .alias], description: "{name} via {alias}")
    }
}

extension Configuration.RewriteRules: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "unverified_from", \.unverifiedFrom, .word,
            "What happens to mail whose author is outside the identities: rewrite From to the default sender, or reject the message."),
        SectionKey(
            "display_name", \.displayName, .displayName,
            "The display name of a rewritten From. {name} is the author's display name, else the local part; "
                + "{domain} the identity's domain."),
        SectionKey(
            "ses_headers", \.sesHeaders, .sesHeaderPolicy,
            "What happens to X-SES-* fields that an app sets: refuse the message, strip them, or a list of those that may stay."),
        SectionKey(
            "reply_to", \.replyTo, .replyTo,
            "Where answers go: to the author of a rewritten message if the app names nobody, where the app says (keep), to From (none), or to "
                + "an address in any case."),
        SectionKey(
            "sender_map", \.senderMap, .senderMap,
            "Addresses that leave as others, in From, To, Cc, Reply-To and the envelope sender, as in Postfix's generic(5)."),
        SectionKey(
            "headers", \.headers, .section(),
            "Header fields that every message loses or gets."),
        SectionKey(
            "configuration_set", \.configurationSet, .configurationSet,
            "The SES configuration set of mail whose account names no other."),
        SectionKey(
            "tags", \.tags, .tags,
            "SES message tags of mail whose account names no others, such as { relay: web1 }."),
        SectionKey(
            "rules", \.rules, ValueType<Configuration.AuthorRule>.section().list(of: "rules"), defaultText: "none",
            "What is different for mail of some authors: the first rule that matches From goes before what the account and this section say."
        ),
        SectionKey(
            "verp", \.verp, .truth,
            "Whether the envelope sender of each message is its own, bounce+QUEUEID@…, so that a bounce names the message."),
        SectionKey(
            "alias_to", \.aliasTo, .word,
            "What targets of an alias see in To and Cc: the alias, or themselves in its place, each in a message of its own."),
        SectionKey(
            "alias_display_name", \.aliasDisplayName, .aliasDisplayName,
            "The display name of mail that an alias sends on. {name} is the author's display name, else the local part; "
                + "{alias} what stands before the @ of the alias; {domain} the identity's domain."),
    ]
}

extension ValueType<Configuration.SESHeaderPolicy> {
    static let sesHeaderPolicy: ValueType = {
        let name = "refuse | strip | list of configuration-set, message-tags"
        let headers = ValueType<Configuration.SESHeader>.word.list(
            of: "X-SES fields", atLeastOne: "is empty; write refuse, strip, or name configuration-set and message-tags")
        return ValueType(
            name: name,
            read: { node, path, reading in
                if case .list = node { return headers.read(node, path, &reading).map { .allow(Set($0)) } }
                let word = scalar(name, show: { _ in "" }) { (text: String) throws(ValueError) in
                    switch text {
                    case "refuse": .refuse
                    case "strip": .strip
                    default:
                        throw ValueError(
                            "\(quoted(text)) is not known; write refuse, strip, or a list such as [configuration-set, message-tags]")
                    }
                }
                return word.read(node, path, &reading)
            },
            show: { value, path in
                switch value {
                case .refuse: [(path, "refuse")]
                case .strip: [(path, "strip")]
                case .allow(let headers): [(path, "[" + headers.map(\.rawValue).sorted().joined(separator: ", ") + "]")]
                }
            })
    }()
}

extension ValueType<Configuration.DisplayNameTemplate> {
    static let displayName = scalar("template", show: \.description) { (text: String) throws(ValueError) in
        try Configuration.DisplayNameTemplate.parse(text)
    }

    static let aliasDisplayName = scalar("template", show: \.description) { (text: String) throws(ValueError) in
        try Configuration.DisplayNameTemplate.parse(text, ofAlias: true)
    }
}

extension Configuration.DisplayNameTemplate {
    static func parse(_ text: String, ofAlias: Bool = false) throws(ValueError) -> Self {
        let octets = Array(text.utf8)
        guard !octets.isEmpty, octets.count <= 200, octets.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            throw ValueError(
                "\(quoted(text)) is not a display name; write 1 to 200 characters on one line, such as \"{name} via {domain}\"")
        }
        var pieces: [Piece] = []
        var rest = octets[...]
        while let first = rest.first {
            if first == UInt8(ascii: "{") {
                let word = String(decoding: rest.prefix { $0 != UInt8(ascii: "}") }.dropFirst(), as: UTF8.self)
                switch rest.contains(UInt8(ascii: "}")) ? word : "" {
                case "name": pieces.append(.name)
                case "domain": pieces.append(.domain)
                case "alias" where ofAlias: pieces.append(.alias)
                case _ where ofAlias: throw ValueError("\(quoted(text)) has an unknown placeholder; use {name}, {alias} and {domain}")
                default: throw ValueError("\(quoted(text)) has an unknown placeholder; use {name} and {domain}")
                }
                rest = rest.dropFirst(word.utf8.count + 2)
            } else {
                let literal = rest.prefix { $0 != UInt8(ascii: "{") }
                pieces.append(.text(String(decoding: literal, as: UTF8.self)))
                rest = rest.dropFirst(literal.count)
            }
        }
        return Self(pieces: pieces, description: text)
    }
}
