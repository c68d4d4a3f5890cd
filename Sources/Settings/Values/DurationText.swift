internal import MailModel

/// Durations as a configuration has them: `30s`, `15min`, `1h30min`, `4d`.
enum DurationText {
    private static let units: [(names: [String], milliseconds: Int)] = [
        (["w"], 604_800_000), (["d"], 86_400_000), (["h"], 3_600_000), (["min", "m"], 60_000), (["s", "sec"], 1000), (["ms"], 1),
    ]

    /// Ten years: more is a typing error, and keeps every sum far from overflow.
    private static let maximumMilliseconds = 3650 * 86_400_000

    static func parse(_ text: String) throws(ValueError) -> Duration {
        var rest = Array(text.utf8)[...]
        var total = 0
        repeat {
            guard let (number, unit) = firstPart(&rest) else {
                throw ValueError("\(quoted(text)) is not a duration; write a number and a unit: 30s, 15min, 12h, 4d")
            }
            let (product, overflow) = number.multipliedReportingOverflow(by: unit)
            guard !overflow, product <= maximumMilliseconds - total else {
                throw ValueError("\(quoted(text)) is longer than ten years; write a shorter duration")
            }
            total += product
        } while !rest.isEmpty
        return .milliseconds(total)
    }

    private static func firstPart(_ rest: inout ArraySlice<UInt8>) -> (number: Int, unit: Int)? {
        let digits = rest.prefix(while: ASCII.isDigit)
        guard let number = DecimalText.parse(String(decoding: digits, as: UTF8.self)) else { return nil }
        rest = rest.dropFirst(digits.count).drop { $0 == ASCII.space }
        let name = String(decoding: rest.prefix(while: ASCII.isLetter), as: UTF8.self)
        rest = rest.dropFirst(name.utf8.count).drop { $0 == ASCII.space }
        return units.first { $0.names.contains(name) }.map { (number, $0.milliseconds) }
    }

    /// In the largest unit that leaves no rest.
    static func show(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        for unit in units where milliseconds >= unit.milliseconds && milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.names[0])"
        }
        return "\(milliseconds)ms"
    }
}
