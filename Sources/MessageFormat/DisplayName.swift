internal import MailModel

/// What a person or a program is called in a From, To or Reply-To field.
///
/// Text is UTF-8 without control characters, line ends in any script, or marks that reorder what is read; blanks come one at a time.
/// A word in a charset that we cannot decode is carried through as it is.
public struct DisplayName: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        /// UTF-8. May begin or end with a space that belongs to the text.
        case text([UInt8])
        /// An encoded-word in a charset that we do not decode.
        case encodedWord([UInt8])
    }

    private(set) var parts: [Part] = []

    public init() {}

    /// Text as it is meant, in UTF-8: a template, a configured name. Nothing in it is decoded.
    public init(text: some Collection<UInt8>) {
        append(text: Array(text))
    }

    /// A `phrase` (RFC 5322 §3.2.5) as it stands before `<`.
    init(phrase: ArraySlice<UInt8>) {
        self.init(encodedText: Self.flatten(phrase))
    }

    /// The inside of a comment.
    init(comment: ArraySlice<UInt8>) {
        self.init(encodedText: AddressLexer(comment).unquoted(comment.startIndex..<comment.endIndex))
    }

    public var isEmpty: Bool { parts.isEmpty }

    /// Whether someone who reads the name could see an `@`, in ASCII or in one of its look-alikes.
    public var mayContainAt: Bool {
        parts.contains { part in
            switch part {
            case .text(let octets):
                String(decoding: octets, as: UTF8.self).unicodeScalars.contains { ["@", "\u{FF20}", "\u{FE6B}"].contains($0) }
            case .encodedWord(let word): EncodedWord(word)?.mayContainAt ?? true
            }
        }
    }

    /// UTF-8 octets of the whole name; an undecoded word counts as it is written.
    public var octetCount: Int {
        parts.reduce(0) { count, part in
            switch part {
            case .text(let octets): count + octets.count
            case .encodedWord(let word): count + word.count
            }
        }
    }

    public static func + (left: DisplayName, right: DisplayName) -> DisplayName {
        var sum = left
        for part in right.parts {
            switch part {
            case .text(let octets): sum.append(text: octets)
            case .encodedWord: sum.parts.append(part)
            }
        }
        return sum
    }

    /// Without blanks at either end.
    public var trimmed: DisplayName {
        var name = self
        while case .text(var octets) = name.parts.first, octets.first == ASCII.space {
            octets.removeFirst()
            name.parts.removeFirst()
            if !octets.isEmpty { name.parts.insert(.text(octets), at: 0) }
        }
        while case .text(var octets) = name.parts.last, octets.last == ASCII.space {
            octets.removeLast()
            name.parts.removeLast()
            if !octets.isEmpty { name.parts.append(.text(octets)) }
        }
        return name
    }

    private mutating func append(text: [UInt8]) {
        var joined: [UInt8] = []
        if case .text(let before) = parts.last {
            joined = before
            parts.removeLast()
        }
        Self.append(text, cleanedTo: &joined)
        if !joined.isEmpty { parts.append(.text(joined)) }
    }

    /// Everything that breaks a line, hides or reorders text becomes a space; runs of spaces become one.
    private static func append(_ text: [UInt8], cleanedTo output: inout [UInt8]) {
        output.reserveCapacity(output.count + text.count)
        if text.allSatisfy({ $0 < 0x80 }) {
            for octet in text {
                if ASCII.isPrintable(octet), octet != ASCII.space {
                    output.append(octet)
                } else if output.last != ASCII.space {
                    output.append(ASCII.space)
                }
            }
            return
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0...0x20, 0x7F...0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                if output.last != ASCII.space { output.append(ASCII.space) }
            default: output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    /// One line of words: quotes and comments are gone, encoded-words still stand.
    private static func flatten(_ phrase: ArraySlice<UInt8>) -> [UInt8] {
        var lexer = AddressLexer(phrase)
        var flat: [UInt8] = []
        do {
            while true {
                let isApart = try lexer.skipBlanksAndComments()
                if isApart, !flat.isEmpty { flat.append(ASCII.space) }
                switch try lexer.next() {
                case .atom(let range): flat.append(contentsOf: phrase[range])
                case .quotedString(let range): flat.append(contentsOf: lexer.unquoted(range.dropFirst().dropLast()))
                case .special(let octet): flat.append(octet)
                case .end: return flat
                }
            }
        } catch {
            return flat  // cannot be: the list that holds this phrase has been parsed
        }
    }

    /// Decodes encoded-words, also those inside quotes, which many programs write and most readers show decoded: a name that hides an
    /// `@` there must not pass unseen.
    init(encodedText flat: [UInt8]) {
        guard EncodedWord.mayBegin(in: flat[...]) else {
            append(text: flat)
            self = trimmed
            return
        }
        var text: [UInt8] = []
        var followsEncodedWord = false
        for (index, word) in flat.split(whereSeparator: { $0 == ASCII.space || $0 == ASCII.tab }).enumerated() {
            let encoded = EncodedWord(word)
            // Blanks between two encoded-words are not part of the text (RFC 2047 §6.2).
            if index > 0, !(followsEncodedWord && encoded != nil) { text.append(ASCII.space) }
            followsEncodedWord = encoded != nil
            if let encoded, encoded.utf8 == nil, let carried = EncodedWord.asAtom(word) {
                append(text: text)
                text = []
                parts.append(.encodedWord(carried))
            } else {
                text.append(contentsOf: encoded?.utf8 ?? Array(word))
            }
        }
        append(text: text)
        self = trimmed
    }
}
