internal import MailModel

/// `local-part@domain` with all that obsolete syntax lets stand in it.
extension AddressListParser {
    /// Reads the domain and puts the address together. `at` is where the `@` stands.
    mutating func parseDomain(after words: [Word], at: Int) throws(AddressListError) -> Mailbox {
        guard let first = words.first else { throw .unexpectedOctet(ASCII.at, at: lexer.offset(of: at)) }
        let start = lexer.offset(of: first.range.lowerBound)
        let localPart = try self.localPart(of: words, start: start)
        try lexer.skipBlanksAndComments()
        if lexer.index < lexer.octets.endIndex, lexer.octets[lexer.index] == ASCII.leftBracket {
            throw .invalidAddress(.addressLiteral, at: start)
        }
        // Blanks and comments may stand around the dots (obs-domain); two atoms with no dot between them are not one domain.
        var domain: [UInt8] = []
        var endsInAtom = false
        var end = lexer.index
        while lexer.index < lexer.octets.endIndex {
            let tokenStart = lexer.index
            let octet = lexer.octets[tokenStart]
            guard octet == ASCII.dot || !endsInAtom else { throw .unexpectedOctet(octet, at: lexer.offset(of: tokenStart)) }
            guard octet == ASCII.dot || ASCII.isAtomText(octet) else { break }
            _ = try lexer.next()
            domain.append(contentsOf: lexer.octets[tokenStart..<lexer.index])
            endsInAtom = octet != ASCII.dot
            end = lexer.index
            if domain.count > 255 { throw .invalidAddress(.domainTooLong, at: start) }
            if try domainEndsHere() { break }
            try lexer.skipBlanksAndComments()
        }
        if end - at - 1 != domain.count || !isCompact(words, upTo: at) { isModern = false }
        do {
            return Mailbox(localPart: localPart, domain: try Domain(allowingSingleLabel: domain))
        } catch {
            throw error == .empty ? .missingDomain(at: start) : .invalidAddress(error, at: start)
        }
    }

    /// Looks past blanks and comments without taking them: a comment behind the domain may be the author's name.
    private func domainEndsHere() throws(AddressListError) -> Bool {
        var ahead = lexer
        try ahead.skipBlanksAndComments()
        guard ahead.index < ahead.octets.endIndex else { return true }
        let octet = ahead.octets[ahead.index]
        return octet != ASCII.dot && !ASCII.isAtomText(octet)
    }

    /// Whether the words before the `@` are one quoted-string, or a dot-atom with nothing between its parts.
    private func isCompact(_ words: [Word], upTo at: Int) -> Bool {
        var end = words.first?.range.lowerBound
        var followsDot = true
        for word in words {
            guard word.range.lowerBound == end, word.isDot != followsDot, !word.isQuoted || words.count == 1 else { return false }
            followsDot = word.isDot
            end = word.range.upperBound
        }
        return !followsDot && end == at
    }

    private func localPart(of words: [Word], start: Int) throws(AddressListError) -> LocalPart {
        var value: [UInt8] = []
        var followsWord = false
        for word in words {
            if !word.isDot, followsWord {
                throw .unexpectedOctet(lexer.octets[word.range.lowerBound], at: lexer.offset(of: word.range.lowerBound))
            }
            followsWord = !word.isDot
            if word.isQuoted {
                value.append(contentsOf: lexer.unquoted(word.range.dropFirst().dropLast()))
            } else {
                // An encoded-word is none in an address (RFC 2047 §5).
                if !word.isDot, let odd = word.range.first(where: { !ASCII.isAtomText(lexer.octets[$0]) }) {
                    throw .unexpectedOctet(lexer.octets[odd], at: lexer.offset(of: odd))
                }
                value.append(contentsOf: lexer.octets[word.range])
            }
            if value.count > 64 { throw .invalidAddress(.localPartTooLong, at: start) }
        }
        do {
            return try LocalPart(unquoted: value)
        } catch {
            throw .invalidAddress(error, at: start)
        }
    }
}
