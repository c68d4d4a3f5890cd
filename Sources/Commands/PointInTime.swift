internal import MailModel

/// A time as people write it behind `--since`: how long ago (`15min`, `2h`, `4d`), or a date and perhaps a time of day in UTC.
enum PointInTime {
    static let help = "30min, 2h, 4d ago, or 2026-03-01, or 2026-03-01T14:30 (UTC)"

    /// Seconds since 1970.
    static func seconds(_ text: String, now: Double) -> Double? {
        if let ago = DurationText.seconds(text) { return now - ago }
        var text = Substring(text)
        if text.hasSuffix("Z") { text = text.dropLast() }
        let halves = text.split(whereSeparator: { $0 == "T" || $0 == " " })
        guard (1...2).contains(halves.count) else { return nil }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        let clock = halves.count == 2 ? halves[1].split(separator: ":", omittingEmptySubsequences: false) : ["00", "00"]
        guard date.count == 3, let year = number(date[0], 1970...9999), let month = number(date[1], 1...12),
            let day = number(date[2], 1...31), (2...3).contains(clock.count), let hour = number(clock[0], 0...23),
            let minute = number(clock[1], 0...59), let second = clock.count == 3 ? number(clock[2].prefix { $0 != "." }, 0...59) : 0
        else { return nil }
        let days = dayNumber(year, month, day)
        // 30 February is no day.
        let found = CivilTime(Timestamp(seconds: Int64(days) * 86_400))
        guard (found.month, found.day) == (month, day) else { return nil }
        return Double(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count <= 4, text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text), range.contains(value) else {
            return nil
        }
        return value
    }

    /// Days since 1970, counted in years that begin in March, so that the leap day comes last.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
