/// A place in a text, both counted from 1; columns count Unicode scalars, as editors do.
struct Position: Hashable, Sendable, Comparable {
    var line: Int
    var column: Int

    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A configuration text as a tree of places and texts. Nothing is typed yet: `no`, `1.10` and `0644` are texts.
indirect enum TextNode: Hashable, Sendable {
    struct Scalar: Hashable, Sendable {
        var text: String
        /// Not quoted, so that `~`, `null` and nothing at all mean no value.
        var isPlain: Bool
        var position: Position

        /// Whether a key was written and no value given to it.
        var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
    }

    struct Entry: Hashable, Sendable {
        var key: Scalar
        var value: TextNode
    }

    case scalar(Scalar)
    case list([TextNode], Position)
    case mapping([Entry], Position)

    var position: Position {
        switch self {
        case .scalar(let scalar): scalar.position
        case .list(_, let position), .mapping(_, let position): position
        }
    }

    var isNull: Bool {
        if case .scalar(let scalar) = self { scalar.isNull } else { false }
    }

    /// What an operator would call it.
    var kind: String {
        switch self {
        case .scalar: "a single value"
        case .list: "a list"
        case .mapping: "a section with keys"
        }
    }
}
