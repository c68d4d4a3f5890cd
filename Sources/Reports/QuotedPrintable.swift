internal import MailModel

/// RFC 2045 §6.7.
enum QuotedPrintable {
    private static let digits = Array("0123456789ABCDEF".utf8)
    /// Room for one more encoded octet and the `=` of a soft line break within 76.
    private static let longestLine = 72

    /// - Parameter text: lines with CRLF, which stay lines.
    static func encode(_ text: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.count + text.count / 4)
        var column = 0
        var index = 0
        while index < text.count {
            let octet = text[index]
            let endsLine = index + 1 >= text.count || text[index + 1] == ASCII.carriageReturn
            if octet == ASCII.carriageReturn, index + 1 < text.count, text[index + 1] == ASCII.lineFeed {
                encoded.append(contentsOf: ASCII.crlf)
                column = 0
                index += 2
                continue
            }
            if column > longestLine {
                encoded.append(ASCII.equals)
                encoded.append(contentsOf: ASCII.crlf)
                column = 0
            }
            // A dot, or the F of "From ", at the start of a line tempts programs on the way.
            let isPlain = ASCII.isPrintable(octet) && octet != ASCII.equals && !(octet == ASCII.space && endsLine)
            if isPlain, !(column == 0 && (octet == ASCII.dot || octet == UInt8(ascii: "F"))) {
                encoded.append(octet)
                column += 1
            } else {
                encoded.append(ASCII.equals)
                encoded.append(digits[Int(octet >> 4)])
                encoded.append(digits[Int(octet & 15)])
                column += 3
            }
            index += 1
        }
        return encoded
    }
}
