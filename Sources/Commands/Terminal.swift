internal import Glibc

/// Standard output and standard error: colour and tables on a terminal, plain lines in a pipe.
enum Terminal {
    static let isInteractive = isatty(1) == 1 && isColoured
    /// Whether colour is wanted where a terminal shows it.
    static var isColoured: Bool { getenv("NO_COLOR") == nil }

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    static func styled(_ text: String, _ style: Style) -> String {
        isInteractive ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes a line at once, so that a reader at the other end of a pipe sees it.
    static func line(_ text: String = "") {
        write(Array(text.utf8) + [10], to: 1)
    }

    /// Lines that others wrote, without what a terminal would obey.
    static func harmless(_ text: String) -> String {
        let octets = text.utf8.filter { $0 != 13 }.map { $0 == 10 || $0 == 9 || ($0 >= 32 && $0 != 127) ? $0 : UInt8(ascii: "?") }
        return String(decoding: octets, as: UTF8.self)
    }

    static func error(_ text: String) {
        write(Array(text.utf8) + [10], to: 2)
    }

    /// Writes octets of others as they are, at once.
    static func write(_ octets: [UInt8]) { write(octets, to: 1) }

    private static func write(_ octets: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < octets.count {
            let count = octets.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset) }
            if count <= 0 {
                // A reader that went away (`fairlead tail | head`) ends the command quietly.
                if count < 0 && errno == EINTR { continue }
                exit(0)
            }
            offset += count
        }
    }
}

/// Rows in columns: aligned on a terminal, separated by single tabs in a pipe.
struct Table {
    private var rows: [[String]]

    init(_ header: [String]) { rows = Terminal.isInteractive ? [header] : [] }

    mutating func add(_ row: [String]) { rows.append(row) }

    func print() {
        guard Terminal.isInteractive else {
            for row in rows { Terminal.line(row.joined(separator: "\t")) }
            return
        }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        for (index, row) in rows.enumerated() {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            let line = cells.joined(separator: "  ")
            Terminal.line(index == 0 ? Terminal.styled(line, .bold) : line)
        }
    }
}

/// `3 d 4 h`, `5 min`, `12 s`: two units at most.
func humanDuration(_ seconds: Double) -> String {
    let whole = Int(max(0, min(seconds, 1e12)))
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) min \(whole % 60) s"
    case ..<86_400: return "\(whole / 3600) h \(whole / 60 % 60) min"
    default: return "\(whole / 86_400) d \(whole / 3600 % 24) h"
    }
}
