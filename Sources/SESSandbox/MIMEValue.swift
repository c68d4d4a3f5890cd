internal import MailModel

/// The value of Content-Type or Content-Disposition, read as JavaMail's `ContentType` and `ContentDisposition` read it (RFC 2045 §5.1).
struct MIMEValue: Hashable, Sendable {
    /// `multipart/mixed`, `attachment`; lower case.
    private(set) var main: [UInt8] = []
    /// Names in lower case.
    private(set) var parameters: [(name: [UInt8], value: [UInt8])] = []

    static func == (left: Self, right: Self) -> Bool {
        left.main == right.main
            && left.parameters.elementsEqual(right.parameters, by: { $0.name == $1.name && $0.value == $1.value })
    }
    func hash(into hasher: inout Hasher) { hasher.combine(main) }

    var isMultipart: Bool { main.starts(with: "multipart/".utf8) }
    var boundary: [UInt8]? { parameters.first { $0.name.elementsEqual("boundary".utf8) }?.value }

    /// The value of `name` or of its RFC 2231 forms (`name*`, `name*0*`, …), pieces joined.
    func fileName(_ name: StaticString) -> [UInt8]? {
        let pieces = parameters.filter { $0.name.prefix { $0 != UInt8(ascii: "*") }.equalsIgnoringCase(name) }
        return pieces.isEmpty ? nil : pieces.flatMap(\.value)
    }

    init(contentType value: [UInt8]) throws(HeaderProblem) {
        var tokens = MIMETokenizer(value)
        let type = try tokens.next()
        guard case .atom(let first) = type else { throw HeaderProblem("Expected MIME type, got \(type.text)") }
        let slash = try tokens.next()
        guard slash == .special(ASCII.slash) else { throw HeaderProblem("Expected '/', got \(slash.text)") }
        let subtype = try tokens.next()
        guard case .atom(let second) = subtype else { throw HeaderProblem("Expected MIME subtype, got \(subtype.text)") }
        main = (first + [ASCII.slash] + second).map(ASCII.lowercased)
        try readParameters(&tokens)
    }

    init(disposition value: [UInt8]) throws(HeaderProblem) {
        var tokens = MIMETokenizer(value)
        let token = try tokens.next()
        guard case .atom(let disposition) = token else { throw HeaderProblem("Expected disposition, got \(token.text)") }
        main = disposition.map(ASCII.lowercased)
        try readParameters(&tokens)
    }

    private mutating func readParameters(_ tokens: inout MIMETokenizer) throws(HeaderProblem) {
        while true {
            let separator = try tokens.next()
            if separator == .end { return }
            guard separator == .special(ASCII.semicolon) else { throw HeaderProblem("Expected ';', got \"\(separator.text)\"") }
            let name = try tokens.next()
            if name == .end { return }  // a trailing semicolon is tolerated
            guard case .atom(let octets) = name else { throw HeaderProblem("Expected parameter name, got \"\(name.text)\"") }
            let equals = try tokens.next()
            guard equals == .special(ASCII.equals) else { throw HeaderProblem("Expected '=', got \"\(equals.text)\"") }
            switch try tokens.next() {
            case .atom(let value), .quoted(let value): parameters.append((octets.map(ASCII.lowercased), value))
            case let other: throw HeaderProblem("Expected parameter value, got \"\(other.text)\"")
            }
        }
    }
}

/// Tokens of RFC 2045: atoms, quoted strings and specials; comments and white space are skipped.
private struct MIMETokenizer {
    enum Token: Hashable {
        case atom([UInt8]), quoted([UInt8]), special(UInt8), end

        /// As JavaMail prints it: the end is Java's `null`.
        var text: String {
            switch self {
            case .atom(let octets), .quoted(let octets): PrintableText.sanitized(octets, limit: 100)
            case .special(let octet): PrintableText.sanitized([octet], limit: 1)
            case .end: "null"
            }
        }
    }

    private let octets: [UInt8]
    private var index = 0

    init(_ octets: [UInt8]) { self.octets = octets }

    mutating func next() throws(HeaderProblem) -> Token {
        try skipBlanksAndComments()
        guard index < octets.count else { return .end }
        let octet = octets[index]
        if octet == ASCII.quote { return .quoted(try quoted()) }
        if Self.isSpecial(octet) {
            index += 1
            return .special(octet)
        }
        let start = index
        while index < octets.count, octets[index] > ASCII.space, octets[index] != 127, !Self.isSpecial(octets[index]) { index += 1 }
        guard index > start else {  // a control character
            index += 1
            return .special(octet)
        }
        return .atom(Array(octets[start..<index]))
    }

    private mutating func skipBlanksAndComments() throws(HeaderProblem) {
        var depth = 0
        while index < octets.count {
            let octet = octets[index]
            if octet == ASCII.leftParenthesis {
                depth += 1
            } else if depth > 0 {
                if octet == ASCII.rightParenthesis { depth -= 1 }
                if octet == ASCII.backslash { index += 1 }
            } else if !ASCII.isBlank(octet) {
                return
            }
            index += 1
        }
        if depth > 0 { throw HeaderProblem("Unbalanced comments") }
    }

    private mutating func quoted() throws(HeaderProblem) -> [UInt8] {
        var value: [UInt8] = []
        index += 1
        while index < octets.count {
            let octet = octets[index]
            index += 1
            if octet == ASCII.quote { return value }
            if octet == ASCII.backslash, index < octets.count {
                value.append(octets[index])
                index += 1
            } else {
                value.append(octet)
            }
        }
        throw HeaderProblem("Unbalanced quoted string")
    }

    private static func isSpecial(_ octet: UInt8) -> Bool { "()<>@,;:\\\"/[]?=".utf8.contains(octet) }
}
