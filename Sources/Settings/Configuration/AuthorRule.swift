public import MailModel

extension Configuration {
    /// Entry of `rewrite.rules`: what is different for mail of some authors.
    public struct AuthorRule: Hashable, Sendable {
        /// Whom it is for: one of these matches the author as the app wrote it.
        public internal(set) var authors: [AddressPattern] = []
        /// What goes before the account's policy; only what is about rewriting is ever set.
        public internal(set) var policy = AccountPolicy()
    }
}

extension Configuration.AuthorRule: Section {
    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "author", \.authors,
            ValueType<AddressPattern>.addressPattern.list(
                of: "address patterns", atLeastOne: "is empty, so the rule is for nobody; name an address or pattern, or remove the rule"),
            required: true,
            "Whose mail it is for, as the app wrote From, such as [\"*@shop.example\"]."),
        SectionKey(
            "unverified_from", \.policy.unverifiedFrom, ValueType<Configuration.RewriteRules.UnverifiedFrom>.word.optional,
            defaultText: "as for the account",
            "What happens to their mail if they are outside the identities."),
        SectionKey(
            "identity", \.policy.identity, ValueType<Configuration.Identity.Subject>.subject.optional, defaultText: "as for the account",
            "The identity that stands in for them."),
        SectionKey(
            "display_name", \.policy.displayName, ValueType<Configuration.DisplayNameTemplate>.displayName.optional,
            defaultText: "as for the account",
            "The display name of a rewritten From."),
        SectionKey(
            "reply_to", \.policy.replyTo, ValueType<Configuration.ReplyToPolicy>.replyTo.optional, defaultText: "as for the account",
            "Where answers to their mail go."),
        SectionKey(
            "headers", \.policy.headers, .section(),
            "Header fields that their mail loses or gets, after those of the account."),
        SectionKey(
            "configuration_set", \.policy.configurationSet, .configurationSet,
            "The SES configuration set of their mail."),
        SectionKey(
            "tags", \.policy.tags, .tags,
            "SES message tags of their mail, in the place of others."),
    ]
}
