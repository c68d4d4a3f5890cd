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
        octets.reserveCapacity(32)
        if let weekday {
            octets.append(contentsOf: MessageDate.days[weekday])
            octets.append(ASCII.comma)
            octets.append(ASCII.space)
        }
        octets.appendDecimal(day, digits: dayDigits)
        octets.append(ASCII.space)
        octets.append(contentsOf: MessageDate.months[month])
        octets.append(ASCII.space)
        octets.appendDecimal(year, digits: 4)
        octets.append(ASCII.space)
        octets.appendDecimal(hour, digits: 2)
        octets.append(ASCII.colon)
        octets.appendDecimal(minute, digits: 2)
        if let second {
            octets.append(ASCII.colon)
            octets.appendDecimal(second, digits: 2)
        }
        octets.append(ASCII.space)
        octets.append(contentsOf: zone)
        return octets
    }
}
