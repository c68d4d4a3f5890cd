/// What `check message` answers: what would become of a message. Names are an interface: add, never rename.
public struct MessageCheckReport: Codable, Hashable, Sendable {
    /// A header field that is not as it came.
    public struct Change: Codable, Hashable, Sendable {
        /// As it came; absent if it is new.
        public var before: String?
        /// As it would leave; absent if it is taken out.
        public var after: String?

        public init(before: String?, after: String?) {
            self.before = before
            self.after = after
        }
    }

    public struct Signature: Codable, Hashable, Sendable {
        /// `d=`
        public var domain: String
        /// `s=`
        public var selector: String
        /// `h=`, in its order; a name that stands once more than there are fields keeps another one from being added.
        public var signedFields: [String]

        enum CodingKeys: String, CodingKey {
            case domain, selector
            case signedFields = "signed_fields"
        }

        public init(domain: String, selector: String, signedFields: [String]) {
            self.domain = domain
            self.selector = selector
            self.signedFields = signedFields
        }
    }

    /// How the domains that a receiver authenticates relate to From's: `strict`, `relaxed` or `none`.
    public struct Alignment: Codable, Hashable, Sendable {
        public var dkim: String
        /// Of the identity's reverse-path, which counts only if SES has a custom MAIL FROM domain for it; `amazonses.com` aligns with nobody.
        public var spf: String
        /// Whether DMARC passes, in its relaxed default, by the signature alone.
        public var dmarc: Bool

        public init(dkim: String, spf: String, dmarc: Bool) {
            self.dkim = dkim
            self.spf = spf
            self.dmarc = dmarc
        }
    }

    public var accepted: Bool
    public var account: String
    /// Our answer behind the final dot, or at the recipient that is refused.
    public var reply: String
    /// What the rules did, in their order.
    public var rules: [String] = []
    public var headers: [Change] = []
    public var sender: String?
    public var recipients: [String] = []
    /// Octets as they would leave.
    public var size: Int?
    public var signature: Signature?
    public var alignment: Alignment?
    /// What SES would answer to it, as far as its rules are known: the account's state, limits and configuration sets are not looked at.
    public var upstreamReply: String?
    /// `live`, or the account's staging mode.
    public var mode = "live"

    enum CodingKeys: String, CodingKey {
        case accepted, account, reply, rules, headers, sender, recipients, size, signature, alignment, mode
        case upstreamReply = "upstream_reply"
    }

    public init(accepted: Bool, account: String, reply: String) {
        self.accepted = accepted
        self.account = account
        self.reply = reply
    }
}
