/// Scans over raw octets, sixteen at a time. These loops are where large messages spend their time.
enum Octets {
    typealias Block = SIMD16<UInt8>

    static let blockLength = 16

    /// - Returns: the offset of the first LF at or after `start`.
    static func firstLineFeed(in input: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = input.baseAddress, start >= 0 else { return nil }
        let count = input.count
        let wanted = Block(repeating: 10)
        var index = start
        while count - index >= blockLength {
            let found = bits(of: base.loadUnaligned(fromByteOffset: index, as: Block.self) .== wanted)
            if found.x != 0 { return index + found.x.trailingZeroBitCount >> 3 }
            if found.y != 0 { return index + 8 + found.y.trailingZeroBitCount >> 3 }
            index += blockLength
        }
        while index < count {
            if base.load(fromByteOffset: index, as: UInt8.self) == 10 { return index }
            index += 1
        }
        return nil
    }

    /// What a stretch of octets contains, apart from its lines.
    struct Survey {
        var hasEightBit = false
        var hasNUL = false
        /// A CR whose next octet, within the stretch, is not LF. A CR at the very end is not counted.
        var hasBareCarriageReturn = false
    }

    static func survey(_ input: UnsafeRawBufferPointer) -> Survey {
        guard let base = input.baseAddress else { return Survey() }
        let count = input.count
        let carriageReturn = Block(repeating: 13)
        let lineFeed = Block(repeating: 10)
        var seen = Block(repeating: 0)
        var nul = SIMDMask<SIMD16<Int8>>(repeating: false)
        var bare = SIMDMask<SIMD16<Int8>>(repeating: false)
        var index = 0
        while count - index > blockLength {  // one more octet than a block: the load below looks one ahead
            let block = base.loadUnaligned(fromByteOffset: index, as: Block.self)
            let next = base.loadUnaligned(fromByteOffset: index + 1, as: Block.self)
            seen |= block
            nul .|= block .== Block(repeating: 0)
            bare .|= (block .== carriageReturn) .& (next .!= lineFeed)
            index += blockLength
        }
        var result = Survey()
        let all = unsafeBitCast(seen, to: SIMD2<UInt64>.self)
        result.hasEightBit = (all.x | all.y) & 0x8080_8080_8080_8080 != 0
        let nuls = bits(of: nul)
        result.hasNUL = nuls.x | nuls.y != 0
        let bares = bits(of: bare)
        result.hasBareCarriageReturn = bares.x | bares.y != 0
        while index < count {
            let octet = base.load(fromByteOffset: index, as: UInt8.self)
            if octet >= 0x80 { result.hasEightBit = true }
            if octet == 0 { result.hasNUL = true }
            if octet == 13, index + 1 < count, base.load(fromByteOffset: index + 1, as: UInt8.self) != 10 {
                result.hasBareCarriageReturn = true
            }
            index += 1
        }
        return result
    }

    /// A mask as two words with eight equal bits per octet, the first octet lowest.
    @inline(__always)
    private static func bits(of mask: SIMDMask<SIMD16<Int8>>) -> SIMD2<UInt64> {
        let words = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        return SIMD2(words.x.littleEndian, words.y.littleEndian)
    }
}
