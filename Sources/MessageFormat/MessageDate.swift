public import MailModel

/// The `date-time` of RFC 5322 §3.3.
public enum MessageDate {
    /// `Sun, 01 Mar 2026 09:05:07 +0000`
    public static func format(_ time: Timestamp) -> [UInt8] {
        let civil = CivilTime(time)
        var octets = Array(days[civil.weekday])
        octets.append(contentsOf: ", ".utf8)
        append(civil.day, digits: 2, to: &octets)
        octets.append(ASCII.space)
        octets.append(contentsOf: months[civil.month - 1])
        octets.append(ASCII.space)
        append(Int(civil.year), digits: 4, to: &octets)
        octets.append(ASCII.space)
        append(civil.hour, digits: 2, to: &octets)
        octets.append(ASCII.colon)
        append(civil.minute, digits: 2, to: &octets)
        octets.append(ASCII.colon)
        append(civil.second, digits: 2, to: &octets)
        octets.append(contentsOf: " +0000".utf8)
        return octets
    }

    /// Whether the value of a Date field names a time, obsolete forms (two-digit years, zone names, comments) included.
    ///
    /// The day of the week may be wrong, for it says nothing that the date does not; a day that the month does not have is refused.
    public static func isValid(_ value: ArraySlice<UInt8>) -> Bool {
        var parser = DateParser(value)
        return (try? parser.parse()) != nil
    }

    fileprivate static let days: [[UInt8]] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].map { (name: String) in Array(name.utf8) }
    fileprivate static let months: [[UInt8]] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { (name: String) in Array(name.utf8) }

    private static func append(_ value: Int, digits: Int, to octets: inout [UInt8]) {
        let text = String(value)
        for _ in 0..<max(0, digits - text.utf8.count) { octets.append(ASCII.zero) }
        octets.append(contentsOf: text.utf8)
    }
}

private struct DateParser {
    private struct Invalid: Error {}
    private var lexer: AddressLexer

    init(_ value: ArraySlice<UInt8>) { lexer = AddressLexer(value) }

    mutating func parse() throws {
        if let name = try word() {
            guard MessageDate.days.contains(where: { ASCII.equalsIgnoringCase($0, name.prefix(3)) }) else { throw Invalid() }
            try expect(ASCII.comma)
        }
        let day = try number(digits: 1...2, 1...31).value
        guard let name = try word(), let month = MessageDate.months.firstIndex(where: { ASCII.equalsIgnoringCase($0, name) })
        else { throw Invalid() }
        let (year, digits) = try number(digits: 2...4, 0...9999)
        let fullYear = digits == 4 ? year : digits == 2 && year < 50 ? year + 2000 : year + 1900
        guard fullYear >= 1900, day <= Self.length(ofMonth: month, year: fullYear) else { throw Invalid() }
        _ = try number(digits: 1...2, 0...23)
        try expect(ASCII.colon)
        _ = try number(digits: 1...2, 0...59)
        try lexer.skipBlanksAndComments()
        if peek == ASCII.colon {
            lexer.index += 1
            _ = try number(digits: 1...2, 0...60)
        }
        try zone()
        try lexer.skipBlanksAndComments()
        guard peek == nil else { throw Invalid() }
    }

    private var peek: UInt8? { lexer.index < lexer.octets.endIndex ? lexer.octets[lexer.index] : nil }

    private mutating func zone() throws {
        try lexer.skipBlanksAndComments()
        guard peek == ASCII.plus || peek == ASCII.hyphen else {
            guard let name = try word(), name.count <= 5 else { throw Invalid() }
            return
        }
        lexer.index += 1
        guard peek.map(ASCII.isDigit) == true else { throw Invalid() }
        let offset = try number(digits: 4...4, 0...9999).value
        guard offset % 100 < 60 else { throw Invalid() }
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
