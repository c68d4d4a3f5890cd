internal import MailModel

extension HeaderBlock {
    /// Parses the lines before the empty line that ends the header.
    ///
    /// Linear in the length of `octets`; every field shares its memory.
    ///
    /// - Parameter octets: whole lines, each with its CRLF; without the empty line.
    public init(parsing octets: [UInt8], limits: HeaderLimits = HeaderLimits()) throws(HeaderError) {
        guard octets.count <= limits.octets else { throw .tooLong }
        var fields: [HeaderField] = []
        fields.reserveCapacity(32)
        var fieldStart = 0
        var name: (count: Int, colon: Int)?
        var line = 0
        var lineStart = 0
        while lineStart < octets.count {
            line += 1
            let lineEnd = try Self.endOfLine(in: octets, from: lineStart, line: line, limits: limits)
            let isContinuation = ASCII.isBlank(octets[lineStart])
            if !isContinuation {
                if let name {
                    let whole = octets[fieldStart..<lineStart]
                    fields.append(HeaderField(checked: whole, nameCount: name.count, colonOffset: name.colon))
                }
                guard fields.count < limits.fields else { throw .tooManyFields }
                fieldStart = lineStart
                name = try Self.nameOfField(in: octets[lineStart..<lineEnd], line: line)
            } else if name == nil {
                throw .notAField(line: line)
            }
            lineStart = lineEnd + 2
        }
        if let name {
            let whole = octets[fieldStart...]
            fields.append(HeaderField(checked: whole, nameCount: name.count, colonOffset: name.colon))
        }
        self.init(fields: fields)
    }

    /// - Returns: the index of the CR that ends the line.
    private static func endOfLine(in octets: [UInt8], from start: Int, line: Int, limits: HeaderLimits) throws(HeaderError) -> Int {
        var index = start
        while index < octets.count {
            let octet = octets[index]
            if octet == ASCII.carriageReturn {
                guard index + 1 < octets.count, octets[index + 1] == ASCII.lineFeed else { throw .bareLineEnd(line: line) }
                guard index - start <= limits.lineOctets else { throw .lineTooLong(line: line) }
                return index
            }
            if octet == ASCII.lineFeed { throw .bareLineEnd(line: line) }
            if octet == ASCII.nul { throw .nul(line: line) }
            index += 1
        }
        throw .bareLineEnd(line: line)
    }

    private static func nameOfField(in line: ArraySlice<UInt8>, line number: Int) throws(HeaderError) -> (count: Int, colon: Int) {
        guard let colon = line.firstIndex(of: ASCII.colon) else { throw .notAField(line: number) }
        var end = colon
        while end > line.startIndex, ASCII.isBlank(line[end - 1]) { end -= 1 }
        let name = line[line.startIndex..<end]
        guard !name.isEmpty else { throw .notAField(line: number) }
        guard name.allSatisfy({ ASCII.isPrintable($0) && $0 != ASCII.space }) else {
            // `From anna@example.com Sun Mar  1 09:05:07 2026` has colons too; so has any sentence.
            throw line.prefix(5).elementsEqual("From ".utf8) && number == 1 ? .notAField(line: number) : .invalidName(line: number)
        }
        return (name.count, colon - line.startIndex)
    }

    /// The first field with an octet above 127, which no 7-bit upstream can take.
    public func checkASCII() throws(HeaderError) {
        var line = 1
        for field in fields {
            for octet in field.octets {
                if octet >= 0x80 {
                    throw .nonASCII(field: PrintableText.sanitized(field.nameOctets, limit: 80), line: line)
                }
                if octet == ASCII.lineFeed { line += 1 }
            }
        }
    }
}
