internal import MailModel

extension HeaderBlock {
    /// Writes every field that has 8-bit octets or a line of more than 998 octets so that it has neither. The others stay byte for byte.
    ///
    /// - Parameter declaredCharset: of the body, lower case: what 8-bit text that is not UTF-8 is taken for.
    /// - Returns: the names of the fields that changed, printable.
    /// - Throws: where no 7-bit form exists: `.nonASCII`, `.nonASCIILocalPart`, `.unmappableDomain`, `.lineTooLong`.
    @discardableResult
    public mutating func makeSevenBit(declaredCharset: [UInt8]?) throws(HeaderError) -> [String] {
        guard fields.contains(where: { $0.has8Bit || $0.hasLongLine }) else { return [] }
        var changed: [String] = []
        var repaired: [HeaderField] = []
        repaired.reserveCapacity(fields.count)
        var line = 1
        for field in fields {
            if field.has8Bit || field.hasLongLine {
                changed.append(PrintableText.sanitized(field.nameOctets, limit: 80))
                if let field = try field.repaired(declaredCharset: declaredCharset, line: line) { repaired.append(field) }
            } else {
                repaired.append(field)
            }
            line += field.octets.count { $0 == ASCII.lineFeed }
        }
        if !changed.isEmpty { self = HeaderBlock(fields: repaired) }
        return changed
    }

    /// Takes out all fields of that name and puts `value` in the place of the first, or below all others.
    public mutating func set(_ name: FieldName, to value: [UInt8]) throws(HeaderError) {
        let field = try HeaderField(name, value: value)
        guard let first = fields.firstIndex(where: { $0.name == name }) else { return append(field) }
        var kept = fields
        kept[first] = field
        var index = 0
        kept.removeAll { other in
            defer { index += 1 }
            return index > first && other.name == name
        }
        self = HeaderBlock(fields: kept)
    }
}
