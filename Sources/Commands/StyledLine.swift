/// A line whose width is known before it is coloured, so that it can be cut and aligned.
struct StyledLine: Sendable {
    private struct Span: Sendable {
        let text: String
        let style: Terminal.Style?
    }

    private var spans: [Span] = []

    init(_ text: String = "", _ style: Terminal.Style? = nil) { add(text, style) }

    /// What others wrote may come in: whatever a terminal would obey becomes `?`.
    mutating func add(_ text: String, _ style: Terminal.Style? = nil) {
        let isClean = text.unicodeScalars.allSatisfy(Self.isHarmless)
        let clean = isClean ? text : String(String.UnicodeScalarView(text.unicodeScalars.map { Self.isHarmless($0) ? $0 : "?" }))
        if !clean.isEmpty { spans.append(Span(text: clean, style: style)) }
    }

    func adding(_ text: String, _ style: Terminal.Style? = nil) -> StyledLine {
        var line = self
        line.add(text, style)
        return line
    }

    /// A label in a column of twelve, and the text behind it.
    static func labelled(_ label: String, _ text: String = "", _ style: Terminal.Style? = nil) -> StyledLine {
        StyledLine(label + String(repeating: " ", count: max(1, labelWidth - label.count))).adding(text, style)
    }

    static let labelWidth = 12

    var width: Int { spans.reduce(0) { $0 + $1.text.count } }

    /// - Parameter width: where the line is cut; `nil`: nowhere.
    func rendered(width: Int? = nil, isStyled: Bool = Terminal.isInteractive) -> String {
        var left = width ?? .max
        var text = ""
        for span in spans where left > 0 {
            let part = span.text.count <= left ? span.text : String(span.text.prefix(left))
            left -= part.count
            text += span.style.map { isStyled ? "\u{1B}[\($0.rawValue)m\(part)\u{1B}[0m" : part } ?? part
        }
        return text
    }

    /// The line in pieces that fit, broken between words, the later ones below the text of the label.
    ///
    /// - Parameter most: pieces; what is left over is not shown.
    func wrapped(to width: Int, most: Int) -> [StyledLine] {
        guard self.width > width, width > Self.labelWidth + 10, let last = spans.last else { return [self] }
        var start = StyledLine()
        start.spans = spans.dropLast()
        guard start.width < width else { return [self] }
        var lines: [StyledLine] = []
        var line = start
        var isEmpty = true
        for word in last.text.split(separator: " ") {
            if !isEmpty, line.width + 1 + word.count > width {
                lines.append(line)
                line = StyledLine(String(repeating: " ", count: Self.labelWidth))
                isEmpty = true
            }
            line.add((isEmpty ? "" : " ") + word, last.style)
            isEmpty = false
        }
        lines.append(line)
        return Array(lines.prefix(most))
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= 32 && !(127...159).contains(scalar.value) }
}

/// Columns for figures: text to the left, numbers to the right, and a last one for remarks, which may be empty.
struct FigureTable {
    private var rows: [[String]]
    private let leading: Int

    /// - Parameter leading: so many columns hold text.
    init(_ header: [String], leading: Int) {
        rows = [header]
        self.leading = leading
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// The header first.
    var lines: [StyledLine] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.enumerated().map { index, row in
            var text = ""
            for (column, cell) in row.enumerated() where !cell.isEmpty {
                let blank = String(repeating: " ", count: max(0, widths[column] - cell.count))
                text += column == 0 ? "" : "  "
                text += column < leading ? cell + blank : column == count - 1 ? cell : blank + cell
            }
            return StyledLine(text, index == 0 ? .dim : nil)
        }
    }
}
