internal import MailModel

/// Finds the few blanks of a body that the relaxed form changes; lone spaces between words are not among them.
enum BlankScanner {
    /// The first tab, the first space before a blank or a CR, or a space that is the last octet; `body.count` if there is none.
    static func firstReducible(in body: UnsafeRawBufferPointer, from start: Int) -> Int {
        let count = body.count
        guard let base = body.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return count }
        var index = start
        while index + 64 < count {
            if mayReduce(base + index) {
                let found = firstReducible(base, from: index, to: index + 64, count: count)
                if found < index + 64 { return found }
            }
            index += 64
        }
        return firstReducible(base, from: index, to: count, count: count)
    }

    /// Whether 64 octets, each seen with the one after it, may hold such a blank.
    @inline(__always)
    private static func mayReduce(_ octets: UnsafePointer<UInt8>) -> Bool {
        let base = UnsafeRawPointer(octets)
        var harmless = PackedOctets.flags
        var index = 0
        while index < 64 {
            let here = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let next = base.loadUnaligned(fromByteOffset: index &+ 1, as: UInt64.self)
            harmless &=
                PackedOctets.differing(here, from: 9)
                & (PackedOctets.differing(here, from: 32) | PackedOctets.above(next, 32))
            index &+= 8
        }
        return harmless != PackedOctets.flags
    }

    private static func firstReducible(_ octets: UnsafePointer<UInt8>, from start: Int, to end: Int, count: Int) -> Int {
        var index = start
        while index < end {
            let octet = octets[index]
            if octet == 9 { return index }
            if octet == 32 {
                guard index + 1 < count else { return index }
                let next = octets[index + 1]
                if next == 32 || next == 9 || next == 13 { return index }
            }
            index += 1
        }
        return end
    }
}
