/// What stands before the `@`, as the octets that it means: quoting is undone.
///
/// `"abc"@x`, `"a\bc"@x` and `abc@x` are one mailbox (RFC 5321 §4.1.2), so they are one value. Case is kept: only the host that
/// owns the mailbox may fold it.
public struct LocalPart: Hashable, Sendable {
    /// Unquoted; each 32 to 126, and together at most 64 in the form for the wire.
    public let octets: [UInt8]

    /// Parses the `Dot-string` or `Quoted-string` of RFC 5321 §4.1.2.
    public init(parsing text: some Collection<UInt8>) throws(AddressError) {
        let text = Array(text)  // generic code is slow across modules
        guard let first = text.first else { throw .empty }
        let value = first == ASCII.quote ? try Self.unquote(text) : try Self.checkDotString(text)
        try self.init(unquoted: value)
    }

    /// Takes octets as they are meant; a printer quotes them where needed.
    public init(unquoted octets: [UInt8]) throws(AddressError) {
        guard octets.count <= 64 else { throw .localPartTooLong }
        for (offset, octet) in octets.enumerated() where !ASCII.isPrintable(octet) {
            throw octet >= 0x80 ? .nonASCII(at: offset) : .controlCharacter(at: offset)
        }
        self.octets = octets
        // Quotes and backslashes count (RFC 5321 §4.5.3.1.1); 31 octets are at most 64 with them.
        guard octets.count <= 31 || wireOctets.count <= 64 else { throw .localPartTooLong }
    }

    /// Without the `+detail` that addresses the same mailbox: `anna+news` is `anna`. A leading `+` is no detail.
    public var withoutDetail: LocalPart {
        guard let plus = octets.firstIndex(of: ASCII.plus), plus > 0 else { return self }
        return LocalPart(trusted: Array(octets[..<plus]))
    }

    /// Whether it may stand unquoted.
    public var isDotString: Bool { (try? Self.checkDotString(octets)) != nil }

    /// The form for the wire and for header fields, with the least quoting.
    public var wireOctets: [UInt8] {
        if isDotString { return octets }
        var quoted: [UInt8] = [ASCII.quote]
        for octet in octets {
            if octet == ASCII.quote || octet == ASCII.backslash { quoted.append(ASCII.backslash) }
            quoted.append(octet)
        }
        quoted.append(ASCII.quote)
        return quoted
    }

    private init(trusted octets: [UInt8]) { self.octets = octets }

    @discardableResult
    private static func checkDotString(_ text: [UInt8]) throws(AddressError) -> [UInt8] {
        var previous = ASCII.dot
        var offset = 0
        for octet in text {
            if octet == ASCII.dot {
                guard previous != ASCII.dot else { throw .unexpectedOctet(at: offset) }
            } else if !ASCII.isAtomText(octet) {
                if octet >= 0x80 { throw .nonASCII(at: offset) }
                throw ASCII.isPrintable(octet) ? .unexpectedOctet(at: offset) : .controlCharacter(at: offset)
            }
            previous = octet
            offset += 1
        }
        guard previous != ASCII.dot else { throw .unexpectedOctet(at: Swift.max(0, offset - 1)) }
        return text
    }

    private static func unquote(_ text: [UInt8]) throws(AddressError) -> [UInt8] {
        var value: [UInt8] = []
        var isEscaped = false
        var isClosed = false
        var offset = 0
        for octet in text {
            defer { offset += 1 }
            if offset == 0 { continue }  // the opening quote
            guard !isClosed else { throw .unexpectedOctet(at: offset) }
            if isEscaped {
                value.append(octet)
                isEscaped = false
            } else if octet == ASCII.backslash {
                isEscaped = true
            } else if octet == ASCII.quote {
                isClosed = true
            } else {
                value.append(octet)
            }
        }
        guard isClosed else { throw .unexpectedOctet(at: offset) }
        return value
    }
}
