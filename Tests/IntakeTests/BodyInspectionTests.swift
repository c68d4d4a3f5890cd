@testable import Intake
import Testing

@Suite struct BodyInspectionTests {
    private struct Finding: Equatable, CustomStringConvertible {
        var octets = 0
        var has8Bit = false
        var hasNUL = false
        var hasBareLineEnd = false
        var hasLongLine = false
        var description: String { "\(octets) \(has8Bit) \(hasNUL) \(hasBareLineEnd) \(hasLongLine)" }
    }

    private func found(_ body: [UInt8], cutAt cuts: [Int] = []) -> Finding {
        var inspection = BodyInspection()
        var start = 0
        for cut in cuts + [body.count] {
            body[start..<cut].withUnsafeBytes { inspection.update($0) }
            start = cut
        }
        inspection.finish()
        return Finding(
            octets: inspection.octets, has8Bit: inspection.has8Bit, hasNUL: inspection.hasNUL,
            hasBareLineEnd: inspection.hasBareLineEnd, hasLongLine: inspection.hasLongLine)
    }

    /// Octet by octet, as anyone would write it.
    private func plain(_ body: [UInt8]) -> Finding {
        var finding = Finding(octets: body.count)
        var length = 0
        for (index, octet) in body.enumerated() {
            if octet >= 0x80 { finding.has8Bit = true }
            if octet == 0 { finding.hasNUL = true }
            if octet == 13, index + 1 == body.count || body[index + 1] != 10 { finding.hasBareLineEnd = true }
            if octet == 10, index == 0 || body[index - 1] != 13 { finding.hasBareLineEnd = true }
            if octet == 10 {
                if length - 1 > 998 { finding.hasLongLine = true }
                length = 0
            } else {
                length += 1
            }
        }
        if length > 998 { finding.hasLongLine = true }
        return finding
    }

    @Test func everyPlaceInABlock() {
        for length in [1, 31, 63, 64, 65, 66, 127, 128, 129, 200] {
            for fault: [UInt8] in [[0], [0x80], [13], [10], [13, 10], [255], [127]] {
                for place in 0...(length - 1) {
                    var body = [UInt8](repeating: 97, count: length)
                    for (offset, octet) in fault.enumerated() where place + offset < length { body[place + offset] = octet }
                    #expect(found(body) == plain(body))
                    #expect(found(body, cutAt: [place]) == plain(body))
                }
            }
        }
    }

    @Test func lineLengths() {
        for length in [996, 997, 998, 999, 1000, 1063, 1064] {
            for before in [0, 1, 61, 62, 63, 64, 500] {
                for end: [UInt8] in [[13, 10], []] {
                    let first = [UInt8](repeating: 98, count: before) + [13, 10]
                    let body = first + [UInt8](repeating: 97, count: length) + end
                    #expect(found(body) == plain(body), "\(before) \(length)")
                    #expect(found(body + first) == plain(body + first))
                    for cut in stride(from: 0, to: body.count, by: 61) {
                        #expect(found(body, cutAt: [cut]) == plain(body), "\(before) \(length) \(cut)")
                    }
                    #expect(found(body, cutAt: Array(stride(from: 0, through: body.count, by: 100))) == plain(body))
                }
            }
        }
    }

    @Test func randomBodies() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                body += [UInt8](repeating: 97, count: Int.random(in: 0...1010, using: &random))
                switch Int.random(in: 0...20, using: &random) {
                case 0: body.append(10)
                case 1: body.append(13)
                case 2: body.append(0)
                case 3: body.append(200)
                default: body += [13, 10]
                }
            }
            let cuts = (0..<4).map { _ in Int.random(in: 0...body.count, using: &random) }.sorted()
            #expect(found(body) == plain(body))
            #expect(found(body, cutAt: cuts) == plain(body))
        }
    }
}
