public import MailModel

/// The `date-time` of RFC 5322 §3.3.
public enum MessageDate {
    /// `Sun, 01 Mar 2026 09:05:07 +0000`
    public static func format(_ time: Timestamp) -> [UInt8] {
        let civil = CivilTime(time)
        let parts = DateParts(
            weekday: civil.weekday, day: civil.day, dayDigits: 2, month: civil.month - 1, year: Int(civil.year), hour: civil.hour,
            minute: civil.minute, second: civil.second, zone: Array("+0000".utf8))
        return parts.octets
    }

    /// How a date is written.
    public enum Style: Hashable, Sendable {
        case modern
        /// Two-digit years, zone names, comments in its midst: the same date in the syntax of today.
        case obsolete(modern: [UInt8])
    }

    /// - Returns: `nil` if `isValid` would say no.
    public static func style(of value: ArraySlice<UInt8>) -> Style? {
        var parser = DateParser(value)
        guard let parts = try? parser.parse() else { return nil }
        return parser.isModern ? .modern : .obsolete(modern: parts.octets)
    }

    /// Whether the value of a Date field names a time, obsolete forms (two-digit years, zone names, comments) included.
    ///
    /// The day of the week may be wrong, for it says nothing that the date does not; a day that the month does not have is refused.
    public static func isValid(_ value: ArraySlice<UInt8>) -> Bool {
        var parser = DateParser(value)
        return (try? parser.parse()) != nil
    }

    static let days: [[UInt8]] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].map { (name: String) in Array(name.utf8) }
    static let months: [[UInt8]] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ].map { (name: String) in Array(name.utf8) }
}

/// The numbers of a date as it was written.
struct DateParts {
    /// 0 is Sunday.
    var weekday: Int?
    var day = 0
    var dayDigits = 2
    /// 0 is January.
    var month = 0
    var year = 0
    var hour = 0
    var minute = 0
    var second: Int?
    /// `+0100`
    var zone: [UInt8] = []

    /// In modern syntax.
    var octets: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(31)
        if let weekday { octets += MessageDate.days[weekday] + [ASCII.comma, ASCII.space] }
        append(day, digits: dayDigits, to: &octets)
        octets += [ASCII.space] + MessageDate.months[month] + [ASCII.space]
        append(year, digits: 4, to: &octets)
        octets.append(ASCII.space)
        append(hour, digits: 2, to: &octets)
        octets.append(ASCII.colon)
        append(minute, digits: 2, to: &octets)
        if let second {
            octets.append(ASCII.colon)
            append(second, digits: 2, to: &octets)
        }
        return octets + [ASCII.space] + zone
    }

    private func append(_ value: Int, digits: Int, to octets: inout [UInt8]) {
        let text = String(value)
        for _ in 0..<max(0, digits - text.utf8.count) { octets.append(ASCII.zero) }
        octets.append(contentsOf: text.utf8)
    }
}
