public import MailModel

extension Configuration {
    /// Section `dkim` of an identity.
    public struct DKIM: Hashable, Sendable {
        /// A private key and the name that its public half has in the DNS.
        public struct Key: Hashable, Sendable {
            /// One label or more.
            public let selector: Domain
            /// A path.
            public let privateKey: String
        }

        /// Whether the key's record must be in the DNS before we sign.
        public enum Publish: String, Hashable, Sendable, CaseIterable {
            /// It is there: every message is signed.
            case required
            /// It may come later: until the DNS shows it, mail leaves without our signature.
            case pending
        }

        public let current: Key
        public let publish: Publish
        /// The key of a rotation under way: it signs once the DNS shows it.
        public let next: Key?

        public var selector: Domain { current.selector }
        public var privateKey: String { current.privateKey }
    }
}

struct DKIMDraft: Section {
    var selector: Domain?
    var privateKey: String?
    var publish = Configuration.DKIM.Publish.required
    var next: NextKeyDraft?

    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "selector", \.selector, ValueType<Domain>.selector.optional, defaultText: "fl2026",
            "The name of the key in the DNS: the record is SELECTOR._domainkey.DOMAIN."),
        SectionKey(
            "private_key", \.privateKey, ValueType<String>.path.optional, defaultText: "dkim/DOMAIN.SELECTOR.pem",
            "The PEM file with the RSA private key, made by `fairlead dkim generate`."),
        SectionKey(
            "publish", \.publish, .word,
            "With required every message is signed; with pending mail leaves without our signature until the DNS shows the key, "
                + "so that only the signature of SES (Easy DKIM) stands for the domain."),
        SectionKey(
            "next", \.next, ValueType<NextKeyDraft>.section().optional, defaultText: "none",
            "The key of a rotation, made by `fairlead dkim rotate`: it signs once the DNS shows it."),
    ]
}

/// Section `dkim.next`.
struct NextKeyDraft: Section {
    var selector: Domain?
    var privateKey: String?

    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "selector", \.selector, ValueType<Domain>.selector.optional, required: true,
            "The new selector, which must differ from the old one."),
        SectionKey(
            "private_key", \.privateKey, ValueType<String>.path.optional, defaultText: "dkim/DOMAIN.SELECTOR.pem",
            "The PEM file with the new private key."),
    ]
}

extension DKIMDraft {
    init(_ dkim: Configuration.DKIM) {
        selector = dkim.selector
        privateKey = dkim.privateKey
        publish = dkim.publish
        next = dkim.next.map { NextKeyDraft(selector: $0.selector, privateKey: $0.privateKey) }
    }
}

extension Configuration.DKIM {
    static func finish(_ draft: DKIMDraft, of domain: Domain, _ path: KeyPathText, _ reading: inout Reading) -> Self? {
        func key(_ selector: Domain, _ privateKey: String?) -> Key {
            Key(selector: selector, privateKey: privateKey ?? reading.resolved("dkim/\(domain).\(selector).pem"))
        }
        guard let selector = draft.selector ?? (try? Domain(allowingSingleLabel: Array("fl2026".utf8))) else { return nil }
        let current = key(selector, draft.privateKey)
        // A next selector that is missing or wrong was reported already.
        let next = draft.next.flatMap { next in next.selector.map { key($0, next.privateKey) } }
        if let next, next.selector == current.selector {
            reading.report(
                key: path.key("next").key("selector"),
                "\(next.selector) is the selector of the key in force; a new key needs a name of its own, `fairlead dkim rotate` makes both"
            )
        } else if let next, next.privateKey == current.privateKey {
            reading.report(
                key: path.key("next").key("private_key"),
                "\(next.privateKey) is the key in force; name the new one, `fairlead dkim rotate` makes it")
        }
        return Self(current: current, publish: draft.publish, next: next)
    }
}
