public import MailModel

/// How the domains that a receiver can authenticate relate to the author's domain: what DMARC asks for (RFC 7489 §3.1).
///
/// DMARC passes if one of the two is aligned and verifies; relaxed alignment is enough unless the author's domain publishes `adkim=s` or
/// `aspf=s`.
public struct Alignment: Hashable, Sendable {
    public enum Degree: String, Hashable, Sendable {
        /// The same domain.
        case strict
        /// Two domains of one organization.
        case relaxed
        case none

        /// - Parameter authenticated: `nil` if there is no signature, or a null reverse-path.
        public init(of authenticated: Domain?, with author: Domain) {
            guard let authenticated else {
                self = .none
                return
            }
            guard authenticated != author else {
                self = .strict
                return
            }
            guard let organization = PublicSuffixList.organizationalDomain(of: author), authenticated.isWithin(organization) else {
                self = .none
                return
            }
            // Below it there may be another suffix: `compute.amazonaws.com` is one below `amazonaws.com`.
            self = PublicSuffixList.organizationalDomain(of: authenticated) == organization ? .relaxed : .none
        }
    }

    /// Of the signature's `d=`.
    public let signature: Degree
    /// Of the reverse-path, for SPF. SES puts its own in place of it unless the identity has a custom MAIL FROM domain.
    public let reversePath: Degree

    /// - Parameters:
    ///   - author: the domain in From.
    ///   - signature: `d=`.
    ///   - reversePath: the domain of MAIL FROM as the receiver will see it.
    public init(author: Domain, signature: Domain?, reversePath: Domain?) {
        self.signature = Degree(of: signature, with: author)
        self.reversePath = Degree(of: reversePath, with: author)
    }

    /// Whether DMARC in its relaxed default would pass once signature and SPF verify.
    public var isAligned: Bool { signature != .none || reversePath != .none }
}

extension Alignment: CustomStringConvertible {
    /// For a log line: `dkim=strict, spf=relaxed`. Every message asks for it, so nothing is put together.
    public var description: String {
        switch (signature, reversePath) {
        case (.strict, .strict): "dkim=strict, spf=strict"
        case (.strict, .relaxed): "dkim=strict, spf=relaxed"
        case (.strict, .none): "dkim=strict, spf=none"
        case (.relaxed, .strict): "dkim=relaxed, spf=strict"
        case (.relaxed, .relaxed): "dkim=relaxed, spf=relaxed"
        case (.relaxed, .none): "dkim=relaxed, spf=none"
        case (.none, .strict): "dkim=none, spf=strict"
        case (.none, .relaxed): "dkim=none, spf=relaxed"
        case (.none, .none): "dkim=none, spf=none"
        }
    }
}
