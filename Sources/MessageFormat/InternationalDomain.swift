internal import MailModel

/// Internationalised domain names as DNS and Amazon SES know them: `bücher.example` is `xn--bcher-kva.example` (RFC 5890, RFC 3492).
///
/// The mapping is lower case and nothing else: there are no tables here. A label that Unicode would compose, decompose or map
/// (combining accents, full-width letters, joiners) is refused instead of being turned into another name; its owner can write the `xn--` form.
enum InternationalDomain {
    /// - Returns: `nil` if `text` is not UTF-8, or has a label that cannot be mapped with certainty.
    static func ascii(_ text: some Collection<UInt8>) -> [UInt8]? {
        let octets = Array(text)
        guard octets.count <= 1000, UTF8Check.isValid(octets) else { return nil }
        var labels: [[UInt8]] = []
        let scalars = Array(String(decoding: octets, as: UTF8.self).unicodeScalars)
        for label in scalars.split(omittingEmptySubsequences: false, whereSeparator: isDot) {
            guard let ascii = ascii(label: label) else { return nil }
            labels.append(ascii)
        }
        return Array(labels.joined(separator: [ASCII.dot]))
    }

    /// The dot, and the ideographic full stop that input methods write for it.
    private static func isDot(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "\u{3002}" }

    private static func ascii(label: ArraySlice<Unicode.Scalar>) -> [UInt8]? {
        if label.allSatisfy(\.isASCII) { return label.map { UInt8(truncatingIfNeeded: $0.value) } }
        var mapped: [Unicode.Scalar] = []
        for scalar in label {
            let lower = Array(scalar.properties.lowercaseMapping.unicodeScalars)
            guard let only = lower.first, lower.count == 1, scalar.isASCII || !only.isASCII, isAllowed(only) else { return nil }
            mapped.append(only)
        }
        // A leading mark belongs to no letter (RFC 5891 §4.2.3.2); `--` in the third place is for A-labels.
        guard let first = mapped.first, !isMark(first), !(mapped.count > 3 && mapped[2] == "-" && mapped[3] == "-"),
            let code = Punycode.encode(mapped)
        else { return nil }
        let ascii = Array("xn--".utf8) + code
        return ascii.count <= 63 ? ascii : nil
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return ASCII.isLetterOrDigit(UInt8(truncatingIfNeeded: scalar.value)) || scalar == "-" }
        switch scalar.value {
        // Hangul jamo, super- and subscripts and letter-like symbols, the compatibility blocks, mathematical letters.
        case 0x1100...0x11FF, 0x1D2C...0x1D7F, 0x2070...0x218F, 0x3131...0x318E, 0xA960...0xA97F, 0xD7B0...0xD7FF, 0xF900...0xFFFF,
            0x1D400...0x1D7FF, 0x2F800...0x2FA1F:
            return false
        default: break
        }
        guard scalar.properties.canonicalCombiningClass == .notReordered else { return false }
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .otherLetter, .modifierLetter, .decimalNumber, .nonspacingMark, .spacingMark: return true
        default: return false
        }
    }
}

/// Punycode (RFC 3492), the way out only.
enum Punycode {
    /// - Returns: `nil` for a label that is too long to be one.
    static func encode(_ label: [Unicode.Scalar]) -> [UInt8]? {
        guard label.count <= 63 else { return nil }
        var output = label.filter(\.isASCII).map { UInt8(truncatingIfNeeded: $0.value) }
        let basic = output.count
        if basic > 0 { output.append(ASCII.hyphen) }
        var n: UInt32 = 128
        var delta: UInt32 = 0  // at most 63 scalars of 21 bits: 64 * 0x110000 fits
        var bias: UInt32 = 72
        var handled = basic
        while handled < label.count {
            guard let next = label.lazy.map(\.value).filter({ $0 >= n }).min() else { return nil }
            delta += (next - n) * UInt32(handled + 1)
            n = next
            for scalar in label {
                if scalar.value < n { delta += 1 }
                guard scalar.value == n else { continue }
                appendVariableLength(delta, bias: bias, to: &output)
                bias = adapted(delta, points: UInt32(handled + 1), isFirst: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            n += 1
        }
        return output
    }

    private static func appendVariableLength(_ value: UInt32, bias: UInt32, to output: inout [UInt8]) {
        var rest = value
        var k: UInt32 = 36
        while true {
            let threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias
            if rest < threshold { break }
            output.append(digit(threshold + (rest - threshold) % (36 - threshold)))
            rest = (rest - threshold) / (36 - threshold)
            k += 36
        }
        output.append(digit(rest))
    }

    private static func digit(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value < 26 ? value + 97 : value + 22) }

    private static func adapted(_ delta: UInt32, points: UInt32, isFirst: Bool) -> UInt32 {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / points
        var k: UInt32 = 0
        while delta > 455 {
            delta /= 35
            k += 36
        }
        return k + 36 * delta / (delta + 38)
    }
}
