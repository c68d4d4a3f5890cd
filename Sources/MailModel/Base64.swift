/// Base 64 as SMTP AUTH and MIME use it (RFC 4648 §4): strict when reading, padded when writing.
public enum Base64 {
    @inlinable public static func encode(_ octets: some Collection<UInt8>) -> [UInt8] { encode(Array(octets)) }

    /// Not generic: other modules would call it unspecialised, at ten times the cost.
    public static func encode(_ octets: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity((octets.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var held = 0
        for octet in octets {
            bits = bits << 8 | UInt32(octet)
            held += 1
            if held == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] { encoded.append(alphabet[Int(bits >> shift & 63)]) }
                bits = 0
                held = 0
            }
        }
        if held > 0 {
            bits <<= UInt32(8 * (3 - held))
            encoded.append(alphabet[Int(bits >> 18 & 63)])
            encoded.append(alphabet[Int(bits >> 12 & 63)])
            encoded.append(held == 2 ? alphabet[Int(bits >> 6 & 63)] : ASCII.equals)
            encoded.append(ASCII.equals)
        }
        return encoded
    }

    /// - Returns: `nil` for a foreign octet, inner padding, a length that is no multiple of four, or bits after the last octet
    ///   that are not zero (two texts must never mean one password).
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let text = Array(text)
        guard text.count % 4 == 0 else { return nil }
        let padding = text.reversed().prefix(2).prefix(while: { $0 == ASCII.equals }).count
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var held = 0
        for octet in text.dropLast(padding) {
            guard let digit = value(of: octet) else { return nil }
            bits = bits << 6 | digit
            held += 1
            if held == 4 {
                decoded.append(UInt8(truncatingIfNeeded: bits >> 16))
                decoded.append(UInt8(truncatingIfNeeded: bits >> 8))
                decoded.append(UInt8(truncatingIfNeeded: bits))
                bits = 0
                held = 0
            }
        }
        switch (held, padding) {
        case (0, 0): break
        case (2, 2):
            guard bits & 0xF == 0 else { return nil }
            decoded.append(UInt8(truncatingIfNeeded: bits >> 4))
        case (3, 1):
            guard bits & 0x3 == 0 else { return nil }
            decoded.append(UInt8(truncatingIfNeeded: bits >> 10))
            decoded.append(UInt8(truncatingIfNeeded: bits >> 2))
        default: return nil
        }
        return decoded
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func value(of octet: UInt8) -> UInt32? {
        switch octet {
        case 65...90: UInt32(octet) - 65
        case 97...122: UInt32(octet) - 71
        case 48...57: UInt32(octet) + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
