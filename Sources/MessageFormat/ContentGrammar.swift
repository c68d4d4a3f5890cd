internal import MailModel

/// The grammar of Content-Type and Content-Disposition (RFC 2045 §5.1) as strictly as Amazon SES, a JavaMail, reads it: what does not follow
/// it is refused behind the final dot.
enum ContentGrammar {
    static func isFollowed(by value: ArraySlice<UInt8>, isType: Bool) -> Bool {
        guard value.allSatisfy({ $0 < 0x80 }) else { return true }
        var lexer = Lexer(octets: value, index: value.startIndex)
        guard lexer.next() == .atom else { return false }
        if isType { guard lexer.next() == .special(ASCII.slash), lexer.next() == .atom else { return false } }
        while true {
            let separator = lexer.next()
            if separator == .end { return true }
            guard separator == .special(ASCII.semicolon) else { return false }
            let name = lexer.next()
            if name == .end { return true }
            guard name == .atom, lexer.next() == .special(ASCII.equals) else { return false }
            let content = lexer.next()
            guard content == .atom || content == .quoted else { return false }
        }
    }

    private enum Token: Equatable { case atom, quoted, special(UInt8), end, broken }

    private struct Lexer {
        let octets: ArraySlice<UInt8>
        var index: Int

        mutating func next() -> Token {
            guard skipBlanksAndComments() else { return .broken }
            guard index < octets.endIndex else { return .end }
            let octet = octets[index]
            if octet == ASCII.quote { return skipQuoted() ? .quoted : .broken }
            let start = index
            while index < octets.endIndex, octets[index] > ASCII.space, octets[index] != 127, !Self.isSpecial(octets[index]) { index += 1 }
            if index > start { return .atom }
            index += 1
            return .special(octet)
        }

        /// - Returns: `false` for a comment without an end.
        private mutating func skipBlanksAndComments() -> Bool {
            var depth = 0
            while index < octets.endIndex {
                let octet = octets[index]
                if octet == ASCII.leftParenthesis {
                    depth += 1
                } else if depth > 0 {
                    if octet == ASCII.rightParenthesis { depth -= 1 }
                    if octet == ASCII.backslash { index += 1 }
                } else if !ASCII.isBlank(octet), octet != ASCII.carriageReturn, octet != ASCII.lineFeed {
                    return true
                }
                index += 1
            }
            index = min(index, octets.endIndex)
            return depth == 0
        }

        private mutating func skipQuoted() -> Bool {
            index += 1
            while index < octets.endIndex {
                let octet = octets[index]
                index += 1
                if octet == ASCII.quote { return true }
                if octet == ASCII.backslash { index = min(index + 1, octets.endIndex) }
            }
            return false
        }

        private static func isSpecial(_ octet: UInt8) -> Bool {
            switch octet {
            case 34, 40, 41, 44, 47, 58...64, 91...93: true  // "(),/:;<=>?@[\\]
            default: false
            }
        }
    }
}
