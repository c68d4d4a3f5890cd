/// XXH64 with seed 0, fed in pieces of any size: finds octets that changed on the disk. It proves nothing against an attacker.
struct Checksum {
    private var lanes: (UInt64, UInt64, UInt64, UInt64)
    private var rest: [UInt8] = []
    private var count: UInt64 = 0

    init() {
        lanes = (Self.prime1 &+ Self.prime2, Self.prime2, 0, 0 &- Self.prime1)
        rest.reserveCapacity(32)
    }

    static func of(_ octets: [UInt8]) -> UInt64 {
        var checksum = Checksum()
        checksum.update(octets)
        return checksum.value
    }

    mutating func update(_ octets: [UInt8]) {
        octets.withUnsafeBytes { update($0) }
    }

    mutating func update(_ octets: UnsafeRawBufferPointer) {
        count &+= UInt64(octets.count)
        var input = octets[...]
        if !rest.isEmpty {
            let missing = input.prefix(32 - rest.count)
            rest.append(contentsOf: missing)
            input = input.dropFirst(missing.count)
            guard rest.count == 32 else { return }
            let full = rest
            full.withUnsafeBytes { consumeStripes($0) }
            rest.removeAll(keepingCapacity: true)
        }
        let whole = input.count & ~31
        consumeStripes(UnsafeRawBufferPointer(rebasing: input.prefix(whole)))
        rest.append(contentsOf: input.dropFirst(whole))
    }

    mutating func update(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { update($0) }
    }

    var value: UInt64 {
        var hash: UInt64
        if count >= 32 {
            hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
            for lane in [lanes.0, lanes.1, lanes.2, lanes.3] { hash = (hash ^ round(0, lane)) &* Self.prime1 &+ Self.prime4 }
        } else {
            hash = Self.prime5
        }
        hash &+= count
        rest.withUnsafeBytes { tail in
            var offset = 0
            while offset + 8 <= tail.count {
                hash = rotate(hash ^ round(0, word(tail, offset)), 27) &* Self.prime1 &+ Self.prime4
                offset += 8
            }
            if offset + 4 <= tail.count {
                let half = UInt64(UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
                hash = rotate(hash ^ (half &* Self.prime1), 23) &* Self.prime2 &+ Self.prime3
                offset += 4
            }
            while offset < tail.count {
                hash = rotate(hash ^ (UInt64(tail[offset]) &* Self.prime5), 11) &* Self.prime1
                offset += 1
            }
        }
        hash = (hash ^ (hash >> 33)) &* Self.prime2
        hash = (hash ^ (hash >> 29)) &* Self.prime3
        return hash ^ (hash >> 32)
    }

    private mutating func consumeStripes(_ octets: UnsafeRawBufferPointer) {
        var (first, second, third, fourth) = lanes
        var offset = 0
        while offset < octets.count {
            first = round(first, word(octets, offset))
            second = round(second, word(octets, offset + 8))
            third = round(third, word(octets, offset + 16))
            fourth = round(fourth, word(octets, offset + 24))
            offset += 32
        }
        lanes = (first, second, third, fourth)
    }

    @inline(__always) private func word(_ octets: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: octets.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always) private func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* Self.prime2, 31) &* Self.prime1
    }

    @inline(__always) private func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
}
