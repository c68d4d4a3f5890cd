/// A point of wall-clock time, in microseconds since 1970 UTC.
///
/// For people and for what must outlive a restart. Waiting and rate limits use a monotonic clock instead: this one may be set back.
public struct Timestamp: Hashable, Sendable, Comparable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }
    public init(milliseconds: Int64) { microseconds = milliseconds.multipliedReportingOverflow(by: 1000).partialValue }
    public init(seconds: Int64) { microseconds = seconds.multipliedReportingOverflow(by: 1_000_000).partialValue }

    public var milliseconds: Int64 { microseconds / 1000 }
    /// Rounded towards the past.
    public var seconds: Int64 { microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000 }

    /// Later than anything.
    public static let never = Timestamp(microseconds: .max)

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let parts = duration.components
        let step = parts.seconds.multipliedReportingOverflow(by: 1_000_000).partialValue &+ parts.attoseconds / 1_000_000_000_000
        return Timestamp(microseconds: time.microseconds &+ step)
    }

    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .microseconds(later.microseconds &- earlier.microseconds)
    }
}

/// Days, months and hours of a `Timestamp` in the proleptic Gregorian calendar, UTC.
public struct CivilTime: Hashable, Sendable {
    public let year: Int64
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int
    public let hour: Int
    public let minute: Int
    public let second: Int
    /// 0 is Sunday.
    public let weekday: Int

    public init(_ time: Timestamp) {
        let seconds = time.seconds
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let rest = Int(seconds - days * 86_400)
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
        weekday = Int(((days % 7) + 11) % 7)  // 1970-01-01 was a Thursday
        // Days are counted from 0000-03-01, in eras of 400 years, so that the leap day comes last.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension Timestamp: CustomStringConvertible {
    /// `2026-03-01T09:05:07.123Z` (RFC 3339), milliseconds cut off.
    public var description: String {
        var octets: [UInt8] = []
        octets.reserveCapacity(24)
        write(to: &octets)
        return String(decoding: octets, as: UTF8.self)
    }

    /// Appends `description`.
    public func write(to octets: inout [UInt8]) {
        let civil = CivilTime(self)
        octets.appendDecimal(Int(civil.year), digits: 4)
        octets.append(ASCII.hyphen)
        octets.appendDecimal(civil.month, digits: 2)
        octets.append(ASCII.hyphen)
        octets.appendDecimal(civil.day, digits: 2)
        octets.append(UInt8(ascii: "T"))
        octets.appendDecimal(civil.hour, digits: 2)
        octets.append(ASCII.colon)
        octets.appendDecimal(civil.minute, digits: 2)
        octets.append(ASCII.colon)
        octets.appendDecimal(civil.second, digits: 2)
        octets.append(ASCII.dot)
        octets.appendDecimal(Int((microseconds - seconds * 1_000_000) / 1000), digits: 3)
        octets.append(UInt8(ascii: "Z"))
    }
}

/// Where wall-clock time comes from; an argument wherever time matters, so that tests set it.
public typealias WallClock = @Sendable () -> Timestamp
