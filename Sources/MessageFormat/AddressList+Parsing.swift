internal import MailModel

extension AddressList {
    /// Parses the value of a field: everything after the colon.
    public init(parsing value: ArraySlice<UInt8>) throws(AddressListError) {
        var parser = AddressListParser(value)
        self = try parser.parse()
    }
}

/// One pass over the value, no recursion: a group is a flag, for groups do not nest.
struct AddressListParser {
    /// A word of what is a display name or a local part; which of the two, only the next special tells.
    struct Word {
        let range: Range<Int>
        let isQuoted: Bool
        /// `John Q. Public` is a phrase, `john.public` may be a local part.
        let isDot: Bool
    }

    var lexer: AddressLexer
    private var elements: [AddressList.Element] = []
    private var emptyElements = 0
    private var group: (members: [NamedMailbox], rawName: ArraySlice<UInt8>, start: Int)?
    private var memberCount = 0
    var isModern: Bool
    /// A comma was the last thing read: something must follow.
    private var followsComma = false

    init(_ value: ArraySlice<UInt8>) {
        lexer = AddressLexer(value)
        isModern = lexer.hasModernText
    }

    mutating func parse() throws(AddressListError) -> AddressList {
        while try parseElement() {}
        if let group { throw .unclosedGroup(at: group.start) }
        return AddressList(elements: elements, isModern: isModern && emptyElements == 0)
    }

    /// - Returns: `false` at the end of the value.
    private mutating func parseElement() throws(AddressListError) -> Bool {
        var words: [Word] = []
        let followsComma = self.followsComma
        self.followsComma = false
        try lexer.skipBlanksAndComments()
        let start = lexer.index
        while true {
            let tokenStart = lexer.index
            let token = try lexer.next()
            switch token {
            case .atom(let range): words.append(Word(range: range, isQuoted: false, isDot: false))
            case .quotedString(let range): words.append(Word(range: range, isQuoted: true, isDot: false))
            case .special(ASCII.dot): words.append(Word(range: tokenStart..<lexer.index, isQuoted: false, isDot: true))
            case .special(ASCII.less):
                try parseAngleAddress(phrase: words)
                return true
            case .special(ASCII.at):
                try parseBareAddress(localPart: words, at: tokenStart)
                return true
            case .special(ASCII.colon) where group == nil:
                group = ([], lexer.octets[phrase(of: words) ?? start..<start], lexer.offset(of: start))
                if words.isEmpty { isModern = false }
                return true
            case .special(ASCII.semicolon) where group != nil && words.isEmpty:
                if followsComma { isModern = false }
                try closeGroup()
                return true
            case .special(ASCII.comma) where words.isEmpty:
                emptyElements += 1
                try checkCount()
                return true
            case .special(ASCII.comma): throw .missingDomain(at: lexer.offset(of: start))
            case .special(ASCII.semicolon) where group != nil: throw .missingDomain(at: lexer.offset(of: start))
            case .special(let octet): throw .unexpectedOctet(octet, at: lexer.offset(of: tokenStart))
            case .end:
                guard words.isEmpty else { throw .missingDomain(at: lexer.offset(of: start)) }
                if followsComma { isModern = false }
                return false
            }
            try lexer.skipBlanksAndComments()
        }
    }

    private mutating func checkCount() throws(AddressListError) {
        guard elements.count + emptyElements + memberCount <= AddressList.maximumElements else { throw .tooManyElements }
    }

    /// From the first word to the last, what lies between them included.
    private mutating func phrase(of words: [Word]) -> Range<Int>? {
        guard let first = words.first, let last = words.last else { return nil }
        // `John Q. Public` without quotes is an obs-phrase; an encoded-word may hold what no atom may.
        if !words.allSatisfy({ $0.isQuoted || !$0.isDot && lexer.octets[$0.range].allSatisfy(ASCII.isAtomText) }) { isModern = false }
        return first.range.lowerBound..<last.range.upperBound
    }

    private mutating func closeGroup() throws(AddressListError) {
        guard let group else { return }
        if group.rawName.isEmpty {
            memberCount -= group.members.count
            elements.append(contentsOf: group.members.map(AddressList.Element.mailbox))
        } else {
            elements.append(.group(AddressGroup(members: group.members, rawName: group.rawName)))
        }
        self.group = nil
        try checkCount()
        try lexer.skipBlanksAndComments()
        try expectSeparator()
    }

    /// After an address: a comma, the end, or what closes the group.
    private mutating func expectSeparator() throws(AddressListError) {
        let start = lexer.index
        switch try lexer.next() {
        case .end: return
        case .special(ASCII.comma): followsComma = true
        case .special(ASCII.semicolon) where group != nil: try closeGroup()
        case .atom(let range), .quotedString(let range):
            throw .unexpectedOctet(lexer.octets[range.lowerBound], at: lexer.offset(of: start))
        case .special(let octet): throw .unexpectedOctet(octet, at: lexer.offset(of: start))
        }
    }

    private mutating func finish(_ mailbox: Mailbox, phrase: Range<Int>?) throws(AddressListError) {
        lexer.forgetComment()
        try lexer.skipBlanksAndComments()
        let comment = phrase == nil ? lexer.lastComment : nil
        let name = phrase ?? comment ?? lexer.index..<lexer.index
        let named = NamedMailbox(mailbox: mailbox, rawName: lexer.octets[name], isComment: comment != nil)
        if group != nil {
            group?.members.append(named)
            memberCount += 1
        } else {
            elements.append(.mailbox(named))
        }
        try checkCount()
        try expectSeparator()
    }

    private mutating func parseBareAddress(localPart words: [Word], at: Int) throws(AddressListError) {
        let mailbox = try parseDomain(after: words, at: at)
        try finish(mailbox, phrase: nil)
    }

    private mutating func parseAngleAddress(phrase: [Word]) throws(AddressListError) {
        let angle = lexer.index - 1
        let name = self.phrase(of: phrase)
        var words: [Word] = []
        lexer.forgetComment()
        try lexer.skipBlanksAndComments()
        while true {
            let tokenStart = lexer.index
            switch try lexer.next() {
            case .atom(let range): words.append(Word(range: range, isQuoted: false, isDot: false))
            case .quotedString(let range): words.append(Word(range: range, isQuoted: true, isDot: false))
            case .special(ASCII.dot): words.append(Word(range: tokenStart..<lexer.index, isQuoted: false, isDot: true))
            case .special(ASCII.at) where words.isEmpty:
                try skipRoute()
            case .special(ASCII.at):
                let mailbox = try parseDomain(after: words, at: tokenStart)
                try lexer.skipBlanksAndComments()
                let closing = lexer.index
                switch try lexer.next() {
                case .special(ASCII.greater): break
                case .end: throw .unclosedAngle(at: lexer.offset(of: angle))
                default: throw .unexpectedOctet(lexer.octets[closing], at: lexer.offset(of: closing))
                }
                if lexer.lastComment != nil { isModern = false }
                return try finish(mailbox, phrase: name)
            case .special(ASCII.greater):
                throw words.isEmpty ? .emptyAngle(at: lexer.offset(of: angle)) : .missingDomain(at: lexer.offset(of: angle))
            case .special(let octet): throw .unexpectedOctet(octet, at: lexer.offset(of: tokenStart))
            case .end: throw .unclosedAngle(at: lexer.offset(of: angle))
            }
            try lexer.skipBlanksAndComments()
        }
    }

    /// `@a.example,@b.example:` before an address: obsolete, read and dropped (RFC 5322 §4.4). The first `@` is read already.
    private mutating func skipRoute() throws(AddressListError) {
        isModern = false
        while true {
            try lexer.skipBlanksAndComments()
            let start = lexer.index
            switch try lexer.next() {
            case .atom, .special(ASCII.dot), .special(ASCII.comma), .special(ASCII.at): continue
            case .special(ASCII.colon): return
            case .end: throw .unexpectedEnd(at: lexer.offset(of: start))
            default: throw .unexpectedOctet(lexer.octets[start], at: lexer.offset(of: start))
            }
        }
    }
}
