public import MailModel

/// What is verified in Amazon SES, and what leaves in its name.
public struct Identity: Hashable, Sendable {
    public enum Scope: Hashable, Sendable {
        /// Every address in the domain and in all domains below it.
        case domain(Domain)
        /// One address, its case counting, and the same with a `+label`.
        case address(Mailbox)
    }

    public let scope: Scope
    /// The From of mail whose own author is not verified.
    public let defaultSender: Mailbox
    /// The reverse-path of mail whose own is not verified, or null.
    public let returnPath: Mailbox

    /// - Parameter returnPath: `defaultSender` if left out.
    public init(_ scope: Scope, defaultSender: Mailbox, returnPath: Mailbox? = nil) {
        self.scope = scope
        self.defaultSender = defaultSender
        self.returnPath = returnPath ?? defaultSender
    }

    /// `bounce+0d9x2kq7m3f5z@…`, so that a bounce names the message. Where the return path is an address of its own, or SES knows
    /// nothing but one address, that one has the id as its detail.
    ///
    /// - Returns: `nil` if that would be too long.
    func returnPath(naming id: QueueID) -> Mailbox? {
        var name = returnPath.localPart.octets
        if case .domain = scope, returnPath == defaultSender { name = Array("bounce".utf8) }
        let octets = name + [ASCII.plus] + Array(id.description.utf8)
        return (try? LocalPart(unquoted: octets)).map { Mailbox(localPart: $0, domain: returnPath.domain) }
    }

    public var domain: Domain {
        switch scope {
        case .domain(let domain): domain
        case .address(let mailbox): mailbox.domain
        }
    }

    public func covers(_ mailbox: Mailbox) -> Bool {
        switch scope {
        case .domain(let domain): mailbox.domain.isWithin(domain)
        case .address(let own):
            mailbox.domain == own.domain && (mailbox.localPart == own.localPart || mailbox.localPart.withoutDetail == own.localPart)
        }
    }

    /// More is more specific: an address, then the longest domain (SES guide, "Creating and verifying identities").
    var specificity: Int {
        switch scope {
        case .domain(let domain): domain.octets.count
        case .address: Int.max
        }
    }
}

extension Identity.Scope: CustomStringConvertible {
    public var description: String {
        switch self {
        case .domain(let domain): domain.description
        case .address(let mailbox): mailbox.description
        }
    }
}
