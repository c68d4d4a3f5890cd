public import MailModel

/// The TXT record at `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1).
public struct PublicKeyRecord: Hashable, Sendable {
    /// A SubjectPublicKeyInfo, DER.
    public let publicKeyDER: [UInt8]

    public init(publicKeyDER: [UInt8]) { self.publicKeyDER = publicKeyDER }

    /// Reads the joined strings of a TXT record. Keys that cannot check an `rsa-sha256` signature are refused.
    public init(parsing text: [UInt8]) throws(VerificationFailure) {
        let tags: TagList
        do { tags = try TagList(parsing: text[...]) } catch { throw .malformedRecord }
        if let version = tags["v"] {
            guard version.elementsEqual("DKIM1".utf8), tags.firstName == Array("v".utf8) else { throw .malformedRecord }
        }
        guard tags["k"]?.equalsIgnoringCase("rsa") ?? true else { throw .malformedRecord }
        if let hashes = tags.compact("h") {
            guard hashes.split(separator: ASCII.colon).contains(where: { $0.elementsEqual("sha256".utf8) }) else { throw .malformedRecord }
        }
        guard let key = tags.compact("p") else { throw .malformedRecord }
        guard !key.isEmpty else { throw .revokedKey }
        guard let der = Base64.decode(key) else { throw .malformedRecord }
        publicKeyDER = der
    }

    /// `v=DKIM1; k=rsa; p=…`: what a provider's form asks for.
    public var text: [UInt8] { Array("v=DKIM1; k=rsa; p=".utf8) + Base64.encode(publicKeyDER) }

    /// The same in the strings of at most 255 octets that DNS knows.
    public var strings: [[UInt8]] {
        let text = self.text
        return stride(from: 0, to: text.count, by: 255).map { Array(text[$0..<min($0 + 255, text.count)]) }
    }

    /// `fl2026._domainkey.mail.example.com`
    public static func name(selector: Selector, domain: Domain) -> String { "\(selector)._domainkey.\(domain)" }

    /// A line for a zone file: `fl2026._domainkey.mail.example.com. 3600 IN TXT ( "v=DKIM1; …" "…" )`
    public func zoneFileLine(selector: Selector, domain: Domain) -> String {
        let quoted = strings.map { "\"\(String(decoding: $0, as: UTF8.self))\"" }.joined(separator: " ")
        return "\(Self.name(selector: selector, domain: domain)). 3600 IN TXT ( \(quoted) )"
    }
}
