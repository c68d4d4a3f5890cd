public import MailModel
public import MessageFormat

/// Signs the mail of one domain: `rsa-sha256`, `relaxed/relaxed`, no `l=`, no `z=` (RFC 6376, RFC 8301).
public struct HeaderSigner: Sendable {
    /// The SDID (`d=`).
    public let domain: Domain
    public let selector: Selector
    private let key: any SigningKey

    public init(domain: Domain, selector: Selector, key: any SigningKey) {
        self.domain = domain
        self.selector = selector
        self.key = key
    }

    /// The DKIM-Signature field for a message that is not changed any more.
    ///
    /// - Parameters:
    ///   - header: the final header, without a DKIM-Signature.
    ///   - bodyHash: what `BodyHash` gave for the final body, relaxed.
    public func signature(for header: HeaderBlock, bodyHash: [UInt8], at time: Timestamp) throws(SigningError) -> HeaderField {
        let names = HeaderSelection.names(for: header)
        var value = SignatureText()
        value.append(tag: "v=1;")
        value.append(tag: "a=rsa-sha256;")
        value.append(tag: "c=relaxed/relaxed;")
        value.append(tag: Array("d=".utf8) + domain.octets + [ASCII.semicolon])
        value.append(tag: Array("s=".utf8) + selector.octets + [ASCII.semicolon])
        value.append(tag: Array("t=\(max(0, time.seconds));".utf8))
        for (index, name) in names.enumerated() {
            let piece = Array((index == 0 ? "h=" : "").utf8) + Array(name.rawValue.utf8)
                + [index == names.count - 1 ? ASCII.semicolon : ASCII.colon]
            if index == 0 { value.append(tag: piece) } else { value.append(continuation: piece) }
        }
        value.append(tag: Array("bh=".utf8) + Base64.encode(bodyHash) + [ASCII.semicolon])
        value.append(tag: "b=")

        var signed: [UInt8] = []
        signed.reserveCapacity(2048)
        HeaderSelection.appendCanonical(header, names: names, to: &signed)
        // The field itself comes last, with an empty b= and without its CRLF (RFC 6376 §3.7).
        Canonicalization.appendRelaxed(name: Self.name, value: value.octets[...], to: &signed)
        signed.removeLast(2)
        value.append(breakable: Base64.encode(try key.signature(of: signed)))
        do throws(HeaderError) {
            return try HeaderField(.dkimSignature, value: value.octets)
        } catch {
            throw SigningError("the signature is no header field: \(error)")
        }
    }

    private static let name = Array(FieldName.dkimSignature.rawValue.utf8)[...]
}

/// The value of a DKIM-Signature as it will be sent: its folding is chosen before it is hashed.
private struct SignatureText {
    private(set) var octets: [UInt8] = []
    /// Octets on the current line, `DKIM-Signature: ` included.
    private var column = FieldName.dkimSignature.rawValue.utf8.count + 2

    private static let widest = 76

    init() { octets.reserveCapacity(1024) }

    /// A whole tag, on this line or the next.
    mutating func append(tag: some Collection<UInt8>) {
        if !octets.isEmpty {
            if column + 1 + tag.count > Self.widest { fold() } else { put(CollectionOfOne(ASCII.space)) }
        }
        put(tag)
    }

    mutating func append(tag: StaticString) { tag.withUTF8Buffer { append(tag: $0) } }

    /// More of the same tag, at a place where folding white space is allowed.
    mutating func append(continuation: some Collection<UInt8>) {
        if column + continuation.count > Self.widest { fold() }
        put(continuation)
    }

    /// Base 64, which may be folded anywhere.
    mutating func append(breakable text: [UInt8]) {
        var rest = text[...]
        while !rest.isEmpty {
            if column >= Self.widest { fold() }
            let part = rest.prefix(Self.widest - column)
            put(part)
            rest = rest.dropFirst(part.count)
        }
    }

    private mutating func fold() {
        octets.append(contentsOf: ASCII.crlf)
        octets.append(ASCII.space)
        column = 1
    }

    private mutating func put(_ text: some Collection<UInt8>) {
        octets.append(contentsOf: text)
        column += text.count
    }
}
