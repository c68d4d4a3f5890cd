public import MailModel

/// The rules by which a message comes to leave in the name of a verified identity.
public struct RewriteRules: Sendable {
    public enum UnverifiedFrom: Hashable, Sendable {
        /// The identity's default sender becomes the author; the author becomes Reply-To.
        case rewrite
        case reject
    }

    /// What one account may do.
    public struct Account: Hashable, Sendable {
        /// What may leave in From; `nil` for everything that is verified.
        public var from: [AddressPattern]?
        /// `nil` for the setting of all.
        public var sesHeaders: SESHeaderPolicy?

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
