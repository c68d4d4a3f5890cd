internal import MailModel

/// Reads a `date-time` of RFC 5322 §3.3 or §4.3.
struct DateParser {
    private struct Invalid: Error {}
    /// Whether blanks stand where the modern syntax has a place for them.
    private enum Blanks { case needed, allowed, obsolete }

    private var lexer: AddressLexer
    /// Whether nothing so far was obsolete.
    private(set) var isModern: Bool

    init(_ value: ArraySlice<UInt8>) {
        lexer = AddressLexer(value)
        isModern = lexer.hasModernText
    }

    mutating func parse() throws -> DateParts {
        var parts = DateParts()
        if let name = try word(after: .allowed) {
            parts.weekday = MessageDate.days.firstIndex { ASCII.equalsIgnoringCase($0, name.prefix(3)) }
            guard parts.weekday != nil else { throw Invalid() }
            if name.count != 3 { isModern = false }
            try expect(ASCII.comma)
        }
        (parts.day, parts.dayDigits) = try number(after: .allowed, digits: 1...2, 1...31)
        guard let name = try word(after: .needed),
            let month = MessageDate.months.firstIndex(where: { ASCII.equalsIgnoringCase($0, name) })
        else { throw Invalid() }
        let (year, digits) = try number(after: .needed, digits: 2...4, 0...9999)
        let fullYear = digits == 4 ? year : digits == 2 && year < 50 ? year + 2000 : year + 1900
        if digits != 4 { isModern = false }
        guard fullYear >= 1900, parts.day <= Self.length(ofMonth: month, year: fullYear) else { throw Invalid() }
        parts.month = month
        parts.year = fullYear
        parts.hour = try twoDigits(after: .needed, 0...23)
        try expect(ASCII.colon)
        parts.minute = try twoDigits(after: .obsolete, 0...59)
        let hadBlank = try lexer.skipBlanksAndComments()
        if peek == ASCII.colon {
            if hadBlank { isModern = false }
            lexer.index += 1
            parts.second = try twoDigits(after: .obsolete, 0...60)
            try skip(.needed)
        } else if !hadBlank {
            isModern = false
        }
        parts.zone = try zone()
        if lexer.lastComment != nil { isModern = false }  // behind the zone it may stand
        try lexer.skipBlanksAndComments()
        guard peek == nil else { throw Invalid() }
        return parts
    }

    private var peek: UInt8? { lexer.index < lexer.octets.endIndex ? lexer.octets[lexer.index] : nil }

    private mutating func skip(_ blanks: Blanks) throws {
        switch (try lexer.skipBlanksAndComments(), blanks) {
        case (true, .obsolete), (false, .needed): isModern = false
        default: break
        }
    }

    private mutating func zone() throws -> [UInt8] {
        guard let sign = peek, sign == ASCII.plus || sign == ASCII.hyphen else {
            guard let name = try word(after: .allowed), name.count <= 5 else { throw Invalid() }
            isModern = false
            return Self.offset(ofZone: name)
        }
        lexer.index += 1
        guard peek.map(ASCII.isDigit) == true else { throw Invalid() }
        let offset = try number(after: .obsolete, digits: 4...4, 0...9999).value
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
        try skip(.obsolete)
        guard peek == octet else { throw Invalid() }
        lexer.index += 1
    }

    /// Letters, or `nil` if something else comes next.
    private mutating func word(after blanks: Blanks) throws -> ArraySlice<UInt8>? {
        try skip(blanks)
        let start = lexer.index
        while let octet = peek, ASCII.isLetter(octet) { lexer.index += 1 }
        return lexer.index > start ? lexer.octets[start..<lexer.index] : nil
    }

    private mutating func twoDigits(after blanks: Blanks, _ range: ClosedRange<Int>) throws -> Int {
        let (value, digits) = try number(after: blanks, digits: 1...2, range)
        if digits != 2 { isModern = false }
        return value
    }

    private mutating func number(
        after blanks: Blanks, digits: ClosedRange<Int>, _ range: ClosedRange<Int>
    ) throws -> (value: Int, digits: Int) {
        try skip(blanks)
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
