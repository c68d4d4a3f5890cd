/// What a body must be known to be before it is sent on, found out while it streams by.
///
/// 32 octets at a time; how the body is cut into pieces changes nothing.
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

    mutating func update(_ body: UnsafeRawBufferPointer) {
        guard let base = body.baseAddress, !body.isEmpty else { return }
        let count = body.count
        octets += count
        if endsInCR != (body[0] == 10) { hasBareLineEnd = true }
        /// Where the current line began, seen from this piece; negative if in an earlier one.
        var lineStart = -lineLength
        var index = 0
        var all = SIMD32<UInt8>()
        var faults = SIMD32<UInt8>()
        while index + 33 <= count {
            let here = base.loadUnaligned(fromByteOffset: index, as: SIMD32<UInt8>.self)
            let next = base.loadUnaligned(fromByteOffset: index + 1, as: SIMD32<UInt8>.self)
            let isNUL = unsafeBitCast(here .== 0, to: SIMD32<UInt8>.self)
            let isUnpaired = unsafeBitCast((here .== 13) .^ (next .== 10), to: SIMD32<UInt8>.self)
            all |= here
            faults |= (isNUL & 1) | (isUnpaired & 2)
            let lineFeeds = unsafeBitCast(here .== 10, to: SIMD4<UInt64>.self)
            if lineFeeds[0] | lineFeeds[1] | lineFeeds[2] | lineFeeds[3] != 0 {
                let first = Self.firstOctet(lineFeeds)
                if index + first - lineStart > Self.longestLine + 1 { hasLongLine = true }
                lineStart = index + Self.lastOctet(lineFeeds) + 1
            }
            index += 32
        }
        let gathered = unsafeBitCast(faults, to: SIMD4<UInt64>.self)
        let fault = gathered[0] | gathered[1] | gathered[2] | gathered[3]
        if fault & 0x0101_0101_0101_0101 != 0 { hasNUL = true }
        if fault & 0x0202_0202_0202_0202 != 0 { hasBareLineEnd = true }
        let seen = unsafeBitCast(all, to: SIMD4<UInt64>.self)
        if (seen[0] | seen[1] | seen[2] | seen[3]) & 0x8080_8080_8080_8080 != 0 { has8Bit = true }
        while index < count {
            let octet = body[index]
            if octet == 0 { hasNUL = true }
            if octet >= 0x80 { has8Bit = true }
            if index + 1 < count, (octet == 13) != (body[index + 1] == 10) { hasBareLineEnd = true }
            if octet == 10 {
                if index - lineStart > Self.longestLine + 1 { hasLongLine = true }
                lineStart = index + 1
            }
            index += 1
        }
        endsInCR = body[count - 1] == 13
        lineLength = count - lineStart
        if lineLength > Self.longestLine + 1 { hasLongLine = true }
    }

    /// To be called once, after the last piece.
    mutating func finish() {
        if endsInCR { hasBareLineEnd = true }
        if lineLength > Self.longestLine { hasLongLine = true }
    }

    private static func firstOctet(_ mask: SIMD4<UInt64>) -> Int {
        for word in 0..<4 where mask[word] != 0 { return word * 8 + mask[word].trailingZeroBitCount / 8 }
        return 32
    }

    private static func lastOctet(_ mask: SIMD4<UInt64>) -> Int {
        for word in (0..<4).reversed() where mask[word] != 0 { return word * 8 + 7 - mask[word].leadingZeroBitCount / 8 }
        return -1
    }
}
