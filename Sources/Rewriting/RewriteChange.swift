public import MailModel

/// One thing that the rules did to a message: together they explain why it leaves as it does.
public enum RewriteChange: Hashable, Sendable {
    /// A rule for these authors goes before the account's policy.
    case ruleApplied(String)
    /// From lies in this identity and stays byte for byte, unless its syntax is obsolete.
    case fromKept(Identity.Scope)
    case fromRewritten(before: Mailbox, after: Mailbox, Identity.Scope)
    /// The sender map has another address for the author.
    case fromMapped(before: Mailbox, after: Mailbox)
    /// The sender map changed addresses in that field.
    case addressesMapped(String)
    /// The author became Reply-To, because there was none.
    case replyToAdded(Mailbox)
    /// By the account's policy.
    case replyToSet(Mailbox)
    /// The configuration sets that field.
    case fieldSet(String)
    /// The account is in staging mode: its mail goes there and to nobody else.
    case redirected(to: Mailbox, recipients: Int)
    case reversePathReplaced(before: ReversePath, after: Mailbox)
    /// By the sender map, or because each message has one of its own.
    case reversePathSet(before: ReversePath, after: Mailbox)
    /// The mail was for an alias, which sends it on in its own name.
    case sentOnByAlias(Mailbox, author: Mailbox, Identity.Scope)
    /// In To and Cc a target stands in the place of this alias.
    case aliasReplacedByTarget(Mailbox)
    /// With this word in front.
    case subjectMarked(String)
    /// The name as it was spelled.
    case fieldRemoved(String)
    /// An address field without an address, which RFC 5322 does not allow.
    case emptyFieldRemoved(String)
    /// A second field of a name that may stand there once.
    case repeatedFieldRemoved(String)
    /// The second and later ones became continuation lines of the first.
    case repeatedFieldsJoined(String)
    /// An address field with obsolete syntax became one that says the same in modern syntax.
    case addressesModernized(String)
    /// 8-bit text or a line of more than 998 octets in that field.
    case fieldWrittenAnew(String)
    /// Parts with 8-bit octets or endless lines are quoted-printable or base 64 now.
    case bodyEncoded
    case mimeVersionAdded
}

extension RewriteChange: CustomStringConvertible {
    public var description: String {
        switch self {
        case .ruleApplied(let authors): "the rule for \(authors) goes before the account's policy"
        case .fromKept(let identity): "From is in the verified identity \(identity) and stays as it is"
        case .fromRewritten(let before, let after, let identity):
            "From \(before) is in no verified identity; \(after) of \(identity) takes its place"
        case .fromMapped(let before, let after): "the sender map has \(after) for From \(before)"
        case .addressesMapped(let name): "\(name) changed by the sender map"
        case .replyToSet(let address): "Reply-To is \(address), as the account's policy says"
        case .fieldSet(let name): "\(name) set by the configuration"
        case .redirected(let address, let count):
            "staging: sent to \(address) alone instead of \(count == 1 ? "its recipient" : "its \(count) recipients")"
        case .replyToAdded(let author): "Reply-To \(author) added, so that answers reach the author"
        case .reversePathReplaced(.null, let after): "the null reverse-path, which Amazon SES refuses, became \(after)"
        case .reversePathReplaced(let before, let after): "the reverse-path \(before) is in no verified identity and became \(after)"
        case .reversePathSet(.null, let after): "the null reverse-path became \(after)"
        case .reversePathSet(let before, let after): "the reverse-path \(before) became \(after)"
        case .sentOnByAlias(let alias, let author, let identity):
            "the alias \(alias) of the verified identity \(identity) sends it on: From \(author) became the alias"
        case .aliasReplacedByTarget(let alias): "a target stands in the place of \(alias)"
        case .subjectMarked(let word): "Subject marked with \(word)"
        case .fieldRemoved(let name): "\(name) removed"
        case .emptyFieldRemoved(let name): "\(name) removed: it names no address"
        case .repeatedFieldRemoved(let name): "a second \(name) removed"
        case .repeatedFieldsJoined(let name): "several \(name) joined"
        case .addressesModernized(let name): "\(name) written anew: its syntax was obsolete"
        case .fieldWrittenAnew(let name): "\(name) written in 7 bits and folded"
        case .bodyEncoded: "the body encoded to 7 bits"
        case .mimeVersionAdded: "MIME-Version added"
        }
    }
}
