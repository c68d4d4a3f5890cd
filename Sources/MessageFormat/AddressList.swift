public import MailModel

/// The value of a From, To, Cc or Reply-To field, parsed once (RFC 5322 §3.4): what is checked is what is printed.
///
/// Obsolete forms are read: comments and folding anywhere, source routes (dropped), empty elements, groups without a name (their members
/// then stand alone). Encoded-words are never decoded on the way to an address (RFC 2047 §5).
public struct AddressList: Hashable, Sendable {
    public enum Element: Hashable, Sendable {
        case mailbox(NamedMailbox)
        /// `undisclosed-recipients:;`
        case group(AddressGroup)
    }

    public let elements: [Element]
    /// Whether it may leave as it was written: nothing in it is obsolete (RFC 5322 §4), and nothing stands inside an address but the
    /// address, for Amazon SES refuses comments and blanks there.
    public let isModern: Bool

    /// Addresses, groups and empty elements in one field.
    public static let maximumElements = 10_240

    /// Every mailbox, in groups or not.
    public var mailboxes: [NamedMailbox] {
        elements.flatMap { element in
            switch element {
            case .mailbox(let mailbox): [mailbox]
            case .group(let group): group.members
            }
        }
    }

    init(elements: [Element], isModern: Bool) {
        self.elements = elements
        self.isModern = isModern
    }
}

/// `"Anna Berg" <anna@example.com>`: a mailbox and what a person calls it.
public struct NamedMailbox: Hashable, Sendable {
    /// The domain may be a single label (`root@localhost`): programs write such authors.
    public let mailbox: Mailbox
    /// The display name, as it was written; without one, the text of a comment after the address, as cron writes it. May be empty.
    let rawName: ArraySlice<UInt8>
    let isComment: Bool

    /// What the name says, encoded-words decoded.
    public var displayName: DisplayName {
        isComment ? DisplayName(comment: rawName) : DisplayName(phrase: rawName)
    }
}

/// `Team: a@example.com, b@example.com;` (RFC 5322 §3.4); groups do not nest.
public struct AddressGroup: Hashable, Sendable {
    public let members: [NamedMailbox]
    let rawName: ArraySlice<UInt8>

    /// What the name says, encoded-words decoded.
    public var displayName: DisplayName { DisplayName(phrase: rawName) }
}
