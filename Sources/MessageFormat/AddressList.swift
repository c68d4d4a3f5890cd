public import MailModel

/// The value of a From, To, Cc or Reply-To field, parsed once (RFC 5322 §3.4): what is checked is what is printed.
///
/// Obsolete forms are read: comments and folding anywhere, source routes (dropped), empty elements, `:;` groups. Encoded-words are
/// never decoded on the way to an address (RFC 2047 §5).
public struct AddressList: Hashable, Sendable {
    public enum Element: Hashable, Sendable {
        case mailbox(NamedMailbox)
        /// `undisclosed-recipients:;`
        case group([NamedMailbox])
    }

    public let elements: [Element]
    /// `a@b, , c@d`: obsolete, and read by some as an address.
    public let hasEmptyElements: Bool

    /// Addresses, groups and empty elements in one field.
    public static let maximumElements = 10_240

    /// Every mailbox, in groups or not.
    public var mailboxes: [NamedMailbox] {
        elements.flatMap { element in
            switch element {
            case .mailbox(let mailbox): [mailbox]
            case .group(let members): members
            }
        }
    }

    init(elements: [Element], hasEmptyElements: Bool) {
        self.elements = elements
        self.hasEmptyElements = hasEmptyElements
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
