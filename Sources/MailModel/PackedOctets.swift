/// Eight octets in one word, looked at all at once: how bodies are scanned many times faster than octet by octet.
///
/// The answers are flags: the highest bit of each octet's place; the other bits mean nothing. (The SIMD types of the standard library come
/// out as loops on Linux.)
public enum PackedOctets {
    @inlinable public static var flags: UInt64 { 0x8080_8080_8080_8080 }

    /// Flags the places that do *not* hold `octet`.
    @inlinable public static func differing(_ word: UInt64, from octet: UInt8) -> UInt64 {
        let difference = word ^ (UInt64(octet) &* 0x0101_0101_0101_0101)
        return ((difference & ~flags) &+ ~flags) | difference
    }

    /// Flags the places that hold more than `octet`, which is below 128.
    @inlinable public static func above(_ word: UInt64, _ octet: UInt8) -> UInt64 {
        ((word & ~flags) &+ (UInt64(127 &- octet) &* 0x0101_0101_0101_0101)) | word
    }
}
