public import MailModel
public import MessageFormat

extension RewriteRules {
    /// What is different for mail of some authors, whichever account sends it.
    public struct AuthorRule: Sendable {
        /// One of them matches the author as the app wrote it.
        public var authors: [AddressPattern]
        /// `nil` is as for the account.
        public var unverifiedFrom: UnverifiedFrom?
        public var displayName: DisplayNameTemplate?
        public var replyTo: ReplyToPolicy?
        public var identity: Identity.Scope?
        /// Applied after the account's.
        public var fields: FieldRules?
        /// Take the place of the account's of the same name.
        public var sesFields: [HeaderField] = []

        public init(authors: [AddressPattern]) { self.authors = authors }

        /// As it is told of a message.
        var description: String { authors.map(\.description).joined(separator: ", ") }
    }

    func rule(for author: Mailbox) -> AuthorRule? {
        authorRules.first { rule in rule.authors.contains { $0.matches(author) } }
    }
}

extension RewriteRules.Account {
    /// Puts before the account's policy what the rule says.
    mutating func yield(to rule: RewriteRules.AuthorRule) {
        unverifiedFrom = rule.unverifiedFrom ?? unverifiedFrom
        displayName = rule.displayName ?? displayName
        replyTo = rule.replyTo ?? replyTo
        identity = rule.identity ?? identity
        sesFields = rule.sesFields + sesFields.filter { field in !rule.sesFields.contains { $0.name == field.name } }
    }
}
