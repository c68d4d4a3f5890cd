import DKIM
import MailModel
import MessageFormat
import Testing

/// Keeps what would be hashed.
private final class Recorder: BodyDigest {
    var octets: [UInt8] = []
    func update(_ piece: UnsafeRawBufferPointer) { octets += Array(piece) }
    func finalize() -> [UInt8] { octets }
}

@Suite struct BodyHashTests {
    private func canonical(_ body: [UInt8], _ form: Canonicalization, cutAt cuts: [Int] = []) -> [UInt8] {
        var hash = BodyHash(Recorder(), form)
        var start = 0
        for cut in cuts + [body.count] {
            body[start..<cut].withUnsafeBytes { hash.update($0) }
            start = cut
        }
        return hash.finalize()
    }

    /// K02
    @Test func emptyBody() {
        for body in ["", "\r\n", "\r\n\r\n\r\n"] {
            let message = TestMessage(header: HeaderBlock(), body: octets(body))
            #expect(text(Base64.encode(message.bodyHash(.relaxed))) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
            #expect(text(Base64.encode(message.bodyHash(.simple))) == "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=")
        }
    }

    /// K03
    @Test(arguments: [
        ("Hello!\r\n  \r\n\r\n", "Hello!\r\n", "Hello!\r\n  \r\n"),
        ("  \r\n", "", "  \r\n"),
        (" \t ", "", " \t \r\n"),
        ("a", "a\r\n", "a\r\n"),
        ("a ", "a\r\n", "a \r\n"),
        ("a\r\n\r\n\r\nb\r\n\r\n", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
        ("a\r\n \t\r\nb", "a\r\n\r\nb\r\n", "a\r\n \t\r\nb\r\n"),
        ("\r\n\r\na", "\r\n\r\na\r\n", "\r\n\r\na\r\n"),
        (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n"),
        ("a\tb\t\tc \t d\t\r\n", "a b c d\r\n", "a\tb\t\tc \t d\t\r\n"),
        ("\ta\r\n\t\r\n", " a\r\n", "\ta\r\n\t\r\n"),
        ("  a  b  c  \r\n", " a b c\r\n", "  a  b  c  \r\n"),
        ("one two three\r\nfour five\r\n", "one two three\r\nfour five\r\n", "one two three\r\nfour five\r\n"),
    ])
    func canonicalForms(body: String, relaxed: String, simple: String) {
        for (form, expected) in [(Canonicalization.relaxed, relaxed), (.simple, simple)] {
            #expect(text(canonical(octets(body), form)) == expected)
            for cut in 0...body.utf8.count {
                #expect(text(canonical(octets(body), form, cutAt: [cut])) == expected, "cut at \(cut)")
                for second in cut...body.utf8.count {
                    #expect(text(canonical(octets(body), form, cutAt: [cut, second])) == expected)
                }
            }
        }
    }

    /// The fast path and the small pieces agree with a plain reading of RFC 6376 §3.4.4, octet by octet.
    @Test func randomBodies() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<400 {
            var body: [UInt8] = []
            while body.count < Int.random(in: 0...6000, using: &random) {
                switch Int.random(in: 0...12, using: &random) {
                case 0: body += [32, 32]
                case 1: body += [9]
                case 2: body += [32, 13, 10]
                case 3, 4: body += [13, 10]
                case 5: body += [UInt8](repeating: 120, count: Int.random(in: 0...700, using: &random))
                default: body += octets("word ")
                }
            }
            let expected = plainRelaxed(body)
            #expect(canonical(body, .relaxed) == expected)
            let cuts = (0..<5).map { _ in Int.random(in: 0...body.count, using: &random) }.sorted()
            #expect(canonical(body, .relaxed, cutAt: cuts) == expected)
        }
    }

    private func plainRelaxed(_ body: [UInt8]) -> [UInt8] {
        var lines: [[UInt8]] = []
        for line in text(body).split(separator: "\r\n", omittingEmptySubsequences: false) {
            var reduced: [UInt8] = []
            for octet in line.utf8 {
                if octet == 32 || octet == 9 {
                    if reduced.last != 32 { reduced.append(32) }
                } else {
                    reduced.append(octet)
                }
            }
            if reduced.last == 32 { reduced.removeLast() }
            lines.append(reduced)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.flatMap { $0 + [13, 10] }
    }
}

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {  // SplitMix64
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
