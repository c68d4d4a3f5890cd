internal import MailModel

extension FieldWriter {
    /// The name word by word.
    ///
    /// Atoms if that is enough, a quoted-string if not; as soon as one character is not ASCII, the *whole* name as encoded-words: SES
    /// takes a mixture of encoded-words and bare specials for several addresses.
    ///
    /// - Returns: whether there was anything to write.
    @discardableResult
    mutating func phrase(_ name: DisplayName) -> Bool {
        guard let words = name.plainWords else {
            for encoded in name.encodedWords { word(encoded) }
            return true
        }
        if words.allSatisfy({ $0.allSatisfy(ASCII.isAtomText) }) {
            for plain in words { word(plain) }
            return !words.isEmpty
        }
        for (index, plain) in words.enumerated() {
            word { octets in
                if index == 0 { octets.append(ASCII.quote) }
                for octet in plain {
                    if octet == ASCII.quote || octet == ASCII.backslash { octets.append(ASCII.backslash) }
                    octets.append(octet)
                }
                if index == words.count - 1 { octets.append(ASCII.quote) }
            }
        }
        return true
    }
}

extension DisplayName {
    /// The words, if all of them are ASCII that no reader would decode.
    var plainWords: [ArraySlice<UInt8>]? {
        let name = trimmed
        var ascii: [UInt8] = []
        for part in name.parts {
            guard case .text(let octets) = part, octets.allSatisfy(ASCII.isPrintable) else { return nil }
            if ascii.isEmpty { ascii = octets } else { ascii.append(contentsOf: octets) }
        }
        let words = ascii.split(separator: ASCII.space)
        // "=?" would be decoded by some reader, quoted or not; a word that no line can hold must be cut, which only encoding can.
        let isHarmless = words.allSatisfy { $0.count <= Self.longestPlainWord && !EncodedWord.mayBegin(in: $0) }
        return isHarmless ? words : nil
    }

    private static let longestPlainWord = 50

    var encodedWords: [[UInt8]] {
        trimmed.parts.flatMap { part in
            switch part {
            case .text(let octets): Self.encode(octets)
            case .encodedWord(let word): [word]
            }
        }
    }

    /// Encoded-words of at most 56 octets (RFC 2047 allows 75), so that even `X-Original-From: ` and one of them fit a line of 76. Each
    /// holds whole characters.
    private static func encode(_ text: [UInt8]) -> [[UInt8]] {
        let plain = text.reduce(0) { $0 + (isPlainInQ($1) || $1 == ASCII.space ? 1 : 0) }
        let usesQ = plain * 2 >= text.count  // Q as long as a person can read it
        let payload = 56 - "=?utf-8?Q??=".utf8.count
        var words: [[UInt8]] = []
        var held: [UInt8] = []
        var heldLength = 0
        func close() {
            guard !held.isEmpty else { return }
            words.append(
                Array((usesQ ? "=?utf-8?Q?" : "=?utf-8?B?").utf8) + (usesQ ? encodeQ(held) : Base64.encode(held)) + Array("?=".utf8))
            held.removeAll(keepingCapacity: true)
            heldLength = 0
        }
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let octets = Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            let length = usesQ ? octets.reduce(0) { $0 + (isPlainInQ($1) || $1 == ASCII.space ? 1 : 3) } : octets.count
            let isFull = usesQ ? heldLength + length > payload : heldLength + length > payload / 4 * 3
            if isFull { close() }
            held.append(contentsOf: octets)
            heldLength += length
        }
        close()
        return words
    }

    private static func encodeQ(_ octets: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        for octet in octets {
            if octet == ASCII.space {
                encoded.append(UInt8(ascii: "_"))
            } else if isPlainInQ(octet) {
                encoded.append(octet)
            } else {
                encoded.append(ASCII.equals)
                encoded.append(hexDigits[Int(octet >> 4)])
                encoded.append(hexDigits[Int(octet & 15)])
            }
        }
        return encoded
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    /// What may stand for itself in the Q encoding of a phrase (RFC 2047 §5 rule 3), the underscore not among it.
    private static func isPlainInQ(_ octet: UInt8) -> Bool {
        ASCII.isLetterOrDigit(octet) || [33, 42, 43, 45, 47].contains(octet)  // ! * + - /
    }
}
