internal import Glibc
internal import MailModel

extension ArraySlice<UInt8> {
    /// As `firstIndex(of:)`, at the speed of `memchr`: every octet of every body passes here.
    func firstOffset(of octet: UInt8, from start: Int) -> Int? {
        guard start < endIndex else { return nil }
        return withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let hit = memchr(base + (start - startIndex), Int32(octet), endIndex - start) else {
                return nil
            }
            return startIndex + (UnsafeRawPointer(hit) - base)
        }
    }

    /// Whether any octet is 128 or above.
    var containsEightBit: Bool {
        withUnsafeBytes { buffer in
            var seen: UInt64 = 0
            var offset = 0
            while offset + 8 <= buffer.count {
                seen |= buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            while offset < buffer.count {
                seen |= UInt64(buffer[offset])
                offset += 1
            }
            return seen & 0x8080_8080_8080_8080 != 0
        }
    }
}
