/// Something in the settings that an operator must or should change.
///
/// Printed as `file:line:column: key: what is wrong; what to do`, which editors and terminals can jump to.
public struct Problem: Error, Hashable, Sendable {
    public enum Severity: Hashable, Sendable {
        /// The settings cannot be used.
        case error
        /// They can, but probably do not do what was meant.
        case warning
    }

    public var severity: Severity
    /// The file as it was named to us, or as the configuration names it.
    public var file: String
    /// Counted from 1; `nil` where the whole file is meant.
    public var line: Int?
    /// Characters from 1; `nil` outside YAML.
    public var column: Int?
    /// The path of the key, such as `upstream.rate` or `listeners[0].address`; `nil` outside the configuration.
    public var key: String?
    public var message: String

    init(_ severity: Severity, file: String, at position: Position? = nil, key: String? = nil, _ message: String) {
        self.severity = severity
        self.file = file
        self.line = position?.line
        self.column = position?.column
        self.key = key
        self.message = message
    }

    init(_ severity: Severity, file: String, line: Int, _ message: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = nil
        self.key = nil
        self.message = message
    }
}

extension Problem: CustomStringConvertible {
    public var description: String {
        var text = file
        if let line { text += ":\(line)" }
        if let column { text += ":\(column)" }
        if severity == .warning { text += ": warning" }
        if let key { text += ": \(key)" }
        return text + ": " + message
    }
}

extension [Problem] {
    /// In the order of the lines; the files in the order in which their first problem was found.
    func sortedByPlace() -> [Problem] {
        var rank: [String: Int] = [:]
        for problem in self where rank[problem.file] == nil { rank[problem.file] = rank.count }
        return enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            let places = [
                (rank[a.file] ?? 0, rank[b.file] ?? 0), (a.line ?? 0, b.line ?? 0), (a.column ?? 0, b.column ?? 0),
            ]
            for (one, other) in places where one != other { return one < other }
            return left.offset < right.offset
        }.map(\.element)
    }
}

/// Settings that cannot be used: every problem that was found, warnings among them, in the order of the lines.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    public let problems: [Problem]

    init(_ problems: [Problem]) { self.problems = problems.sortedByPlace() }

    /// One problem per line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
