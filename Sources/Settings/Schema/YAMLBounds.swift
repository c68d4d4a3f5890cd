internal import MailModel

/// What is refused before libYAML sees it: nesting that would exhaust the stack, and aliases that would multiply.
///
/// Yams builds its tree by recursion and hashes whole keys, so a small file can cost a large stack or exponential time. The scan
/// here knows lines and comments but not quotes: it finds the accident and the simple attack, far above what a configuration
/// needs. What hides its brackets in quotes still meets libYAML's own limit of 1000 levels.
enum YAMLBounds {
    static let maximumOctets = 1 << 20
    /// Open brackets and braces.
    static let maximumFlowDepth = 32
    /// Columns of indentation and of `-` and `?` before the first word: each block level needs at least one.
    static let maximumIndentation = 128
    /// With n aliases a tree grows to at most 3^(n/3) times its size.
    static let maximumAliases = 12

    /// - Returns: the first place that goes too far, and why.
    static func firstExcess(in octets: [UInt8]) -> (position: Position, message: String)? {
        var scan = Scan()
        for octet in octets {
            if let message = scan.consume(octet) { return (Position(line: scan.line, column: scan.column), message) }
        }
        return nil
    }

    private struct Scan {
        var line = 1
        var column = 0
        private var previous = ASCII.lineFeed
        private var beforePrevious = ASCII.lineFeed
        private var isLeading = true
        private var isComment = false
        private var flowDepth = 0
        private var aliases = 0

        mutating func consume(_ octet: UInt8) -> String? {
            if column > 0, endedLine(before: octet) {
                line += 1
                column = 0
                isLeading = true
                isComment = false
            }
            column += 1
            defer { (beforePrevious, previous) = (previous, octet) }
            if isComment || octet == ASCII.lineFeed || octet == ASCII.carriageReturn { return nil }
            if octet == UInt8(ascii: "#"), column == 1 || ASCII.isBlank(previous) {
                isComment = true
                return nil
            }
            if isLeading {
                isLeading = ASCII.isBlank(octet) || "-?:[{&!".utf8.contains(octet)
                if isLeading, column > YAMLBounds.maximumIndentation {
                    return "indented by more than \(YAMLBounds.maximumIndentation) columns; indent each level by two"
                }
            }
            return consumeIndicator(octet)
        }

        /// The line breaks of YAML 1.1: LF, CR, CRLF, NEL, LS and PS.
        private func endedLine(before octet: UInt8) -> Bool {
            switch previous {
            case ASCII.lineFeed: true
            case ASCII.carriageReturn: octet != ASCII.lineFeed
            case 0x85: beforePrevious == 0xC2
            case 0xA8, 0xA9: beforePrevious == 0x80
            default: false
            }
        }

        private mutating func consumeIndicator(_ octet: UInt8) -> String? {
            switch octet {
            case ASCII.leftBracket, UInt8(ascii: "{"):
                flowDepth += 1
                return flowDepth > YAMLBounds.maximumFlowDepth
                    ? "more than \(YAMLBounds.maximumFlowDepth) brackets are open; close them, nothing here nests so deeply" : nil
            case ASCII.rightBracket, UInt8(ascii: "}"):
                flowDepth = Swift.max(0, flowDepth - 1)
                return nil
            default:
                let mayBeginValue = ASCII.isBlank(previous) || column == 1 || "[{,:".utf8.contains(previous)
                if octet == UInt8(ascii: "*"), mayBeginValue { aliases += 1 }
                return aliases > YAMLBounds.maximumAliases
                    ? "more than \(YAMLBounds.maximumAliases) aliases (`*name`); "
                        + "write the values out, and put quotes around patterns that begin with `*`"
                    : nil
            }
        }
    }
}
