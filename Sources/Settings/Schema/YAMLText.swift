internal import MailModel
internal import Yams

/// YAML (and so JSON) text to `TextNode`s: the only place that knows Yams.
///
/// The nodes of Yams are walked, because its decoder stops at the first problem and knows no line.
enum YAMLText {
    /// - Returns: `nil` if the text has no tree at all; the problem is then in `problems`. An empty text is an empty mapping.
    static func parse(_ octets: [UInt8], file: String, problems: inout [Problem]) -> TextNode? {
        func fail(_ position: Position?, _ message: String) -> TextNode? {
            problems.append(Problem(.error, file: file, at: position, message))
            return nil
        }
        guard octets.count <= YAMLBounds.maximumOctets else { return fail(nil, "is larger than 1 MiB; is this the right file?") }
        guard let text = String(validating: octets, as: UTF8.self) else {
            return fail(firstInvalidLine(octets), "is not UTF-8 text; save the file as UTF-8")
        }
        if let excess = YAMLBounds.firstExcess(in: octets) { return fail(excess.position, excess.message) }
        var builder = TextNodeBuilder(file: file)
        do {
            // The basic resolver leaves every scalar a text, and spares a dozen regular expressions for each.
            guard let root = try builder.compose(text) else { return .mapping([], .start) }
            let node = builder.convert(root, .root)
            problems.append(contentsOf: builder.problems)
            return node
        } catch {
            return fail(error.position, error.message)
        }
    }

    private static func firstInvalidLine(_ octets: [UInt8]) -> Position {
        let lines = octets.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false)
        let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        return Position(line: (index ?? 0) + 1, column: 1)
    }
}

/// Why there is no tree.
private struct YAMLFailure: Error {
    var position: Position?
    var message: String
}

private struct TextNodeBuilder {
    let file: String
    var problems: [Problem] = []
    /// Keys whose first character was masked to get past Yams' check for duplicates: where, and what they were called.
    private var maskedKeys: [Position: String] = [:]
    /// Aliases can multiply nodes; a configuration of thousands of accounts stays far below.
    private var budget = 200_000

    init(file: String) { self.file = file }

    /// Composes the text, however many keys stand in it twice.
    ///
    /// Yams gives up at the first duplicate. So that all problems can be reported at once, the first of the two is renamed, in
    /// place and by one character, and the text is composed again; `convert` gives the name back and reports the other one.
    mutating func compose(_ text: String) throws(YAMLFailure) -> Node? {
        var scalars = Array(text.unicodeScalars)
        var current = text
        for attempt in 0..<64 as Range<UInt32> {
            do {
                return try Parser(yaml: current, resolver: .basic, encoding: .utf8).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = Position(line: context.mark.line, column: context.mark.column)
                let name = names.first ?? ""
                guard maskedKeys[position] == nil, let index = Self.index(of: position, in: scalars),
                    let mask = Unicode.Scalar(0xE000 + attempt)
                else { throw Self.duplicate(name, position) }
                maskedKeys[position] = name
                let isQuoted = scalars[index] == "\"" || scalars[index] == "'"
                let target = isQuoted ? index + 1 : index
                guard target < scalars.count else { throw Self.duplicate(name, position) }
                scalars[target] = mask
                var view = String.UnicodeScalarView()
                view.append(contentsOf: scalars)
                current = String(view)
            } catch {
                if let (position, name) = maskedKeys.first { throw Self.duplicate(name, position) }
                throw Self.failure(error)
            }
        }
        throw YAMLFailure(position: nil, message: "too many keys are given twice; remove the second of each")
    }

    private static func duplicate(_ name: String, _ position: Position) -> YAMLFailure {
        YAMLFailure(position: position, message: "\(quoted(name)) is given twice in this section; keep one")
    }

    private static func index(of position: Position, in scalars: [Unicode.Scalar]) -> Int? {
        var line = 1
        var index = 0
        while line < position.line, index < scalars.count {
            if scalars[index] == "\n" || (scalars[index] == "\r" && !(index + 1 < scalars.count && scalars[index + 1] == "\n")) {
                line += 1
            }
            index += 1
        }
        // A byte order mark takes no column.
        if line == 1, scalars.first == "\u{FEFF}" { index += 1 }
        index += position.column - 1
        return scalars.indices.contains(index) ? index : nil
    }

    private static func failure(_ error: any Error) -> YAMLFailure {
        func place(_ mark: Mark) -> Position { Position(line: mark.line, column: mark.column) }
        func reason(_ context: YamlError.Context?, _ problem: String) -> String {
            var text = "is not YAML here: \(problem)"
            if let context { text += " \(context.text)" }
            if problem.contains("alphabetic or numeric") {
                text += "; put quotes around a value that begins with `*` or `&`"
            } else if problem.contains("cannot start any token") {
                text += "; indent with spaces, and put quotes around a value that begins with `@`, `%` or a backquote"
            } else if problem.contains("mapping values are not allowed") {
                text += "; put quotes around a value with `: ` in it, and check the indentation"
            } else {
                text += "; check indentation, brackets and quotes here and on the line before"
            }
            return text
        }
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            return YAMLFailure(position: place(mark), message: reason(context, problem))
        case .composer(_, let problem, let mark, _):
            let isSecond = problem.contains("another document")
            return YAMLFailure(
                position: place(mark),
                message: isSecond ? "a second document begins here (`---`); keep one" : reason(nil, problem))
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.utf8.prefix(offset ?? 0)
            let line = before.count { $0 == ASCII.lineFeed } + 1
            return YAMLFailure(
                position: Position(line: line, column: 1), message: "is not YAML here: \(problem); remove the control character")
        default:
            return YAMLFailure(position: nil, message: "cannot be read as YAML; check it with another YAML tool")
        }
    }

    /// The depth is bounded by `YAMLBounds`.
    mutating func convert(_ node: Node, _ path: KeyPathText) -> TextNode {
        let position = node.mark.map { Position(line: $0.line, column: $0.column) } ?? .start
        budget -= 1
        guard budget > 0 else {
            if budget == 0 { report(position, path, "has too many values; write fewer aliases (`*name`)") }
            return .list([], position)
        }
        switch node {
        case .scalar(let scalar):
            return .scalar(.init(text: scalar.string, isPlain: scalar.style == .plain, position: position))
        case .sequence(let sequence):
            return .list(sequence.enumerated().map { convert($0.element, path.index($0.offset)) }, position)
        case .mapping(let mapping):
            return .mapping(convertEntries(mapping, path), position)
        case .alias:
            report(position, path, "is an alias; write the value out")
            return .list([], position)
        }
    }

    private mutating func convertEntries(_ mapping: Node.Mapping, _ path: KeyPathText) -> [TextNode.Entry] {
        var entries: [TextNode.Entry] = []
        var first: [String: Int] = [:]
        for (key, value) in mapping {
            guard case .scalar(var name) = convert(key, path) else {
                let place = key.mark.map { Position(line: $0.line, column: $0.column) } ?? .start
                report(place, path, "has a list or section in the place of a key; a key is a single word")
                continue
            }
            if let original = maskedKeys[name.position] { name.text = original }
            let converted = convert(value, path.name(name.text))
            if let line = first[name.text] {
                report(name.position, path.name(name.text), "is given twice, first on line \(line); keep one")
                continue
            }
            first[name.text] = name.position.line
            entries.append(.init(key: name, value: converted))
        }
        return entries
    }

    private mutating func report(_ position: Position, _ path: KeyPathText, _ message: String) {
        problems.append(Problem(.error, file: file, at: position, key: path.text.isEmpty ? nil : path.text, message))
    }
}
