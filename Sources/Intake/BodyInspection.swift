internal import MailModel

/// What a body must be known to be before it is sent on, found out while it streams by.
///
/// How the body is cut into pieces changes nothing.
struct BodyInspection {
    private(set) var octets = 0
    private(set) var has8Bit = false
    private(set) var hasNUL = false
    /// A CR without LF or an LF without CR.
    private(set) var hasBareLineEnd = false
    /// A line of more than 998 octets, its line end not counted (RFC 5322 §2.1.1).
    private(set) var hasLongLine = false

    private var endsInCR = false
    /// Octets of the line that is not ended yet, a final CR included.
    private var lineLength = 0

    private static let longestLine = 998
    private static let blockLength = 64

    mutating func update(_ body: UnsafeRawBufferPointer) {
        guard let base = body.baseAddress?.assumingMemoryBound(to: UInt8.self), !body.isEmpty else { return }
        let count = body.count
        octets += count
        if endsInCR != (base[0] == 10) { hasBareLineEnd = true }
        var lines = LineMeter(base, carried: lineLength)
        var seen = Seen()
        if base[0] == 10 { lines.lineFeed(in: 0..<1) }
        var index = 0
        while index + Self.blockLength < count {
            if seen.add(block: base + index) { lines.lineFeed(in: index + 1..<index + Self.blockLength + 1) }
            index += Self.blockLength
        }
        while index < count {
            let octet = base[index]
            let next = index + 1 < count ? base[index + 1] : octet == 13 ? 10 : 0  // the last one is paired with the next piece
            if seen.add(octet, before: next) { lines.lineFeed(in: index..<index + 1) }
            index += 1
        }
        if seen.anyOctet >= 0x80 { has8Bit = true }
        if seen.nul != 0 { hasNUL = true }
        if seen.unpaired != 0 { hasBareLineEnd = true }
        lineLength = lines.unended(at: count)
        if lines.hasLong || lineLength > Self.longestLine + 1 { hasLongLine = true }
        endsInCR = base[count - 1] == 13
    }

    /// To be called once, after the last piece.
    mutating func finish() {
        if endsInCR { hasBareLineEnd = true }
        if lineLength > Self.longestLine { hasLongLine = true }
    }

    /// Gathered over a piece without branches.
    private struct Seen {
        var anyOctet: UInt8 = 0
        var nul: UInt8 = 0
        var unpaired: UInt8 = 0

        /// - Parameter block: `blockLength` octets and one more.
        /// - Returns: whether there is a LF behind the first octet, the one more included.
        @inline(__always)
        mutating func add(block: UnsafePointer<UInt8>) -> Bool {
            let base = UnsafeRawPointer(block)
            var any: UInt64 = 0
            var noNUL = PackedOctets.flags
            var unpaired: UInt64 = 0
            var noLineFeed = PackedOctets.flags
            var index = 0
            while index < BodyInspection.blockLength {
                let here = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let next = base.loadUnaligned(fromByteOffset: index &+ 1, as: UInt64.self)
                let nextIsNoLineFeed = PackedOctets.differing(next, from: 10)
                any |= here
                noNUL &= PackedOctets.differing(here, from: 0)
                noLineFeed &= nextIsNoLineFeed
                unpaired |= PackedOctets.differing(here, from: 13) ^ nextIsNoLineFeed
                index &+= 8
            }
            if any & PackedOctets.flags != 0 { anyOctet |= 0x80 }
            if noNUL != PackedOctets.flags { nul = 1 }
            if unpaired & PackedOctets.flags != 0 { self.unpaired = 1 }
            return noLineFeed != PackedOctets.flags
        }

        mutating func add(_ octet: UInt8, before next: UInt8) -> Bool {
            anyOctet |= octet
            nul |= octet == 0 ? 1 : 0
            unpaired |= (octet == 13 ? 1 : 0) ^ (next == 10 ? 1 : 0)
            return octet == 10
        }
    }

    /// Measures lines, but only those that could be too long: where a block ends a line that began shortly before, nothing is counted.
    private struct LineMeter {
        private let base: UnsafePointer<UInt8>
        /// The current line begins here or later in this piece; negative if in an earlier one.
        private var earliestStart: Int
        private(set) var hasLong = false

        init(_ base: UnsafePointer<UInt8>, carried: Int) {
            self.base = base
            earliestStart = -carried
        }

        /// There is at least one LF in `block`.
        @inline(__always)
        mutating func lineFeed(in block: Range<Int>) {
            if block.upperBound - earliestStart > BodyInspection.longestLine { measure(block) }
            earliestStart = block.lowerBound
        }

        private mutating func measure(_ block: Range<Int>) {
            var first = block.lowerBound
            while first < block.upperBound, base[first] != 10 { first += 1 }
            if first - start(before: block.lowerBound) > BodyInspection.longestLine + 1 { hasLong = true }
        }

        /// Octets of the line that ends at `end` without a LF.
        func unended(at end: Int) -> Int { end - start(before: end) }

        /// Looks back for the LF that ended the line before; not further than a line may be long.
        private func start(before end: Int) -> Int {
            let furthest = max(0, earliestStart, end - BodyInspection.longestLine - 2)
            var start = end
            while start > furthest, base[start - 1] != 10 { start -= 1 }
            return start == 0 ? min(0, earliestStart) : start
        }
    }
}
