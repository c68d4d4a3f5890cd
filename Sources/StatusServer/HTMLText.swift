/// Text for pages: whatever comes from outside goes through here.
enum HTMLText {
    /// Fit for the content of an element and for a quoted attribute. Control characters, and what turns the direction of a line, are shown as U+FFFD.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count + 16)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\t", "\n": escaped.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// `12,345`
    static func number(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// `1 message`, `2 messages`
    static func count(_ value: Int, _ noun: String) -> String { number(value) + " " + noun + (value == 1 ? "" : "s") }

    /// `4 s`, `12 min`, `3 h 5 min`, `2 d 4 h`
    static func duration(_ seconds: Double) -> String {
        let seconds = Int(min(max(0, seconds), 1e12))
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800:
            let minutes = seconds / 60 % 60
            return "\(seconds / 3600) h" + (minutes == 0 ? "" : " \(minutes) min")
        default:
            let hours = seconds / 3600 % 24
            return "\(seconds / 86_400) d" + (hours == 0 ? "" : " \(hours) h")
        }
    }

    /// Octets: `840 MB`, `12.5 GB`; a MB is 1,000,000, as everywhere here.
    static func size(_ octets: Int) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(octets)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return "\(decimal(value)) \(units[unit])"
    }

    /// About three digits, a whole number without a point.
    static func decimal(_ value: Double) -> String {
        if value >= 100 || value == value.rounded() { return number(Int(min(value.rounded(), 1e15))) }
        let tenths =
            value >= 10 ? (value * 10).rounded() / 10 : value >= 0.1 ? (value * 100).rounded() / 100 : (value * 1000).rounded() / 1000
        return "\(tenths)".hasSuffix(".0") ? String("\(tenths)".dropLast(2)) : "\(tenths)"
    }

    /// `<time>` with the time of day, the whole of it for machines and on hovering.
    static func time(_ time: String) -> String {
        let whole = escaped(time)
        guard time.utf8.count >= 19 else { return whole }
        let text = Array(time)
        return "<time datetime=\"\(whole)\" title=\"\(whole)\"><span class=\"day\">\(escaped(String(text[..<10])))</span> "
            + "\(escaped(String(text[11..<19])))</time>"
    }
}
