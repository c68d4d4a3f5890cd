/// Why octets are not a header that we can carry. Lines are counted from 1, as people count them.
public enum HeaderError: Error, Hashable, Sendable {
    /// The line is neither `Name: value` nor the continuation of one: a `From ` line of an mbox file, a leading blank, plain text.
    case notAField(line: Int)
    /// A space, a control character or an 8-bit octet in the name of a field.
    case invalidName(line: Int)
    /// A CR without LF or an LF without CR.
    case bareLineEnd(line: Int)
    /// A NUL octet.
    case nul(line: Int)
    /// An octet above 127; the name of the field it stands in.
    case nonASCII(field: String, line: Int)
    /// An octet above 127 before the `@` of an address in that field.
    case nonASCIILocalPart(field: String)
    /// A domain in that field that has no certain form in ASCII.
    case unmappableDomain(field: String)
    /// More than `HeaderLimits.lineOctets`, the line end not counted.
    case lineTooLong(line: Int)
    case tooManyFields
    case tooLong
    /// A value for a field of our own that would break the line or leave ASCII.
    case unsafeValue
}

/// What a header may be at most. Each limit is a refusal, not a cut.
public struct HeaderLimits: Hashable, Sendable {
    /// All fields together, with their line ends. Postfix's `header_size_limit`.
    public var octets = 102_400
    public var fields = 1000
    /// RFC 5322 §2.1.1, the line end not counted.
    public var lineOctets = 998

    public init() {}
}
