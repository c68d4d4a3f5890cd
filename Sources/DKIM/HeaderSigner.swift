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
        value.append(tag: "d=", domain.octets)
        value.append(tag: "s=", selector.octets)
        value.append(tag: "t=", Array(String(max(0, time.seconds)).utf8))
        for (index, name) in names.enumerated() {
            value.append(name: name, isFirst: index == 0, isLast: index == names.count - 1)
        }
        value.append(tag: "bh=", Base64.encode(bodyHash))
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
    mutating func append(tag: StaticString) {
        separate(tag.utf8CodeUnitCount)
        put(tag)
    }

    /// The same, with its value and a semicolon behind it.
    mutating func append(tag: StaticString, _ text: [UInt8]) {
        separate(tag.utf8CodeUnitCount + text.count + 1)
        put(tag)
        put(text[...])
        put(";")
    }

    /// A name of `h=`, which may be folded behind each colon.
    mutating func append(name: FieldName, isFirst: Bool, isLast: Bool) {
        let text = name.rawValue.utf8
        if isFirst {
            separate(text.count + 3)
            put("h=")
        } else if column + text.count + 1 > Self.widest {
            fold()
        }
        octets.append(contentsOf: text)
        octets.append(isLast ? ASCII.semicolon : ASCII.colon)
        column += text.count + 1
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

    /// A space or a fold before a tag of `count` octets.
    private mutating func separate(_ count: Int) {
        guard !octets.isEmpty else { return }
        if column + 1 + count > Self.widest { return fold() }
        octets.append(ASCII.space)
        column += 1
    }

    private mutating func put(_ text: ArraySlice<UInt8>) {
        octets.append(contentsOf: text)
        column += text.count
    }

    private mutating func put(_ text: StaticString) {
        text.withUTF8Buffer { octets.append(contentsOf: $0) }
        column += text.utf8CodeUnitCount
    }
}
