public import MailModel
public import MessageFormat

/// The rules by which a message comes to leave in the name of a verified identity.
public struct RewriteRules: Sendable {
    public enum UnverifiedFrom: Hashable, Sendable {
        /// The identity's default sender becomes the author; the author becomes Reply-To.
        case rewrite
        case reject
    }

    /// Where answers go.
    public enum ReplyToPolicy: Hashable, Sendable {
        /// To the author, if From was rewritten and the app named nobody.
        case author
        /// Where the app says, or to From.
        case keep
        /// To From, whatever the app says.
        case none
        /// There, whatever the app says.
        case address(Mailbox)
    }

    /// What one account may do, and what is different for it: `nil` is as for all.
    public struct Account: Sendable {
        /// What may leave in From; `nil` for everything that is verified.
        public var from: [AddressPattern]?
        public var sesHeaders: SESHeaderPolicy?
        public var unverifiedFrom: UnverifiedFrom?
        public var displayName: DisplayNameTemplate?
        public var replyTo: ReplyToPolicy?
        /// Which identity stands in for authors that are not verified.
        public var identity: Identity.Scope?
        /// In the place of the map of all, which it may include.
        public var senderMap: SenderMap?
        /// In the place of those of all, which it may include.
        public var fields: FieldRules?
        /// X-SES-CONFIGURATION-SET and X-SES-MESSAGE-TAGS, which take the place of the app's.
        public var sesFields: [HeaderField] = []
        /// A test system: everything goes there, and nowhere else.
        public var redirect: Mailbox?

        public init(from: [AddressPattern]? = nil, sesHeaders: SESHeaderPolicy? = nil) {
            self.from = from
            self.sesHeaders = sesHeaders
        }
    }

    /// The first one is the default.
    public var identities: [Identity]
    public var unverifiedFrom: UnverifiedFrom
    public var displayName: DisplayNameTemplate
    public var sesHeaders: SESHeaderPolicy
    /// An account without an entry has the defaults.
    public var accounts: [AccountName: Account]
    /// The policy of accounts without one of their own.
    public var otherAccounts = Account()
    /// For some authors; the first that matches counts.
    public var authorRules: [AuthorRule] = []
    public var replyTo = ReplyToPolicy.author
    public var senderMap = SenderMap()
    public var fields = FieldRules()
    /// Whether each message has a reverse-path of its own, `bounce+QUEUEID@`, so that a bounce names it.
    public var isVERP = false

    public init(
        identities: [Identity],
        unverifiedFrom: UnverifiedFrom = .rewrite,
        displayName: DisplayNameTemplate = .standard,
        sesHeaders: SESHeaderPolicy = .refuse,
        accounts: [AccountName: Account] = [:]
    ) {
        self.identities = identities
        self.unverifiedFrom = unverifiedFrom
        self.displayName = displayName
        self.sesHeaders = sesHeaders
        self.accounts = accounts
    }

    /// The most specific identity that covers `mailbox`; `nil` if SES would not send in its name.
    public func identity(covering mailbox: Mailbox) -> Identity? {
        var best: Identity?
        for identity in identities where identity.covers(mailbox) && identity.specificity > best?.specificity ?? -1 {
            best = identity
        }
        return best
    }
}
