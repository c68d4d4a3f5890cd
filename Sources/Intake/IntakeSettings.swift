public import DKIM
public import MailModel
public import Rewriting

/// What intake goes by; a value that one message keeps from its first octet to its last, whatever is reloaded meanwhile.
public struct IntakeSettings: Sendable {
    /// In Received. May be a single label on a laptop.
    public var hostname: Domain
    public var rules: RewriteRules
    /// One for each domain that has a key.
    public var signers: [HeaderSigner]
    /// Names these settings: others that may make another header of the same message have another name. Empty where nobody asks.
    public var generation = ""
    public var aliases = AliasRules()
    /// What SES takes at most, our own fields included.
    public var maximumOctets = 40_000_000

    public init(hostname: Domain, rules: RewriteRules, signers: [HeaderSigner]) {
        self.hostname = hostname
        self.rules = rules
        self.signers = signers
    }

    /// The signer whose domain is the author's or the nearest one above it, so that the signature aligns.
    func signer(for author: Mailbox) -> HeaderSigner? {
        signers.filter { author.domain.isWithin($0.domain) }.max { $0.domain.octets.count < $1.domain.octets.count }
    }
}
