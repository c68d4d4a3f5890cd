internal import MailModel

/// Writes the 8-bit parts of an address field in ASCII: names and comments as encoded-words, domains as A-labels. What is 7-bit stays as
/// it is. One pass; whether the result is a list of addresses, the parser says afterwards.
struct AddressRepair {
    private enum Role { case phrase, localPart, domain }

    private let value: [UInt8]
    private let text: RawHeaderText
    private let field: String
    private var output: [UInt8] = []

    /// - Parameter value: on one line.
    init(_ value: [UInt8], _ text: RawHeaderText, field: String) {
        self.value = value
        self.text = text
        self.field = field
    }

    mutating func repaired() throws(HeaderError) -> [UInt8] {
        var start = 0
        var index = 0
        var role = Role.phrase
        var isInAngle = false
        while index < value.count {
            let octet = value[index]
            switch octet {
            case ASCII.quote:
                index = Self.endOfQuote(in: value, from: index)
                continue
            case ASCII.leftParenthesis:
                index = Self.endOfComment(in: value, from: index)
                continue
            case ASCII.less, ASCII.greater, ASCII.comma, ASCII.semicolon, ASCII.colon, ASCII.at:
                if octet == ASCII.at, role != .domain { role = .localPart }
                try take(start..<index, as: role)
                output.append(octet)
                if octet == ASCII.less { isInAngle = true }
                if octet == ASCII.greater || octet == ASCII.semicolon || (octet == ASCII.comma && role != .domain) { isInAngle = false }
                role = octet == ASCII.at ? .domain : isInAngle ? .localPart : .phrase
                start = index + 1
            default: break
            }
            index += 1
        }
        try take(start..<value.count, as: role)
        return output
    }

    private mutating func take(_ range: Range<Int>, as role: Role) throws(HeaderError) {
        guard value[range].contains(where: { $0 >= 0x80 }) else { return output.append(contentsOf: value[range]) }
        if role == .phrase { return takePhrase(range) }
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            let octet = value[index]
            if octet == ASCII.leftParenthesis {
                index = min(Self.endOfComment(in: value, from: index), range.upperBound)
                takeComment(start..<index)
                continue
            }
            if octet == ASCII.quote {
                index = min(Self.endOfQuote(in: value, from: index), range.upperBound)
            } else if ASCII.isBlank(octet) {
                index += 1
            } else {
                while index < range.upperBound, !ASCII.isBlank(value[index]), value[index] != ASCII.leftParenthesis,
                    value[index] != ASCII.quote
                {
                    index += 1
                }
            }
            let piece = value[start..<index]
            guard piece.contains(where: { $0 >= 0x80 }) else {
                output.append(contentsOf: piece)
                continue
            }
            guard role == .domain else { throw .nonASCIILocalPart(field: field) }
            guard let domain = InternationalDomain.ascii(piece) else { throw .unmappableDomain(field: field) }
            output.append(contentsOf: domain)
        }
    }

    /// The whole phrase in encoded-words: Amazon SES reads a mixture of them and of special characters as several addresses.
    private mutating func takePhrase(_ range: Range<Int>) {
        var pieces: [[UInt8]] = []
        var plain: [UInt8] = []
        var comments: [Range<Int>] = []
        var owesBlank = false
        func flush() {
            if !plain.isEmpty { pieces.append(contentsOf: text.encodedWords(plain)) }
            plain = []
        }
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            if ASCII.isBlank(value[index]) {
                owesBlank = true
                index += 1
                continue
            }
            if value[index] == ASCII.leftParenthesis {
                index = min(Self.endOfComment(in: value, from: index), range.upperBound)
                comments.append(start..<index)
                owesBlank = true
                continue
            }
            var word: [UInt8]
            if value[index] == ASCII.quote {
                index = min(Self.endOfQuote(in: value, from: index), range.upperBound)
                word = AddressLexer(value[start..<index]).unquoted(start + 1..<max(start + 1, index - 1))
            } else {
                while index < range.upperBound, !ASCII.isBlank(value[index]), value[index] != ASCII.quote,
                    value[index] != ASCII.leftParenthesis
                {
                    index += 1
                }
                word = Array(value[start..<index])
            }
            if EncodedWord(word) != nil {
                if !plain.isEmpty { plain.append(ASCII.space) }
                flush()
                pieces.append(word)
            } else {
                if owesBlank, !plain.isEmpty || !pieces.isEmpty { plain.append(ASCII.space) }
                plain.append(contentsOf: word)
            }
            owesBlank = false
        }
        flush()
        // Between two words there must be a blank, and before the first one the one that was there.
        if let first = value[range].first, ASCII.isBlank(first) || !output.isEmpty { output.append(ASCII.space) }
        output.append(contentsOf: pieces.joined(separator: [ASCII.space]))
        for comment in comments {
            output.append(ASCII.space)
            takeComment(comment)
        }
        if range.upperBound < value.count, value[range.upperBound] == ASCII.less { output.append(ASCII.space) }
    }

    private mutating func takeComment(_ range: Range<Int>) {
        guard value[range].contains(where: { $0 >= 0x80 }) else { return output.append(contentsOf: value[range]) }
        let inside = AddressLexer(value[range]).unquoted(range.lowerBound + 1..<max(range.lowerBound + 1, range.upperBound - 1))
        output.append(ASCII.leftParenthesis)
        output.append(contentsOf: text.encodedWords(inside).joined(separator: [ASCII.space]))
        output.append(ASCII.rightParenthesis)
    }

    private static func endOfQuote(in value: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < value.count, value[index] != ASCII.quote { index += value[index] == ASCII.backslash ? 2 : 1 }
        return min(index + 1, value.count)
    }

    private static func endOfComment(in value: [UInt8], from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < value.count {
            switch value[index] {
            case ASCII.leftParenthesis: depth += 1
            case ASCII.rightParenthesis: depth -= 1
            case ASCII.backslash: index += 1
            default: break
            }
            index += 1
            if depth == 0 { break }
        }
        return min(index, value.count)
    }
}
