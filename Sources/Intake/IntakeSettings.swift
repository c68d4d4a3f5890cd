public import DKIM
public import MailModel
public import Rewriting

/// What intake goes by; a value that one message keeps from its first octet to its last, whatever is reloaded meanwhile.
public struct IntakeSettings: Sendable {
    /// In Received. May be a single label on a laptop.
    public var hostname: Domain
    public var rules: RewriteRules
    /// One for each domain that has a key in force.
    public var signers: [HeaderSigner]
    /// Domains whose mail leaves without our signature, because the DNS does not show their key yet.
    public var unsignedDomains: [Domain] = []
    public var aliases = AliasRules()
    /// Names these settings: others that may make another header of the same message have another name. Empty where nobody asks.
    public var generation = ""
    /// What SES takes at most, our own fields included.
    public var maximumOctets = 40_000_000

    public init(hostname: Domain, rules: RewriteRules, signers: [HeaderSigner]) {
        self.hostname = hostname
        self.rules = rules
        self.signers = signers
    }

    /// Who signs for an author: the domain that is the author's or the nearest one above it, so that the signature aligns.
    enum Signing {
        case signed(HeaderSigner)
        case unsigned
        case noKey
    }

    func signing(for author: Mailbox) -> Signing {
        let signer = signers.filter { author.domain.isWithin($0.domain) }.max { $0.domain.octets.count < $1.domain.octets.count }
        // Also where a nearer domain waits for its key: that of one above aligns as well.
        if let signer { return .signed(signer) }
        return unsignedDomains.contains { author.domain.isWithin($0) } ? .unsigned : .noKey
    }
}
