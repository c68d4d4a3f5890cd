/// The text form that Prometheus reads (version 0.0.4).
struct MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    private(set) var text = ""

    enum Kind: String { case counter, gauge, histogram }

    /// One value of a metric, with its labels in order.
    struct Point {
        var labels: [(name: String, value: String)] = []
        var value: Double

        init(_ value: Double, _ labels: (name: String, value: String)...) {
            self.value = value
            self.labels = labels
        }

        init(_ value: Int, _ labels: (name: String, value: String)...) {
            self.value = Double(value)
            self.labels = labels
        }
    }

    /// Writes a metric with all its points; nothing if there is none.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ points: [Point]) {
        guard !points.isEmpty else { return }
        header(name, kind, help)
        for point in points { line(name, point) }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int?) {
        add(name, kind, help, value.map { [Point($0)] } ?? [])
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        add(name, kind, help, value.map { [Point($0)] } ?? [])
    }

    mutating func add(_ name: String, _ help: String, _ histogram: DelayHistogram) {
        header(name, .histogram, help)
        var total = 0
        for (count, bound) in zip(histogram.counts, DelayHistogram.bounds + [.infinity]) {
            total += count
            line(name + "_bucket", Point(total, ("le", Self.number(bound))))
        }
        line(name + "_sum", Point(histogram.sum))
        line(name + "_count", Point(total))
    }

    private mutating func header(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func line(_ name: String, _ point: Point) {
        text += name
        if !point.labels.isEmpty {
            text += "{" + point.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(point.value))\n"
    }

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if let whole = Int(exactly: value) { return String(whole) }
        return "\(value)"
    }
}
