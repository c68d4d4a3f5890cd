import Foundation
import Testing

/// The test set of Dominic Sayers' is_email, where it lies: `FAIRLEAD_ISEMAIL` names its `tests.xml`.
///
/// Its category says whether a command, or a field, should take an address. Where we say otherwise, `deviations` says why; and each of them
/// must really be one. So the verdict on every case is fixed.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["FAIRLEAD_ISEMAIL"] != nil)) struct IsemailTests {
    struct Deviation {
        let accepted: Bool
        let tests: Set<Int>
        let reason: String
    }

    private static let literals: Set<Int> = [61, 68, 72, 75, 77, 79, 81]
    private static let needlessBackslash = Deviation(
        accepted: true, tests: [60], reason: "65 octets with a backslash that says nothing; sent on without it, 64")

    /// `MAIL FROM`.
    static let sender = [
        needlessBackslash,
        Deviation(accepted: true, tests: [71], reason: "RFC 5321 lets '::' stand for one group; a later taste does not make it wrong"),
    ]
    /// `RCPT TO`.
    static let recipient = [
        needlessBackslash,
        Deviation(accepted: false, tests: [5, 166], reason: "a name of one label means something else on every host (RFC 6409 §4.2)"),
        Deviation(accepted: false, tests: literals, reason: "Amazon SES delivers to no address literal"),
    ]
    /// `To`, `Cc`, `Reply-To`, `From`.
    static let field = [
        Deviation(accepted: true, tests: [15, 16], reason: "such addresses exist, and SES takes them; they leave in quotes"),
        Deviation(
            accepted: false,
            tests: literals.union([63, 64, 65, 66, 67, 69, 70, 71, 73, 74, 76, 78, 80, 82, 83, 84, 95, 112, 115, 116, 117, 120, 121, 159]),
            reason: "Amazon SES takes no domain literal"),
        Deviation(accepted: false, tests: [26, 28, 41, 59], reason: "longer than SMTP or DNS can carry: nobody could answer"),
        Deviation(accepted: false, tests: [58, 124, 125, 134, 138, 139], reason: "no control character enters an address (A10, A11)"),
        Deviation(accepted: false, tests: [161], reason: "'/' is in no host name"),
    ]

    @Test func everyVerdictIsTheirsOrHasItsReason() throws {
        let path = ProcessInfo.processInfo.environment["FAIRLEAD_ISEMAIL"] ?? ""
        let cases = try IsemailCase.read(String(contentsOfFile: path, encoding: .utf8))
        #expect(cases.count >= 160)
        for one in cases {
            let verdicts = Verdicts(one.address)
            let isPath = ["VALID_CATEGORY", "DNSWARN", "RFC5321"].contains(one.category)
            check(one, "MAIL", verdicts.sender, isPath, Self.sender)
            check(one, "RCPT", verdicts.recipient, isPath, Self.recipient)
            check(one, "field", verdicts.field, one.category != "ERR", Self.field)
        }
    }

    private func check(_ one: IsemailCase, _ door: String, _ verdict: String, _ expected: Bool, _ deviations: [Deviation]) {
        let deviation = deviations.first { $0.tests.contains(one.id) }
        #expect(verdict.contains("@") == deviation?.accepted ?? expected, "\(door) \(one): \(verdict)")
        if let deviation { #expect(deviation.accepted != expected, "\(door) \(one) is no deviation") }
    }
}

struct IsemailCase: CustomStringConvertible {
    let id: Int
    let address: String
    /// Without `ISEMAIL_`.
    let category: String

    var description: String { "#\(id) \(category) \(address.debugDescription)" }

    /// The elements `test` of the file; it has no others of the kind, and no attributes but `id`.
    static func read(_ xml: String) -> [IsemailCase] {
        xml.components(separatedBy: "<test id=\"").dropFirst().compactMap { text in
            guard let id = Int(text.prefix { $0 != "\"" }), let category = element("category", in: text) else { return nil }
            return IsemailCase(
                id: id, address: unescaped(element("address", in: text) ?? ""),
                category: category.replacingOccurrences(of: "ISEMAIL_", with: ""))
        }
    }

    private static func element(_ name: String, in text: String) -> String? {
        guard let start = text.range(of: "<\(name)>"), let end = text.range(of: "</\(name)>") else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }

    /// XML's entities; and the symbols from U+2400 on stand for control characters.
    private static func unescaped(_ text: String) -> String {
        let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
        var pieces = text.components(separatedBy: "&")
        for index in pieces.indices.dropFirst() {
            let parts = pieces[index].split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let scalar = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init) : nil
            pieces[index] = (named[name] ?? scalar.map { String(Character($0)) } ?? "") + (parts.count > 1 ? parts[1] : "")
        }
        let scalars = pieces.joined().unicodeScalars.map { scalar in
            (0x2400...0x2420).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value - 0x2400)) : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
