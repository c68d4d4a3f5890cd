internal import MailModel

/// One field of a header section: its octets as they stand, and where its name ends.
struct HeaderField: Hashable, Sendable {
    /// With the name, all folding and the last CRLF.
    let octets: ArraySlice<UInt8>
    /// Empty for a line that is no field: SES lets it stand.
    let name: ArraySlice<UInt8>
    /// What follows the colon, folding undone (a CRLF before white space is dropped), blanks at the ends cut.
    let value: [UInt8]

    func isNamed(_ literal: StaticString) -> Bool { name.equalsIgnoringCase(literal) }

    /// For replies and records.
    var text: String { PrintableText.sanitized(value, limit: 998) }

    /// Splits a header section, with or without the empty line that ends it.
    static func parse(_ section: ArraySlice<UInt8>) -> [HeaderField] {
        var fields: [HeaderField] = []
        var start = section.startIndex
        while start < section.endIndex {
            var end = endOfLine(in: section, from: start)
            while end < section.endIndex, ASCII.isBlank(section[end]) { end = endOfLine(in: section, from: end) }
            let octets = section[start..<end]
            start = end
            if octets.elementsEqual(ASCII.crlf) { break }
            fields.append(HeaderField(octets))
        }
        return fields
    }

    private init(_ octets: ArraySlice<UInt8>) {
        self.octets = octets
        // JavaMail trims blanks before the colon; a name with a blank or control inside is no name.
        let colon = octets.firstIndex(of: ASCII.colon)
        let candidate = colon.map { octets[..<$0].trimmingBlanks } ?? []
        name = candidate.allSatisfy { ASCII.isPrintable($0) && $0 != ASCII.space } ? candidate : []
        let rest = colon.map { octets[octets.index(after: $0)...] } ?? octets
        var value: [UInt8] = []
        value.reserveCapacity(rest.count)
        for octet in rest where octet != ASCII.carriageReturn && octet != ASCII.lineFeed { value.append(octet) }
        self.value = Array(value[...].trimmingBlanks)
    }

    private static func endOfLine(in section: ArraySlice<UInt8>, from start: Int) -> Int {
        guard let feed = section[start...].firstIndex(of: ASCII.lineFeed) else { return section.endIndex }
        return feed + 1
    }
}

extension ArraySlice<UInt8> {
    var trimmingBlanks: ArraySlice<UInt8> {
        var slice = self
        while let first = slice.first, ASCII.isBlank(first) { slice.removeFirst() }
        while let last = slice.last, ASCII.isBlank(last) { slice.removeLast() }
        return slice
    }
}
