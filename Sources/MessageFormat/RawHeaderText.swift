internal import MailModel

/// Raw 8-bit text of a header with the charset it is taken for, on its way into encoded-words (RFC 2047) and parameters (RFC 2231).
///
/// What is UTF-8 is UTF-8; the rest is in the charset that the message declares for its body, or windows-1252, which all that is labelled
/// Latin-1 is in practice. The octets are never converted, so a reader that knows better loses nothing.
struct RawHeaderText {
    private enum Characters { case utf8, single, double }

    let charset: [UInt8]
    private let characters: Characters

    /// - Parameters:
    ///   - text: all of the field, so that it is in one charset.
    ///   - declared: lower case.
    init(_ text: some Collection<UInt8>, declared: [UInt8]?) {
        if UTF8Check.isValid(text) {
            charset = Array("utf-8".utf8)
            characters = .utf8
        } else if let declared, let characters = Self.characters(of: declared) {
            charset = declared
            self.characters = characters
        } else {
            charset = Array("windows-1252".utf8)
            characters = .single
        }
    }

    var isUTF8: Bool { characters == .utf8 }

    private static func characters(of charset: [UInt8]) -> Characters? {
        let name = String(decoding: charset, as: UTF8.self)
        guard charset.count <= 20, charset.allSatisfy({ ASCII.isLetterOrDigit($0) || $0 == ASCII.hyphen || $0 == UInt8(ascii: "_") })
        else { return nil }
        if ["iso-8859-", "windows-125", "koi8-", "cp125"].contains(where: name.hasPrefix) { return .single }
        if ["gb2312", "gbk", "big5", "euc-kr", "ks_c_5601-1987", "shift_jis"].contains(name) { return .double }
        return nil
    }

    /// Encoded-words of at most 56 octets (RFC 2047 allows 75), so that a line has room for a field's name and one of them. Each holds
    /// whole characters.
    func encodedWords(_ text: some Collection<UInt8>) -> [[UInt8]] {
        let text = Array(text)
        let plain = text.count { Self.isPlain($0) || $0 == ASCII.space }
        let usesQ = plain * 2 >= text.count  // as long as a person can read it
        let prefix = Array("=?".utf8) + charset + Array((usesQ ? "?Q?" : "?B?").utf8)
        let payload = max(24, 56 - prefix.count - 2)
        var words: [[UInt8]] = []
        var held: [UInt8] = []
        var heldLength = 0
        func close() {
            words.append(prefix + (usesQ ? Self.encodedQ(held) : Base64.encode(held)) + Array("?=".utf8))
            held = []
            heldLength = 0
        }
        var index = 0
        while index < text.count {
            let end = min(text.count, index + length(of: text, at: index))
            let character = text[index..<end]
            let length =
                usesQ ? character.reduce(0) { $0 + (Self.isPlain($1) || $1 == ASCII.space ? 1 : 3) } : character.count
            if !held.isEmpty, heldLength + length > (usesQ ? payload : payload / 4 * 3) { close() }
            held.append(contentsOf: character)
            heldLength += length
            index = end
        }
        if !held.isEmpty { close() }
        return words
    }

    private func length(of text: [UInt8], at index: Int) -> Int {
        let octet = text[index]
        switch characters {
        case .single: return 1
        case .double: return octet >= 0x81 ? 2 : 1
        case .utf8: return octet < 0xC0 ? 1 : octet < 0xE0 ? 2 : octet < 0xF0 ? 3 : 4
        }
    }

    private static func encodedQ(_ octets: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        for octet in octets {
            if octet == ASCII.space {
                encoded.append(UInt8(ascii: "_"))
            } else if isPlain(octet) {
                encoded.append(octet)
            } else {
                encoded.append(ASCII.equals)
                HexDigit.append(octet, to: &encoded)
            }
        }
        return encoded
    }

    /// What may stand for itself in a phrase (RFC 2047 §5 rule 3), and so everywhere.
    private static func isPlain(_ octet: UInt8) -> Bool {
        ASCII.isLetterOrDigit(octet) || [33, 42, 43, 45, 47].contains(octet)  // ! * + - /
    }
}

/// Whether octets are UTF-8 (RFC 3629), fed piece by piece.
public struct UTF8Check: Sendable {
    private var isBroken = false
    private var missing = 0
    /// What the next octet may be.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    public init() {}

    public static func isValid(_ text: some Collection<UInt8>) -> Bool {
        var check = UTF8Check()
        Array(text).withUnsafeBytes { check.update($0) }
        return check.isValid
    }

    /// Whether all of it was UTF-8 and nothing is missing at its end.
    public var isValid: Bool { !isBroken && missing == 0 }

    public mutating func update(_ octets: UnsafeRawBufferPointer) {
        guard !isBroken else { return }
        for octet in octets {
            if missing > 0 {
                guard octet >= low, octet <= high else { return isBroken = true }
                missing -= 1
                (low, high) = (0x80, 0xBF)
                continue
            }
            switch octet {
            case 0..<0x80: continue
            case 0xC2...0xDF: missing = 1
            case 0xE0...0xEF:
                missing = 2
                if octet == 0xE0 { low = 0xA0 }
                if octet == 0xED { high = 0x9F }
            case 0xF0...0xF4:
                missing = 3
                if octet == 0xF0 { low = 0x90 }
                if octet == 0xF4 { high = 0x8F }
            default: return isBroken = true
            }
        }
    }
}
