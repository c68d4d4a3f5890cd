internal import MailModel

/// `main; name=value; …`: the value of Content-Type or Content-Disposition (RFC 2045 §5.1), read as leniently as mail programs do.
///
/// One pass, no recursion; what cannot be understood is skipped up to the next semicolon.
struct MIMEParameters {
    struct Parameter {
        /// Lower case, with the `*0*` of RFC 2231 if it has one.
        let name: [UInt8]
        /// Quotes and quoted-pairs undone.
        let value: [UInt8]
        /// From the name to the end of the value: indices of the parsed octets.
        let range: Range<Int>
    }

    /// `text/plain`, `attachment`; lower case, without blanks.
    let main: [UInt8]
    let parameters: [Parameter]

    /// - Parameter octets: the value of the field; folding may still be in it.
    init(_ octets: ArraySlice<UInt8>) {
        var lexer = Lexer(octets)
        lexer.skipBlanksAndComments()
        var main: [UInt8] = []
        while let octet = lexer.peek, octet != ASCII.semicolon {
            lexer.index += 1
            if octet == ASCII.leftParenthesis {
                lexer.index -= 1
                lexer.skipBlanksAndComments()
            } else if !Lexer.isSpace(octet) {
                main.append(ASCII.lowercased(octet))
            }
        }
        self.main = main
        var parameters: [Parameter] = []
        while lexer.skipToSemicolon(), parameters.count < Self.most {
            lexer.skipBlanksAndComments()
            let start = lexer.index
            let name = lexer.name()
            lexer.skipBlanksAndComments()
            guard !name.isEmpty, lexer.peek == ASCII.equals else { continue }
            lexer.index += 1
            lexer.skipBlanksAndComments()
            let value = lexer.value()
            parameters.append(Parameter(name: name, value: value, range: start..<lexer.index))
        }
        self.parameters = parameters
    }

    private static let most = 200

    /// The value as it is written; of several the first, as readers do.
    func value(_ name: StaticString) -> [UInt8]? { parameters.first { $0.name.equalsIgnoringCase(name) }?.value }

    /// The value of `name*` or of `name*0`, `name*1*` …, joined and percent-decoded (RFC 2231 §3, §4); its charset is dropped.
    func extendedValue(_ name: StaticString) -> [UInt8]? {
        let pieces = parameters.filter { parameter in
            parameter.name.contains(Self.asterisk) && parameter.name.prefix { $0 != Self.asterisk }.equalsIgnoringCase(name)
        }
        guard !pieces.isEmpty else { return nil }
        var joined: [UInt8] = []
        for (index, piece) in pieces.enumerated() {
            guard piece.name.last == Self.asterisk else {
                joined.append(contentsOf: piece.value)
                continue
            }
            var text = piece.value[...]
            if index == 0 {  // charset'language'text
                for _ in 0..<2 {
                    if let quote = text.firstIndex(of: UInt8(ascii: "'")) { text = text[(quote + 1)...] }
                }
            }
            joined.append(contentsOf: Self.percentDecoded(text))
        }
        return joined
    }

    static let asterisk = UInt8(ascii: "*")

    private static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.endIndex, let high = HexDigit.value(text[index + 1]),
                let low = HexDigit.value(text[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(text[index])
                index += 1
            }
        }
        return decoded
    }

    private struct Lexer {
        let octets: ArraySlice<UInt8>
        var index: Int

        init(_ octets: ArraySlice<UInt8>) {
            self.octets = octets
            index = octets.startIndex
        }

        var peek: UInt8? { index < octets.endIndex ? octets[index] : nil }

        static func isSpace(_ octet: UInt8) -> Bool {
            ASCII.isBlank(octet) || octet == ASCII.carriageReturn || octet == ASCII.lineFeed
        }

        mutating func skipBlanksAndComments() {
            var depth = 0
            while let octet = peek {
                if octet == ASCII.leftParenthesis {
                    depth += 1
                } else if depth > 0 {
                    if octet == ASCII.rightParenthesis { depth -= 1 }
                    if octet == ASCII.backslash { index += 1 }
                } else if !Self.isSpace(octet) {
                    return
                }
                index = min(index + 1, octets.endIndex)
            }
        }

        /// - Returns: `false` at the end.
        mutating func skipToSemicolon() -> Bool {
            while let octet = peek {
                index += 1
                if octet == ASCII.semicolon { return true }
            }
            return false
        }

        mutating func name() -> [UInt8] {
            var name: [UInt8] = []
            while let octet = peek, octet != ASCII.equals, octet != ASCII.semicolon, !Self.isSpace(octet) {
                name.append(ASCII.lowercased(octet))
                index += 1
            }
            return name
        }

        /// A quoted-string; else everything up to the semicolon, for programs write blanks into file names without quotes.
        mutating func value() -> [UInt8] {
            var value: [UInt8] = []
            if peek == ASCII.quote {
                index += 1
                while let octet = peek {
                    index += 1
                    if octet == ASCII.quote { break }
                    if octet == ASCII.backslash, let escaped = peek {
                        value.append(escaped)
                        index += 1
                    } else if octet != ASCII.carriageReturn, octet != ASCII.lineFeed {
                        value.append(octet)
                    }
                }
                return value
            }
            while let octet = peek, octet != ASCII.semicolon {
                value.append(octet)
                index += 1
            }
            while let last = value.last, Self.isSpace(last) {
                value.removeLast()
                index -= 1
            }
            return value.filter { $0 != ASCII.carriageReturn && $0 != ASCII.lineFeed }
        }
    }
}

/// Hexadecimal digits, for `=C3` and `%C3`.
enum HexDigit {
    static func value(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 48...57: octet - 48
        case 65...70: octet - 55
        case 97...102: octet - 87
        default: nil
        }
    }

    /// Two digits, upper case.
    static func append(_ octet: UInt8, to output: inout [UInt8]) {
        output.append(digit(octet >> 4))
        output.append(digit(octet & 15))
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }
}
