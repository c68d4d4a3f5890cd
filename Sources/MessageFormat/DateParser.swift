internal import MailModel

/// Reads a `date-time` of RFC 5322 §3.3 or §4.3.
struct DateParser {
    private struct Invalid: Error {}
    private var lexer: AddressLexer
    /// Where the zone ended.
    private var end: Int

    init(_ value: ArraySlice<UInt8>) {
        lexer = AddressLexer(value)
        end = value.endIndex
    }

    mutating func parse() throws -> DateParts {
        var parts = DateParts()
        if let name = try word() {
            parts.weekday = MessageDate.days.firstIndex { ASCII.equalsIgnoringCase($0, name.prefix(3)) }
            guard parts.weekday != nil else { throw Invalid() }
            try expect(ASCII.comma)
        }
        (parts.day, parts.dayDigits) = try number(digits: 1...2, 1...31)
        guard let name = try word(), let month = MessageDate.months.firstIndex(where: { ASCII.equalsIgnoringCase($0, name) })
        else { throw Invalid() }
        let (year, digits) = try number(digits: 2...4, 0...9999)
        let fullYear = digits == 4 ? year : digits == 2 && year < 50 ? year + 2000 : year + 1900
        guard fullYear >= 1900, parts.day <= Self.length(ofMonth: month, year: fullYear) else { throw Invalid() }
        parts.month = month
        parts.year = fullYear
        parts.hour = try number(digits: 1...2, 0...23).value
        try expect(ASCII.colon)
        parts.minute = try number(digits: 1...2, 0...59).value
        try lexer.skipBlanksAndComments()
        if peek == ASCII.colon {
            lexer.index += 1
            parts.second = try number(digits: 1...2, 0...60).value
        }
        parts.zone = try zone()
        end = lexer.index
        try lexer.skipBlanksAndComments()
        guard peek == nil else { throw Invalid() }
        return parts
    }

    /// Whether the value, but for folding and a comment at its end, is `date`; what stands behind the comma may stand close to it.
    func wrote(_ date: [UInt8]) -> Bool {
        guard lexer.hasModernText else { return false }
        var words: [UInt8] = []
        var owesSpace = false
        for octet in lexer.octets[..<end] {
            switch octet {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.lineFeed: owesSpace = !words.isEmpty
            default:
                if owesSpace || words.last == ASCII.comma { words.append(ASCII.space) }
                owesSpace = false
                words.append(octet)
            }
        }
        return ASCII.equalsIgnoringCase(words, date)
    }

    private var peek: UInt8? { lexer.index < lexer.octets.endIndex ? lexer.octets[lexer.index] : nil }

    private mutating func zone() throws -> [UInt8] {
        try lexer.skipBlanksAndComments()
        guard let sign = peek, sign == ASCII.plus || sign == ASCII.hyphen else {
            guard let name = try word(), name.count <= 5 else { throw Invalid() }
            return Self.offset(ofZone: name)
        }
        lexer.index += 1
        guard peek.map(ASCII.isDigit) == true else { throw Invalid() }
        let offset = try number(digits: 4...4, 0...9999).value
        guard offset % 100 < 60 else { throw Invalid() }
        return [sign] + lexer.octets[(lexer.index - 4)..<lexer.index]
    }

    /// RFC 5322 §4.3: any name that does not stand there says nothing of where it was written, as `-0000` does.
    private static func offset(ofZone name: ArraySlice<UInt8>) -> [UInt8] {
        let known: [(StaticString, String)] = [
            ("UT", "+0000"), ("GMT", "+0000"), ("Z", "+0000"), ("UTC", "+0000"), ("EST", "-0500"), ("EDT", "-0400"), ("CST", "-0600"),
            ("CDT", "-0500"), ("MST", "-0700"), ("MDT", "-0600"), ("PST", "-0800"), ("PDT", "-0700"),
        ]
        return Array((known.first { name.equalsIgnoringCase($0.0) }?.1 ?? "-0000").utf8)
    }

    private mutating func expect(_ octet: UInt8) throws {
        try lexer.skipBlanksAndComments()
        guard peek == octet else { throw Invalid() }
        lexer.index += 1
    }

    /// Letters, or `nil` if something else comes next.
    private mutating func word() throws -> ArraySlice<UInt8>? {
        try lexer.skipBlanksAndComments()
        let start = lexer.index
        while let octet = peek, ASCII.isLetter(octet) { lexer.index += 1 }
        return lexer.index > start ? lexer.octets[start..<lexer.index] : nil
    }

    private mutating func number(digits: ClosedRange<Int>, _ range: ClosedRange<Int>) throws -> (value: Int, digits: Int) {
        try lexer.skipBlanksAndComments()
        var value = 0
        var count = 0
        while let octet = peek, ASCII.isDigit(octet), count <= digits.upperBound {
            value = value * 10 + Int(octet - ASCII.zero)
            count += 1
            lexer.index += 1
        }
        guard digits.contains(count), range.contains(value) else { throw Invalid() }
        return (value, count)
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 1: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 3, 5, 8, 10: 30
        default: 31
        }
    }
}
