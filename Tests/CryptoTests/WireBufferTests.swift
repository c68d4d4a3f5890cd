import Testing

@testable import Cryptography

@Suite struct WireBufferTests {
    /// A queue of octets is what goes in, in order, however it is cut.
    @Test(arguments: [1, 2, 3, 511, 512, 513, 1024, 5000]) func keepsOrder(piece: Int) {
        var buffer = WireBuffer(), random = SystemRandomNumberGenerator()
        var expected: [UInt8] = [], next: UInt8 = 0
        var target = [UInt8](repeating: 0, count: 20_000)
        for _ in 0..<300 {
            let added = (0..<Int.random(in: 1...piece, using: &random)).map { _ in
                next &+= 1; return next
            }
            let isAppended = buffer.append(added, count: added.count)
            #expect(isAppended)
            expected += added
            let taken = buffer.take(into: &target, limit: Int.random(in: 0...(2 * piece), using: &random))
            #expect(Array(target[..<taken]) == Array(expected[..<taken]))
            expected.removeFirst(taken)
            if Bool.random(using: &random) {
                let dropped = Int.random(in: 0...expected.count, using: &random)
                buffer.removeFirst(dropped)
                expected.removeFirst(dropped)
            }
            let isEqual = Array(buffer.octets) == expected
            #expect(isEqual)
        }
        buffer.removeFirst(.max)
        buffer.removeFirst(-1)
        let count = buffer.count
        #expect(count == 0)
    }
}
