public import MailModel

extension Configuration {
    /// Entry of `accounts`: what one app may do.
    public struct AccountPolicy: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// Its mail leaves for anybody, in the name of an identity.
            case app
            /// It hands on mail from anybody, and only to our aliases.
            case inbound
        }
        public internal(set) var kind = Kind.app
        /// What happens to mail in which Amazon SES found spam, or a virus. For inbound accounts.
        public enum Verdict: String, Hashable, Sendable, CaseIterable {
            case ignore
            case mark
            case refuse
        }
        public internal(set) var spamVerdict = Verdict.ignore
        public internal(set) var virusVerdict = Verdict.ignore
        /// The addresses that may leave; empty: every address of the identities.
        public internal(set) var from: [AddressPattern] = []
        /// Recipients per time.
        public internal(set) var rate = Rate.unlimited
        /// Recipients in 24 hours; `nil`: no limit.
        public internal(set) var daily: Int?
        /// `nil`: as `queue.lifetime`.
        public internal(set) var lifetime: Duration?
        public enum Reports: String, Hashable, Sendable, CaseIterable {
            case sender
            case `operator`
            /// Nobody: failures are in the log and in `trace` only.
            case none
        }
        /// `nil`: the sender, and of inbound accounts the operator, for a stranger may not have sent what says so.
        var givenReports: Reports?
        /// Who is told of a message that failed.
        public var reports: Reports { givenReports ?? (kind == .inbound ? .operator : .sender) }
        /// `nil`: as `rewrite.ses_headers`.
        public internal(set) var sesHeaders: SESHeaderPolicy?
        /// The next ones: `nil` is as in `rewrite`.
        public internal(set) var unverifiedFrom: RewriteRules.UnverifiedFrom?
        public internal(set) var displayName: DisplayNameTemplate?
        public internal(set) var replyTo: ReplyToPolicy?
        /// A domain, or an address, of `identities`.
        public internal(set) var identity: SenderIdentity?
        /// Goes before the map of all.
        public internal(set) var senderMap: [SenderMapping] = []
        /// Besides those of all.
        public internal(set) var headers = HeaderRules()
        public internal(set) var configurationSet: String?
        public internal(set) var tags: [MessageTag] = []
        public internal(set) var mode = AccountMode.live

        public typealias SenderIdentity = Identity.Subject

        /// What an account without an entry has.
        public init() {}

        /// Whether the account may send from the address that leaves, after rewriting.
        public func allows(from author: Mailbox) -> Bool { from.isEmpty || from.contains { $0.matches(author) } }
    }
}

extension Configuration.AccountPolicy: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "from", \.from,
            ValueType<AddressPattern>.addressPattern.list(
                of: "address patterns",
                atLeastOne: "is empty, so nothing could be sent; "
                    + "name an address or pattern, or remove the key to allow every address of the identities"),
            defaultText: "every address of the identities",
            "The addresses that may leave, such as billing@example.com or *@mail.example.com. "
                + "A foreign author is rewritten first, then checked."),
        SectionKey(
            "rate", \.rate, .rate,
            "How many recipients the account may reach in a time."),
        SectionKey(
            "daily", \.daily, .dailyQuota,
            "How many recipients the account may reach in 24 hours."),
        SectionKey(
            "lifetime", \.lifetime, ValueType<Duration>.duration(.seconds(1) ... .seconds(365 * 86_400)).optional,
            defaultText: "queue.lifetime",
            "How long a message of this account is tried."),
        SectionKey(
            "reports", \.givenReports, ValueType<Configuration.AccountPolicy.Reports>.word.optional,
            defaultText: "sender; operator for kind: inbound",
            "Who is told when a message of this account fails or is late."),
        SectionKey(
            "ses_headers", \.sesHeaders, ValueType<Configuration.SESHeaderPolicy>.sesHeaderPolicy.optional,
            defaultText: "rewrite.ses_headers",
            "What happens to X-SES-* fields that the app sets."),
        SectionKey(
            "unverified_from", \.unverifiedFrom, ValueType<Configuration.RewriteRules.UnverifiedFrom>.word.optional,
            defaultText: "rewrite.unverified_from",
            "What happens to mail of this account whose author is outside the identities."),
        SectionKey(
            "identity", \.identity, ValueType<Configuration.Identity.Subject>.subject.optional, defaultText: "the first that fits",
            "The identity that stands in for foreign authors of this account."),
        SectionKey(
            "display_name", \.displayName, ValueType<Configuration.DisplayNameTemplate>.displayName.optional,
            defaultText: "rewrite.display_name",
            "The display name of a rewritten From."),
        SectionKey(
            "reply_to", \.replyTo, ValueType<Configuration.ReplyToPolicy>.replyTo.optional, defaultText: "rewrite.reply_to",
            "Where answers to mail of this account go."),
        SectionKey(
            "sender_map", \.senderMap, .senderMap,
            "Addresses of this account that leave as others; goes before rewrite.sender_map."),
        SectionKey(
            "headers", \.headers, .section(),
            "Header fields that every message of this account loses or gets, besides those of rewrite.headers."),
        SectionKey(
            "configuration_set", \.configurationSet, .configurationSet,
            "The SES configuration set of this account's mail."),
        SectionKey(
            "tags", \.tags, .tags,
            "SES message tags of this account's mail, such as { app: shop }."),
        SectionKey(
            "mode", \.mode, .mode,
            "Whether the account may mail the world: a test system holds everything, sends everything to one address, or reaches only a few."
        ),
        SectionKey(
            "kind", \.kind, .word,
            "app: sends in the name of an identity. inbound: may hand on mail from anybody, and only to our aliases."),
        SectionKey(
            "spam_verdict", \.spamVerdict, .word,
            "For kind: inbound: what happens to mail whose X-SES-Spam-Verdict is FAIL."),
        SectionKey(
            "virus_verdict", \.virusVerdict, .word,
            "For kind: inbound: what happens to mail whose X-SES-Virus-Verdict is FAIL."),
    ]
}

extension ValueType<Configuration.Identity.Subject> {
    /// A domain or an address.
    static let subject = scalar("domain or address", show: \.description) { (text: String) throws(ValueError) in
        let octets = Array(text.utf8)
        if let mailbox = try? Mailbox(parsing: octets) { return .address(mailbox) }
        if let domain = try? Domain(octets) { return .domain(domain) }
        throw ValueError("\(quoted(text)) is neither a domain nor an address; write one of identities, such as mail.example.com")
    }
}

extension ValueType<AddressPattern> {
    static let addressPattern = scalar("address pattern", show: \.description, parse: AddressPattern.parse)
}

extension ValueType<[AccountName: Configuration.AccountPolicy]> {
    /// A mapping from names that the operator chose.
    static let accounts: ValueType = {
        let policy = ValueType<Configuration.AccountPolicy>.section()
        return ValueType(
            name: "section per account", children: policy.children.map { $0.below("NAME") },
            read: { node, path, reading in
                let entries: [TextNode.Entry]
                switch node {
                case .mapping(let found, _): entries = found
                case .scalar(let scalar) where scalar.isNull: entries = []
                default:
                    reading.report(at: node.position, key: path, "is \(node.kind); give a section per account, such as crm: { rate: 5/s }")
                    return nil
                }
                var accounts: [AccountName: Configuration.AccountPolicy] = [:]
                for entry in entries {
                    let place = path.name(entry.key.text)
                    reading.note(place, at: entry.value.position)
                    guard let name = AccountName(entry.key.text) else {
                        reading.report(at: entry.key.position, key: path, accountNameAdvice(entry.key.text))
                        continue
                    }
                    accounts[name] = policy.read(entry.value, place, &reading)
                }
                return accounts
            },
            show: { accounts, path in
                accounts.sorted { $0.key < $1.key }.flatMap { policy.show($0.value, "\(path).\($0.key)") }
            })
    }()
}
