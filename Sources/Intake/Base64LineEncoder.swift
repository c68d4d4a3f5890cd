internal import MailModel

/// Octets as base 64 in lines of 76 (RFC 2045 §6.8), without a line end behind the last. How they are cut into pieces changes nothing.
struct Base64LineEncoder {
    private var bits: UInt32 = 0
    private var held = 0
    private var column = 0

    private static let widest = 76
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    mutating func encode(_ octets: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.reserveCapacity(output.count + octets.count / 3 * 4 + octets.count / 54 * 2 + 8)
        Self.alphabet.withUnsafeBufferPointer { alphabet in
            for octet in octets {
                bits = bits << 8 | UInt32(octet)
                held += 1
                guard held == 3 else { continue }
                separate(&output)
                output.append(alphabet[Int(bits >> 18 & 63)])
                output.append(alphabet[Int(bits >> 12 & 63)])
                output.append(alphabet[Int(bits >> 6 & 63)])
                output.append(alphabet[Int(bits & 63)])
                bits = 0
                held = 0
            }
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        if held > 0 {
            separate(&output)
            bits <<= UInt32(8 * (3 - held))
            output.append(Self.alphabet[Int(bits >> 18 & 63)])
            output.append(Self.alphabet[Int(bits >> 12 & 63)])
            output.append(held == 2 ? Self.alphabet[Int(bits >> 6 & 63)] : ASCII.equals)
            output.append(ASCII.equals)
        }
        self = Base64LineEncoder()
    }

    /// Room for four octets on this line or the next.
    @inline(__always)
    private mutating func separate(_ output: inout [UInt8]) {
        if column == Self.widest {
            output.append(ASCII.carriageReturn)
            output.append(ASCII.lineFeed)
            column = 0
        }
        column += 4
    }
}

/// Repairs what calls itself base 64 and has 8-bit octets, which a reader must ignore (RFC 2045 §6.8), or endless lines.
struct Base64Mender {
    private var column = 0

    private static let widest = 900

    mutating func mend(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        for octet in text where octet < 0x80 {
            if octet == ASCII.lineFeed || octet == ASCII.carriageReturn {
                column = 0
            } else {
                if column >= Self.widest {
                    output.append(ASCII.carriageReturn)
                    output.append(ASCII.lineFeed)
                    column = 0
                }
                column += 1
            }
            output.append(octet)
        }
    }
}
