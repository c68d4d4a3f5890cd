internal import Cryptography
internal import DKIM
internal import MailModel
internal import Settings

/// A record that belongs into the DNS of an identity's domain.
struct DNSRecord {
    enum Purpose: String, CaseIterable {
        case dkim
        /// The signature of SES itself.
        case easyDKIM = "easy_dkim"
        case dmarc
        case mailFromMX = "mail_from_mx"
        case mailFromSPF = "mail_from_spf"

        /// Whether mail is worse off without it than it need be.
        var isRequired: Bool { self == .dkim || self == .easyDKIM }
    }

    enum Kind: String { case txt = "TXT", mx = "MX", cname = "CNAME" }

    let identity: String
    let purpose: Purpose
    let name: String
    let kind: Kind
    /// As a provider's form wants it.
    let value: String
    static let lifetime = 3600

    /// A line of a zone file; TXT in strings of at most 255 octets, which is all that DNS knows.
    var zone: String {
        switch kind {
        case .txt: "\(name). \(Self.lifetime) IN TXT ( \(strings.map { "\"\($0)\"" }.joined(separator: " ")) )"
        case .mx, .cname: "\(name). \(Self.lifetime) IN \(kind.rawValue) \(value)."
        }
    }

    /// Values have no quotes and no backslashes of their own.
    var strings: [String] {
        let octets = Array(value.utf8)
        return stride(from: 0, to: octets.count, by: 255).map { String(decoding: octets[$0..<min($0 + 255, octets.count)], as: UTF8.self) }
    }

    /// What a person should know of it.
    var note: String {
        switch purpose {
        case .dkim: "Fairlead's signature; required"
        case .easyDKIM: "the signature of SES itself (Easy DKIM); required"
        case .dmarc: "what receivers do with mail that fails; recommended, and p=quarantine once the reports are clean"
        case .mailFromMX: "bounces of a custom MAIL FROM domain, to be set in SES as well; recommended"
        case .mailFromSPF: "SPF for it, so that SPF is aligned too"
        }
    }
}

/// The records that a configuration calls for.
struct DNSPlan {
    let region: String
    let operatorAddress: Mailbox?
    /// Of SES's Easy DKIM, which only its console knows.
    let tokens: [String]
    /// The label of the custom MAIL FROM domain; `nil`: none is wanted.
    let mailFromLabel: String?

    init(_ settings: Configuration, tokens: [String] = [], mailFromLabel: String? = "bounce") {
        region = settings.upstream.effectiveRegion ?? "eu-west-1"
        operatorAddress = settings.operatorAddress
        self.tokens = tokens
        self.mailFromLabel = mailFromLabel
    }

    /// - Throws: an exit code, if a key cannot be read.
    func records(of identity: Configuration.Identity) throws -> [DNSRecord] {
        let subject = identity.subject.description
        let domain = identity.domain
        var records: [DNSRecord] = []
        func add(_ purpose: DNSRecord.Purpose, _ name: String, _ kind: DNSRecord.Kind, _ value: String) {
            records.append(DNSRecord(identity: subject, purpose: purpose, name: name, kind: kind, value: value))
        }
        for key in try keys(of: identity) { add(.dkim, key.name, .txt, key.value) }
        // Of an address only the key is ours to publish: its domain may be somebody else's.
        guard case .domain = identity.subject else { return records }
        for token in tokens { add(.easyDKIM, "\(token)._domainkey.\(domain)", .cname, "\(token).dkim.amazonses.com") }
        add(.dmarc, "_dmarc.\(domain)", .txt, dmarc(domain))
        if let mailFromLabel {
            add(.mailFromMX, "\(mailFromLabel).\(domain)", .mx, "10 feedback-smtp.\(region).amazonses.com")
            add(.mailFromSPF, "\(mailFromLabel).\(domain)", .txt, "v=spf1 include:amazonses.com ~all")
        }
        return records
    }

    private func keys(of identity: Configuration.Identity) throws -> [DKIMKeys.Record.Row] {
        var rows = [try DKIMKeys.record(of: identity, key: DKIMKeys.key(in: identity.dkim.privateKey))]
        if let next = identity.dkim.next {
            let key = try DKIMKeys.key(in: next.privateKey, command: "fairlead dkim rotate")
            rows.append(try DKIMKeys.record(try DKIMKeys.selector(next.selector), identity.domain, key))
        }
        return rows
    }

    /// Reports to an address elsewhere need a record there (RFC 7489 §7.1), which is not ours to ask for.
    private func dmarc(_ domain: Domain) -> String {
        guard let operatorAddress, operatorAddress.domain.isWithin(domain) || domain.isWithin(operatorAddress.domain),
            operatorAddress.localPart.octets.allSatisfy({ ASCII.isLetterOrDigit($0) || "._-".utf8.contains($0) })
        else { return "v=DMARC1; p=none" }
        return "v=DMARC1; p=none; rua=mailto:\(operatorAddress)"
    }
}
