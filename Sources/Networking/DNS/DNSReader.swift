/// Reads a DNS message from its first octet to its last; what does not fit is an error, never a trap.
struct DNSReader {
    struct Malformed: Error, Hashable {}

    private let octets: ArraySlice<UInt8>
    private(set) var index: Int

    init(_ octets: [UInt8]) {
        self.octets = octets[...]
        index = 0
    }

    mutating func number16() throws(Malformed) -> UInt16 {
        guard index + 2 <= octets.count else { throw Malformed() }
        defer { index += 2 }
        return UInt16(octets[index]) << 8 | UInt16(octets[index + 1])
    }

    mutating func number32() throws(Malformed) -> UInt32 {
        let high = try number16()
        return UInt32(high) << 16 | UInt32(try number16())
    }

    mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= octets.count - index else { throw Malformed() }
        defer { index += count }
        return octets[index..<index + count]
    }

    mutating func skip(_ count: Int) throws(Malformed) { _ = try take(count) }

    /// A name, with the pointers of RFC 1035 §4.1.4. Each pointer must lead back behind the one before it, so that no chain of them can be a
    /// loop, and the name's own limit bounds the work.
    mutating func name() throws(Malformed) -> DNSName {
        var labels: [[UInt8]] = []
        var length = 1
        var position = index
        var lowest = index
        var end: Int?
        while true {
            guard position < octets.count else { throw Malformed() }
            let octet = octets[position]
            switch octet >> 6 {
            case 0 where octet == 0:
                index = end ?? position + 1
                return DNSName(labels: labels)
            case 0:
                let next = position + 1 + Int(octet)
                length += Int(octet) + 1
                guard next <= octets.count, length <= DNSName.wireLimit else { throw Malformed() }
                labels.append(Array(octets[(position + 1)..<next]))
                position = next
            case 3:
                guard position + 1 < octets.count else { throw Malformed() }
                let target = Int(octet & 0x3f) << 8 | Int(octets[position + 1])
                guard target < lowest else { throw Malformed() }
                end = end ?? position + 2
                position = target
                lowest = target
            default: throw Malformed()
            }
        }
    }
}
