/// So many in so much time, `14/s` or `2000/d`; or no limit at all.
public enum Rate: Hashable, Sendable {
    case unlimited
    /// At least 1 in a second, a minute, an hour or a day.
    case limited(count: Int, per: Duration)

    /// How many in a second, as a fraction where it is less than one; `nil` if unlimited.
    public var perSecond: Double? {
        switch self {
        case .unlimited: nil
        case .limited(let count, let period): Double(count) / Double(Swift.max(1, period.components.seconds))
        }
    }

    private static let periods: [(names: [String], seconds: Int)] = [
        (["s", "sec"], 1), (["min", "m"], 60), (["h"], 3600), (["d"], 86_400),
    ]
}

extension Rate {
    static func parse(_ text: String) throws(ValueError) -> Rate {
        if text == "unlimited" { return .unlimited }
        let advice = "write a number and a period: 14/s, 600/min, 5000/h, 2000/d; or unlimited"
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let count = DecimalText.parse(first) else {
            throw ValueError("\(quoted(text)) is not a rate; \(advice)")
        }
        guard parts.count == 2, let period = periods.first(where: { $0.names.contains(String(parts[1])) }) else {
            throw ValueError("\(quoted(text)) has no period; \(advice)")
        }
        guard count > 0 else { throw ValueError("\(quoted(text)) would never send; \(advice)") }
        guard count <= 1_000_000_000 else { throw ValueError("\(quoted(text)) is more than a thousand million; \(advice)") }
        return .limited(count: count, per: .seconds(period.seconds))
    }
}

extension Rate: CustomStringConvertible {
    public var description: String {
        guard case .limited(let count, let period) = self else { return "unlimited" }
        let name = Self.periods.first { Int64($0.seconds) == period.components.seconds }?.names[0]
        return "\(count)/\(name ?? "s")"
    }
}
