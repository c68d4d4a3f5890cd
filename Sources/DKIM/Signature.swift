public import MailModel
public import MessageFormat

/// A DKIM-Signature field as a verifier reads it: `rsa-sha256` only, any canonicalization.
public struct Signature: Hashable, Sendable {
    /// `d=`
    public let domain: Domain
    /// `s=`
    public let selector: Selector
    public let headerCanonicalization: Canonicalization
    /// With this the caller hashes the body.
    public let bodyCanonicalization: Canonicalization
    /// `h=`, lower case.
    public let signedNames: [[UInt8]]
    /// `x=`
    public let expiry: Timestamp?

    private let bodyHash: [UInt8]
    private let signature: [UInt8]
    private let field: HeaderField
    /// Where the value of `b=` stands in the field's octets.
    private let signatureRange: Range<Int>

    public init(parsing field: HeaderField) throws(VerificationFailure) {
        let tags: TagList
        do { tags = try TagList(parsing: field.value) } catch { throw .malformedSignature("tag list") }
        func required(_ name: StaticString) throws(VerificationFailure) -> ArraySlice<UInt8> {
            guard let value = tags[name] else { throw .malformedSignature("\(name)=") }
            return value
        }
        guard try required("v").elementsEqual("1".utf8) else { throw .unsupported("v=") }
        guard try required("a").equalsIgnoringCase("rsa-sha256") else { throw .unsupported("a=") }
        guard tags["l"] == nil else { throw .bodyLengthLimited }
        guard tags.compact("q")?.equalsIgnoringCase("dns/txt") ?? true else { throw .unsupported("q=") }
        let (header, body) = try Self.canonicalizations(tags.compact("c"))
        headerCanonicalization = header
        bodyCanonicalization = body
        guard let domain = try? Domain(try required("d")) else { throw .malformedSignature("d=") }
        guard let selector = Selector(try required("s")) else { throw .malformedSignature("s=") }
        self.domain = domain
        self.selector = selector
        try Self.checkIdentity(tags["i"], within: domain)
        _ = try required("h")
        signedNames = (tags.compact("h") ?? []).split(separator: ASCII.colon).map { $0.map(ASCII.lowercased) }
        guard signedNames.contains(Array("from".utf8)) else { throw .fromNotSigned }
        _ = try required("bh")
        guard let bodyHash = tags.compact("bh").flatMap({ Base64.decode($0) }) else { throw .malformedSignature("bh=") }
        self.bodyHash = bodyHash
        guard let range = tags.range(of: "b"), let signature = tags.compact("b").flatMap({ Base64.decode($0) })
        else { throw .malformedSignature("b=") }
        self.signature = signature
        signatureRange = range
        self.field = field
        expiry = try Self.seconds(tags["x"], tag: "x=").map { Timestamp(seconds: $0) }
        _ = try Self.seconds(tags["t"], tag: "t=")
    }

    /// - Parameters:
    ///   - header: the header that the signature stands in.
    ///   - bodyHash: of the body, by `BodyHash` with `bodyCanonicalization`.
    ///   - key: made from the record that DNS has for `selector` and `domain`.
    public func verify(header: HeaderBlock, bodyHash: [UInt8], key: some VerifyingKey, now: Timestamp) throws(VerificationFailure) {
        if let expiry, expiry < now { throw .expired }
        guard bodyHash == self.bodyHash else { throw .bodyHashDiffers }
        guard key.isValid(signature: signature, of: signedOctets(of: header)) else { throw .signatureDiffers }
    }

    private func signedOctets(of header: HeaderBlock) -> [UInt8] {
        var unsigned: [[UInt8]: [HeaderField]] = [:]  // top to bottom: the last one is taken first
        for other in header.fields where other.octets.startIndex != field.octets.startIndex || other != field {
            unsigned[other.nameOctets.map(ASCII.lowercased), default: []].append(other)
        }
        var octets: [UInt8] = []
        for name in signedNames {
            if let next = unsigned[name]?.popLast() { headerCanonicalization.append(next, to: &octets) }
        }
        let own = field.octets
        let emptied = Array(own[..<signatureRange.lowerBound] + own[signatureRange.upperBound...])
        switch headerCanonicalization {
        case .simple: octets.append(contentsOf: emptied.dropLast(2))
        case .relaxed:
            let valueStart = field.value.startIndex - own.startIndex
            Canonicalization.appendRelaxed(name: field.nameOctets, value: emptied[valueStart...].dropLast(2), to: &octets)
            octets.removeLast(2)
        }
        return octets
    }

    private static func canonicalizations(_ tag: [UInt8]?) throws(VerificationFailure) -> (Canonicalization, Canonicalization) {
        guard let tag else { return (.simple, .simple) }
        let names = tag.split(separator: ASCII.slash, omittingEmptySubsequences: false).map {
            Canonicalization(rawValue: String(decoding: $0.map(ASCII.lowercased), as: UTF8.self))
        }
        switch names.count {
        case 1: if let header = names[0] { return (header, .simple) }
        case 2: if let header = names[0], let body = names[1] { return (header, body) }
        default: break
        }
        throw .unsupported("c=")
    }

    /// `i=` must lie within `d=`.
    private static func checkIdentity(_ tag: ArraySlice<UInt8>?, within domain: Domain) throws(VerificationFailure) {
        guard let tag else { return }
        guard let at = tag.lastIndex(of: ASCII.at), let identity = try? Domain(tag[(at + 1)...]), identity.isWithin(domain)
        else { throw .malformedSignature("i=") }
    }

    private static func seconds(_ tag: ArraySlice<UInt8>?, tag name: String) throws(VerificationFailure) -> Int64? {
        guard let tag else { return nil }
        guard !tag.isEmpty, tag.count <= 12, tag.allSatisfy(ASCII.isDigit) else { throw .malformedSignature(name) }
        return tag.reduce(0) { $0 * 10 + Int64($1 - ASCII.zero) }
    }
}
