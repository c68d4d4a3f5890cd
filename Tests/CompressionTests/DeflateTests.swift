import Compression
import Testing

@Suite struct DeflateTests {
    static let header = Array(
        String(
            repeating: "Received: from app.example ([192.0.2.7]) by relay.example.com with ESMTPSA; Sun, 1 Mar 2026 09:05:07 +0000\r\n",
            count: 9
        )
        .utf8)

    static func noise(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    @Test(arguments: [[], [0], Array("a".utf8), header, noise(1), noise(1200), noise(70_000), [UInt8](repeating: 65, count: 300_000)])
    func whatComesBackIsWhatWasGiven(octets: [UInt8]) throws {
        for _ in 0..<3 {
            let compressed = try Deflate.compress(octets)
            #expect(try Deflate.restore(compressed, count: octets.count, limit: octets.count) == octets)
        }
    }

    @Test func repetitionTakesLittleRoom() throws {
        #expect(try Deflate.compress(Self.header).count < Self.header.count / 4)
    }

    @Test func aLimitHolds() throws {
        let bomb = try Deflate.compress([UInt8](repeating: 0, count: 1 << 20))
        #expect(throws: CompressionError.tooLong(limit: 1000)) { try Deflate.restore(bomb, count: 1 << 20, limit: 1000) }
        #expect(throws: CompressionError.damaged) { try Deflate.restore(bomb, count: 1000, limit: 1000) }
    }

    @Test func damageIsSaid() throws {
        let compressed = try Deflate.compress(Self.header)
        let count = Self.header.count
        #expect(throws: CompressionError.damaged) { try Deflate.restore([], count: count, limit: count) }
        #expect(throws: CompressionError.damaged) { try Deflate.restore(Array(compressed.dropLast()), count: count, limit: count) }
        #expect(throws: CompressionError.damaged) { try Deflate.restore(compressed + [0], count: count, limit: count) }
        #expect(throws: CompressionError.damaged) { try Deflate.restore(compressed, count: count - 1, limit: count) }
        #expect(throws: CompressionError.damaged) { try Deflate.restore(compressed, count: count + 1, limit: count + 1) }
        #expect(throws: CompressionError.damaged) { try Deflate.restore(compressed, count: -1, limit: count) }
        for seed in 0..<200 as Range<UInt64> {
            // No trap, whatever it is.
            _ = try? Deflate.restore(Self.noise(200, seed: seed), count: 500, limit: 500)
        }
    }
}
