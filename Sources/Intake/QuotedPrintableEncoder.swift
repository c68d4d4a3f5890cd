internal import MailModel

/// Text as quoted-printable (RFC 2045 §6.7): lines of at most 76 octets, line ends kept. How the text is cut into pieces changes nothing.
struct QuotedPrintableEncoder {
    private var column = 0
    /// A blank that must be encoded if the line ends behind it.
    private var heldBlank: UInt8?
    private var followsCR = false
    /// Behind a soft line break: what stands here did not begin a line of the author's.
    private var isSoftStart = false
    /// How many letters of `From` the line consists of so far.
    private var fromMatched = 0

    private static let widest = 75  // and the `=` of a soft line break
    private static let from = Array("From".utf8)

    mutating func encode(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        for octet in text {
            if followsCR {
                followsCR = false
                if octet == ASCII.lineFeed {
                    endLine(&output)
                    continue
                }
                escape(ASCII.carriageReturn, &output)
            }
            if octet == ASCII.carriageReturn {
                followsCR = true
                continue
            }
            if let blank = heldBlank {
                heldBlank = nil
                put(blank, &output)
            }
            if ASCII.isBlank(octet) {
                heldBlank = octet
            } else {
                put(octet, &output)
            }
        }
    }

    /// The last line has no line end of its own: what follows it is the next delimiter.
    mutating func finish(to output: inout [UInt8]) {
        if let blank = heldBlank { escape(blank, &output) }
        if followsCR { escape(ASCII.carriageReturn, &output) }
        self = QuotedPrintableEncoder()
    }

    private mutating func endLine(_ output: inout [UInt8]) {
        if let blank = heldBlank { escape(blank, &output) }
        heldBlank = nil
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
        column = 0
        isSoftStart = false
        fromMatched = 0
    }

    @inline(__always)
    private mutating func put(_ octet: UInt8, _ output: inout [UInt8]) {
        guard octet != ASCII.equals, ASCII.isPrintable(octet) || octet == ASCII.tab else { return escape(octet, &output) }
        if column == 0 || fromMatched == column {
            // Mail stores take `From ` for the start of a message, and some relays forget to double a leading dot; `--` behind a soft
            // line break could be read as a boundary.
            if column == 0, octet == ASCII.dot || (isSoftStart && octet == ASCII.hyphen) { return escape(octet, &output) }
            if fromMatched == 4, octet == ASCII.space { return escape(octet, &output) }
            if fromMatched < 4, octet == Self.from[fromMatched] { fromMatched += 1 }
        }
        if column + 1 > Self.widest { breakSoftly(&output) }
        if column == 0, isSoftStart, octet == ASCII.hyphen || octet == ASCII.dot { return escape(octet, &output) }
        output.append(octet)
        column += 1
    }

    private mutating func escape(_ octet: UInt8, _ output: inout [UInt8]) {
        if column + 3 > Self.widest { breakSoftly(&output) }
        output.append(ASCII.equals)
        HexDigits.append(octet, to: &output)
        column += 3
    }

    private mutating func breakSoftly(_ output: inout [UInt8]) {
        output.append(ASCII.equals)
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
        column = 0
        isSoftStart = true
        fromMatched = 0
    }
}

/// Repairs what calls itself quoted-printable and is not: 8-bit octets and endless lines. Everything else passes as it is.
struct QuotedPrintableMender {
    private var column = 0
    /// Octets of a `=XX` that are still to come and must not be cut off.
    private var escaped = 0

    private static let widest = 900

    mutating func mend(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        for octet in text {
            if octet == ASCII.lineFeed || octet == ASCII.carriageReturn {
                output.append(octet)
                (column, escaped) = (0, 0)
                continue
            }
            if column >= Self.widest, escaped == 0 {
                output.append(contentsOf: [ASCII.equals, ASCII.carriageReturn, ASCII.lineFeed])
                column = 0
                if octet == ASCII.hyphen {  // `--` here could be read as a boundary
                    escape(octet, &output)
                    continue
                }
            }
            if octet >= 0x80 {
                escape(octet, &output)
            } else {
                escaped = octet == ASCII.equals ? 2 : max(0, escaped - 1)
                output.append(octet)
                column += 1
            }
        }
    }

    private mutating func escape(_ octet: UInt8, _ output: inout [UInt8]) {
        output.append(ASCII.equals)
        HexDigits.append(octet, to: &output)
        column += 3
        escaped = 0
    }
}

enum HexDigits {
    /// Two digits, upper case.
    @inline(__always)
    static func append(_ octet: UInt8, to output: inout [UInt8]) {
        let high = octet >> 4
        let low = octet & 15
        output.append(high < 10 ? 48 + high : 55 + high)
        output.append(low < 10 ? 48 + low : 55 + low)
    }
}
