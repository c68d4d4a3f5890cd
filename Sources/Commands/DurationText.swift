internal import SafeIO

/// `30s`, `15min`, `2h`, `4d`: durations as the configuration writes them.
enum DurationText {
    static func seconds(_ text: String) -> Double? {
        let digits = text.prefix(while: { $0.isASCII && $0.isNumber })
        guard let count = Double(digits), !digits.isEmpty else { return nil }
        switch text.dropFirst(digits.count) {
        case "s": return count
        case "min", "m": return count * 60
        case "h": return count * 3600
        case "d": return count * 86_400
        default: return nil
        }
    }
}

func wallClockSeconds() -> Int64 { SystemClock.microseconds() / 1_000_000 }
