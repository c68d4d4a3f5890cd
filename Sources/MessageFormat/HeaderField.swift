internal import MailModel

/// One header field, byte for byte as it came, with its folding and its final CRLF.
public struct HeaderField: Hashable, Sendable {
    /// From the first octet of the name to the CRLF that ends the field.
    public let octets: ArraySlice<UInt8>
    /// `nil` if no rule knows this name.
    public let name: FieldName?
    private let nameCount: Int
    private let colonOffset: Int

    /// - Parameters:
    ///   - octets: the whole field.
    ///   - nameCount: octets of the name, without blanks before the colon.
    ///   - colonOffset: where the colon stands, from the field's first octet.
    init(checked octets: ArraySlice<UInt8>, nameCount: Int, colonOffset: Int) {
        self.octets = octets
        self.nameCount = nameCount
        self.colonOffset = colonOffset
        name = FieldName(matching: octets.prefix(nameCount))
    }

    /// A field of our own: `Name: value`, CRLF.
    ///
    /// - Parameter value: printable ASCII and blanks; may be folded (CRLF and a blank, then something that can be seen).
    /// - Throws: `HeaderError.unsafeValue` for anything that could begin a new line or leave ASCII, `.lineTooLong`.
    public init(_ name: FieldName, value: [UInt8]) throws(HeaderError) {
        var octets: [UInt8] = []
        octets.reserveCapacity(value.count + 40)
        octets.append(contentsOf: name.rawValue.utf8)
        let nameCount = octets.count
        octets.append(ASCII.colon)
        octets.append(ASCII.space)
        octets.append(contentsOf: value)
        try self.init(writing: name, octets, nameCount: nameCount)
    }

    /// - Parameter octets: name, colon and value; the CRLF is added.
    init(writing name: FieldName, _ octets: [UInt8], nameCount: Int) throws(HeaderError) {
        var octets = octets
        var lineStart = 0
        var isVisible = true  // the name is
        var index = nameCount + 1
        while index < octets.count {
            let octet = octets[index]
            if octet == ASCII.carriageReturn {
                guard isVisible, index + 2 < octets.count, octets[index + 1] == ASCII.lineFeed, ASCII.isBlank(octets[index + 2])
                else { throw .unsafeValue }
                guard index - lineStart <= 998 else { throw .lineTooLong(line: 1) }
                lineStart = index + 2
                isVisible = false
                index += 3
                continue
            }
            guard ASCII.isPrintable(octet) || octet == ASCII.tab else { throw .unsafeValue }
            if !ASCII.isBlank(octet) { isVisible = true }
            index += 1
        }
        guard isVisible else { throw .unsafeValue }
        guard octets.count - lineStart <= 998 else { throw .lineTooLong(line: 1) }
        octets.append(contentsOf: ASCII.crlf)
        self.octets = octets[...]
        self.name = name
        self.nameCount = nameCount
        colonOffset = nameCount
    }

    /// The name as it is spelled, without blanks before the colon.
    public var nameOctets: ArraySlice<UInt8> { octets.prefix(nameCount) }

    /// Everything between the colon and the final CRLF, folding included.
    public var value: ArraySlice<UInt8> { octets.dropFirst(colonOffset + 1).dropLast(2) }

    /// The value on one line: folding undone (RFC 5322 §2.2.3), blanks at both ends cut off.
    public var unfolded: [UInt8] {
        var line = value.filter { $0 != ASCII.carriageReturn && $0 != ASCII.lineFeed }[...]
        while let first = line.first, ASCII.isBlank(first) { line.removeFirst() }
        while let last = line.last, ASCII.isBlank(last) { line.removeLast() }
        return Array(line)
    }

    var hasObsoleteColon: Bool { colonOffset != nameCount }

    /// The same field without the blanks that obsolete syntax allows before the colon (RFC 5322 §4.5): `From : a` is `From: a`.
    var withModernColon: HeaderField {
        guard hasObsoleteColon else { return self }
        let modern = Array(nameOctets) + octets.dropFirst(colonOffset)
        return HeaderField(checked: modern[...], nameCount: nameCount, colonOffset: nameCount)
    }

    public static func == (left: HeaderField, right: HeaderField) -> Bool { left.octets == right.octets }
    public func hash(into hasher: inout Hasher) { hasher.combine(octets) }
}
