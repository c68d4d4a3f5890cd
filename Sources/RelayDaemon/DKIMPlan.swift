public import Cryptography
public import DKIM
public import MailModel
internal import Settings

/// A signing key and the name of its record.
public struct DKIMKey: Sendable {
    public let selector: Selector
    public let privateKey: RSAPrivateKey
    /// A SubjectPublicKeyInfo.
    public let publicKeyDER: [UInt8]
    /// `fl2026._domainkey.mail.example.com`
    public let name: String
    /// The SHA-256 of `publicKeyDER`, in hexadecimal digits.
    let fingerprint: String

    /// - Returns: `nil` for a name that is no selector, which settings do not give.
    public init?(selector: Domain, domain: Domain, privateKey: RSAPrivateKey) throws(OpenSSLError) {
        guard let selector = Selector(selector.octets) else { return nil }
        self.selector = selector
        self.privateKey = privateKey
        publicKeyDER = try privateKey.publicKeyDER
        name = PublicKeyRecord.name(selector: selector, domain: domain)
        fingerprint = SHA256.digest(of: publicKeyDER).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The keys of an identity, and which of them signs, given what the DNS has shown.
public struct DKIMPlan: Sendable {
    public let identity: String
    let domain: Domain
    public let current: DKIMKey
    public let next: DKIMKey?
    /// Whether the key in force waits for the DNS (`publish: pending`).
    let isPending: Bool

    public init(identity: String, domain: Domain, current: DKIMKey, next: DKIMKey?, isPending: Bool) {
        self.identity = identity
        self.domain = domain
        self.current = current
        self.next = next
        self.isPending = isPending
    }

    init?(_ loaded: LoadedIdentity) throws(OpenSSLError) {
        let (dkim, domain) = (loaded.identity.dkim, loaded.identity.domain)
        guard let current = try DKIMKey(selector: dkim.selector, domain: domain, privateKey: loaded.signingKey) else { return nil }
        identity = loaded.identity.subject.description
        self.domain = domain
        self.current = current
        if let next = dkim.next, let privateKey = loaded.nextKey {
            self.next = try DKIMKey(selector: next.selector, domain: domain, privateKey: privateKey)
        } else {
            next = nil
        }
        isPending = dkim.publish == .pending
    }

    /// How long SES goes on trying after its 250: a signature is still looked at then.
    public static let retriesOfSES: Duration = .seconds(14 * 3600)

    /// `nil`: mail leaves without our signature.
    public func keyInForce(_ seen: SeenKeys) -> DKIMKey? {
        if let next, seen.time(of: next) != nil { return next }
        return !isPending || seen.time(of: current) != nil ? current : nil
    }

    /// The keys that would change something if the DNS showed them.
    func awaited(_ seen: SeenKeys) -> [DKIMKey] {
        if let next, seen.time(of: next) != nil { return [] }
        let pending = isPending && seen.time(of: current) == nil ? [current] : []
        return pending + [next].compactMap(\.self)
    }

    /// The keys whose records are looked at.
    var watched: [DKIMKey] { (isPending ? [current] : []) + [next].compactMap(\.self) }

    /// Whether mail leaves unsigned once the record of this key, which signed, is gone: only where the operator said that it may.
    func withdraws(_ key: DKIMKey) -> Bool { isPending && next == nil && key.name == current.name }

    /// Whether the DNS has a say in it at all.
    var dependsOnDNS: Bool { isPending || next != nil }
}
