internal import MailModel

/// `=?utf-8?Q?J=C3=B6rg?=` (RFC 2047), read leniently: senders write spaces, dots and lower-case letters where they should not.
struct EncodedWord {
    /// Upper case, without the language tag of RFC 2231.
    let charset: [UInt8]
    /// What the encoding stood for, still in `charset`.
    let octets: [UInt8]

    /// - Returns: `nil` if `word` as a whole is not an encoded-word.
    init?(_ word: some RandomAccessCollection<UInt8>) {
        let word = Array(word)
        guard word.count >= 8, word.starts(with: "=?".utf8), word.suffix(2).elementsEqual("?=".utf8) else { return nil }
        let inner = word[2..<word.count - 2]
        guard let first = inner.firstIndex(of: Self.questionMark), first > inner.startIndex,
            let second = inner[(first + 1)...].firstIndex(of: Self.questionMark), second == first + 2
        else { return nil }
        let text = inner[(second + 1)...]
        guard !text.contains(Self.questionMark) || !text.suffix(2).elementsEqual("?=".utf8) else { return nil }
        charset = inner[..<first].prefix { $0 != UInt8(ascii: "*") }.map { $0 &- 97 < 26 ? $0 - 32 : $0 }
        switch ASCII.lowercased(inner[first + 1]) {
        case UInt8(ascii: "q"): octets = Self.decodeQ(text)
        case UInt8(ascii: "b"):
            guard let decoded = Base64.decode(Self.padded(text)) else { return nil }
            octets = decoded
        default: return nil
        }
    }

    private static let questionMark = UInt8(ascii: "?")

    /// Whether there is a `=?`.
    static func mayBegin(in text: ArraySlice<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for octet in text {
            if octet == questionMark, previous == ASCII.equals { return true }
            previous = octet
        }
        return false
    }

    /// Unpadded base 64 is common enough to be read.
    private static func padded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        Array(text) + [UInt8](repeating: ASCII.equals, count: (4 - text.count % 4) % 4)
    }

    private static func decodeQ(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            let octet = text[index]
            if octet == ASCII.equals, index + 2 < text.endIndex, let high = HexDigit.value(text[index + 1]),
                let low = HexDigit.value(text[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
                continue
            }
            decoded.append(octet == UInt8(ascii: "_") ? ASCII.space : octet)
            index += 1
        }
        return decoded
    }

    /// `word`, which is an encoded-word, as an atom, which it must be in a phrase (RFC 2047 §5 rule 3): dots, commas and the like in its text
    /// are encoded.
    ///
    /// - Returns: `nil` if they stand elsewhere.
    static func asAtom(_ word: some Collection<UInt8>) -> [UInt8]? {
        var atom: [UInt8] = []
        var questionMarks = 0
        for octet in word {
            if octet == questionMark { questionMarks += 1 }
            if ASCII.isAtomText(octet) {
                atom.append(octet)
            } else if questionMarks == 3, ASCII.isPrintable(octet) {
                atom.append(ASCII.equals)
                HexDigit.append(octet, to: &atom)
            } else {
                return nil
            }
        }
        return atom
    }
}

extension EncodedWord {
    /// The octets as UTF-8, or `nil` for a charset whose table we do not carry.
    var utf8: [UInt8]? {
        func named(_ name: StaticString) -> Bool { charset.equalsIgnoringCase(name) }
        if named("UTF-8") || named("UTF8") || named("US-ASCII") || named("ASCII") || named("ANSI_X3.4-1968") { return octets }
        if named("ISO-8859-1") || named("WINDOWS-1252") || named("CP1252") { return transcoded { Self.windows1252[$0] } }
        if named("ISO-8859-15") { return transcoded { Self.latin9[$0] } }
        return nil
    }

    /// Whether the text, in whatever charset, could show an `@`. Charsets that hide ASCII in other octets count as yes.
    var mayContainAt: Bool {
        if octets.contains(ASCII.at) { return true }
        let asciiCompatible: [[UInt8]] = ["ISO-8859-", "WINDOWS-125", "KOI8-", "GB", "BIG5", "EUC-", "SHIFT_JIS", "TIS-620"].map {
            (name: String) in Array(name.utf8)
        }
        return !asciiCompatible.contains { charset.starts(with: $0) }
    }

    private func transcoded(_ exception: (UInt8) -> UInt32?) -> [UInt8] {
        var utf8: [UInt8] = []
        utf8.reserveCapacity(octets.count * 2)
        for octet in octets {
            guard let scalar = Unicode.Scalar(exception(octet) ?? UInt32(octet)) else { continue }
            utf8.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return utf8
    }

    /// Programs say ISO-8859-1 and mean this superset (WHATWG); the octets it changes are control characters in Latin-1.
    private static let windows1252: [UInt8: UInt32] = [
        0x80: 0x20AC, 0x82: 0x201A, 0x83: 0x0192, 0x84: 0x201E, 0x85: 0x2026, 0x86: 0x2020, 0x87: 0x2021, 0x88: 0x02C6, 0x89: 0x2030,
        0x8A: 0x0160, 0x8B: 0x2039, 0x8C: 0x0152, 0x8E: 0x017D, 0x91: 0x2018, 0x92: 0x2019, 0x93: 0x201C, 0x94: 0x201D, 0x95: 0x2022,
        0x96: 0x2013, 0x97: 0x2014, 0x98: 0x02DC, 0x99: 0x2122, 0x9A: 0x0161, 0x9B: 0x203A, 0x9C: 0x0153, 0x9E: 0x017E, 0x9F: 0x0178,
    ]

    private static let latin9: [UInt8: UInt32] = [
        0xA4: 0x20AC, 0xA6: 0x0160, 0xA8: 0x0161, 0xB4: 0x017D, 0xB8: 0x017E, 0xBC: 0x0152, 0xBD: 0x0153, 0xBE: 0x0178,
    ]
}
