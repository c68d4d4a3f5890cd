/// Finds the few blanks of a body that the relaxed form changes; lone spaces between words are not among them.
enum BlankScanner {
    /// The first tab, the first space before a blank or a CR, or a space that is the last octet; `body.count` if there is none.
    ///
    /// 32 octets at a time: each is compared together with the octet after it.
    static func firstReducible(in body: UnsafeRawBufferPointer, from start: Int) -> Int {
        let count = body.count
        guard let base = body.baseAddress else { return count }
        var index = start
        while index + 33 <= count {
            let here = base.loadUnaligned(fromByteOffset: index, as: SIMD32<UInt8>.self)
            let next = base.loadUnaligned(fromByteOffset: index + 1, as: SIMD32<UInt8>.self)
            let found = (here .== 9) .| ((here .== 32) .& ((next .== 32) .| (next .== 9) .| (next .== 13)))
            let words = unsafeBitCast(found, to: SIMD4<UInt64>.self)
            if words[0] | words[1] | words[2] | words[3] != 0 {
                if words[0] != 0 { return index + words[0].trailingZeroBitCount / 8 }
                if words[1] != 0 { return index + 8 + words[1].trailingZeroBitCount / 8 }
                if words[2] != 0 { return index + 16 + words[2].trailingZeroBitCount / 8 }
                return index + 24 + words[3].trailingZeroBitCount / 8
            }
            index += 32
        }
        while index < count {
            let octet = body[index]
            if octet == 9 { return index }
            if octet == 32 {
                guard index + 1 < count else { return index }
                let next = body[index + 1]
                if next == 32 || next == 9 || next == 13 { return index }
            }
            index += 1
        }
        return count
    }
}
