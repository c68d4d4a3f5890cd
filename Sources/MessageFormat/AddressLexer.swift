internal import MailModel

/// The words of structured header fields (RFC 5322 §3.2), cut out of octets one at a time.
///
/// No recursion: nested comments are counted. Every octet is looked at a bounded number of times.
struct AddressLexer {
    enum Token {
        case atom(Range<Int>)
        /// The range includes both quotes.
        case quotedString(Range<Int>)
        case special(UInt8)
        case end
    }

    let octets: ArraySlice<UInt8>
    /// Where the next token begins.
    var index: Int
    /// The inside of the last comment that was skipped.
    private(set) var lastComment: Range<Int>?

    init(_ octets: ArraySlice<UInt8>) {
        self.octets = octets
        index = octets.startIndex
    }

    /// From the start of the value.
    func offset(of index: Int) -> Int { index - octets.startIndex }

    mutating func forgetComment() { lastComment = nil }

    /// Skips folding white space and comments.
    ///
    /// - Returns: whether there was any.
    @discardableResult
    mutating func skipBlanksAndComments() throws(AddressListError) -> Bool {
        let start = index
        while index < octets.endIndex {
            switch octets[index] {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.lineFeed: index += 1
            case ASCII.leftParenthesis: try skipComment()
            default: return index > start
            }
        }
        return index > start
    }

    private mutating func skipComment() throws(AddressListError) {
        let start = index
        var depth = 0
        while index < octets.endIndex {
            switch octets[index] {
            case ASCII.leftParenthesis: depth += 1
            case ASCII.rightParenthesis: depth -= 1
            case ASCII.backslash: index += 1
            case ASCII.nul: throw .unexpectedOctet(0, at: offset(of: index))
            default: break
            }
            index += 1
            if depth == 0 {
                lastComment = start + 1..<index - 1
                return
            }
        }
        index = octets.endIndex
        throw .unclosedComment(at: offset(of: start))
    }

    /// The token at `index`, which must not be a blank or a comment; moves past it.
    mutating func next() throws(AddressListError) -> Token {
        guard index < octets.endIndex else { return .end }
        let start = index
        let octet = octets[index]
        if octet == ASCII.quote {
            try skipQuotedString()
            return .quotedString(start..<index)
        }
        if octet == ASCII.equals, let end = endOfEncodedWord {
            index = end
            return .atom(start..<end)
        }
        while index < octets.endIndex, ASCII.isAtomText(octets[index]) { index += 1 }
        if index > start { return .atom(start..<index) }
        switch octet {
        case ASCII.dot, ASCII.comma, ASCII.semicolon, ASCII.colon, ASCII.at, ASCII.less, ASCII.greater, ASCII.leftBracket:
            index += 1
            return .special(octet)
        default: throw .unexpectedOctet(octet, at: offset(of: start))
        }
    }

    /// Where the encoded-word at `index` ends, if it is one and stands by itself. Many programs leave commas, brackets and the like in its
    /// text, which no atom may hold (RFC 2047 §5 rule 3); what they mean is plain. Looks at each octet once, up to the fourth `?`.
    private var endOfEncodedWord: Int? {
        guard index + 1 < octets.endIndex, octets[index + 1] == Self.questionMark else { return nil }
        var questionMarks = 0
        var end = index + 1
        while end < octets.endIndex, questionMarks < 4 {
            let octet = octets[end]
            if octet == Self.questionMark {
                questionMarks += 1
            } else if questionMarks < 3
                ? !ASCII.isAtomText(octet) : !ASCII.isPrintable(octet) || octet == ASCII.space || octet == ASCII.quote
            {
                return nil
            }
            end += 1
        }
        guard questionMarks == 4, end < octets.endIndex, octets[end] == ASCII.equals, EncodedWord(octets[index...end]) != nil
        else { return nil }
        end += 1
        guard end < octets.endIndex else { return end }
        switch octets[end] {
        case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.less, ASCII.leftParenthesis: return end
        default: return nil
        }
    }

    private static let questionMark = UInt8(ascii: "?")

    private mutating func skipQuotedString() throws(AddressListError) {
        let start = index
        index += 1
        while index < octets.endIndex {
            switch octets[index] {
            case ASCII.quote:
                index += 1
                return
            case ASCII.backslash: index += 1
            case ASCII.nul: throw .unexpectedOctet(0, at: offset(of: index))
            default: break
            }
            index += 1
        }
        index = octets.endIndex
        throw .unclosedQuote(at: offset(of: start))
    }

    /// Whether there is neither a control character nor a line of blanks: both are obsolete (RFC 5322 §4.1, §4.2).
    var hasModernText: Bool {
        var isBlankLine = false  // the first line has the name of the field
        for octet in octets {
            switch octet {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn: continue
            case ASCII.lineFeed:
                if isBlankLine { return false }
                isBlankLine = true
            case 0..<32, 127: return false
            default: isBlankLine = false
            }
        }
        return !isBlankLine
    }

    /// What a quoted-string or the inside of a comment means: quoted-pairs and folding undone.
    func unquoted(_ range: Range<Int>) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(range.count)
        var isEscaped = false
        for octet in octets[range] {
            if isEscaped {
                value.append(octet)
                isEscaped = false
            } else if octet == ASCII.backslash {
                isEscaped = true
            } else if octet != ASCII.carriageReturn, octet != ASCII.lineFeed {
                value.append(octet)
            }
        }
        return value
    }
}
