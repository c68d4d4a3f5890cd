import Glibc
import MailModel
import MessageFormat
import Testing

/// H05, H11: four times as much input takes about four times as long, whatever the input is. A second reading of all that lies behind each
/// octet would make it sixteen.
@Suite struct GrowthTests {
    private static let shapes: [(name: String, make: @Sendable (Int) -> String)] = [
        ("commas", { String(repeating: ",", count: $0) }),
        ("open comments", { String(repeating: "(", count: $0) }),
        ("nested comments", { String(repeating: "(", count: $0 / 2) + String(repeating: ")", count: $0 / 2) + " a@b.c" }),
        ("comments before the dot", { "a@b" + String(repeating: "(x)", count: $0 / 3) + ".c" }),
        ("comments around dots", { String(repeating: "a(x).", count: min($0 / 5, 30)) + "a@b" + String(repeating: "(x).c", count: 100) }),
        (
            "comments inside an angle",
            { "<" + String(repeating: "(x)", count: $0 / 6) + "a@b.c" + String(repeating: "(x)", count: $0 / 6) + ">" }
        ),
        ("a nested quoted string", { "\"" + String(repeating: "\\\"(", count: $0 / 3) + "\" <a@b.c>" }),
        ("an open quoted string", { "\"" + String(repeating: "\\\"", count: $0 / 2) }),
        ("many quoted strings", { String(repeating: "\"a\" ", count: $0 / 4) + "<a@b.c>" }),
        ("dotted quoted strings", { String(repeating: "\"a\".", count: $0 / 4) + "a@b.c" }),
        ("routes", { "<" + String(repeating: "@a.b,", count: $0 / 5) + ":a@b.c>" }),
        ("angles", { String(repeating: "<", count: $0) }),
        ("empty groups", { String(repeating: "a:;", count: min($0 / 3, 10_000)) }),
        ("nameless groups", { String(repeating: ":a@b.c;", count: min($0 / 7, 10_000)) }),
        ("addresses", { String(repeating: "a@b.c,", count: min($0 / 6, 10_000)) }),
        ("obsolete addresses", { String(repeating: "J. D. <a(x)@b.c>,", count: $0 / 17) }),
        ("encoded-words", { String(repeating: "=?utf-8?q?=C3=B6?= ", count: $0 / 19) + "<a@b.c>" }),
        ("words in a charset we lack", { String(repeating: "=?koi8-r?q?=F0.?= x ", count: $0 / 20) + "<a@b.c>" }),
        ("half an encoded-word", { String(repeating: "=?utf-8?q?", count: $0 / 10) + " <a@b.c>" }),
        ("encoded-words with specials", { String(repeating: "=?utf-8?q?,(?= ", count: $0 / 15) + "<a@b.c>" }),
        ("open encoded-words with specials", { String(repeating: "=?u?q?.", count: $0 / 7) + "<a@b.c>" }),
        ("one open encoded-word", { "=?utf-8?q?" + String(repeating: ".=?", count: $0 / 3) + " <a@b.c>" }),
        ("a name of letters", { String(repeating: "x", count: $0) + " <a@b.c>" }),
        ("dots", { String(repeating: ".", count: $0) + " <a@b.c>" }),
        ("folds", { "a" + String(repeating: "\r\n ", count: $0 / 3) + "@b.c" }),
        ("backslashes", { "(" + String(repeating: "\\", count: $0) }),
        ("signs", { String(repeating: "a@b.c;<(\"", count: $0 / 9) }),
    ]

    @Test(arguments: shapes.map(\.name)) func ofAnAddressField(name: String) throws {
        let shape = try #require(Self.shapes.first { $0.name == name })
        expectLinear(name, upTo: 100_000, shape.make) { value in
            guard let list = try? AddressList(parsing: value[...]) else { return }
            for named in list.mailboxes { _ = named.displayName.mayContainAt }
            _ = try? HeaderField(.to, list)
        }
    }

    @Test(arguments: shapes.map(\.name)) func ofItsRepair(name: String) throws {
        let shape = try #require(Self.shapes.first { $0.name == name })
        expectLinear(name, upTo: 100_000, { "To: \u{F6} " + shape.make($0) + "\r\n" }) { field in
            var limits = HeaderLimits()
            limits.lineOctets = limits.octets
            guard var header = try? HeaderBlock(parsing: field, limits: limits) else { return }
            _ = try? header.makeSevenBit(declaredCharset: nil)
        }
    }

    @Test(arguments: [
        ("Date: ", "(x)"), ("Date: ", "((("), ("Date: ", "1 "), ("Subject: ", "=?utf-8?q?a?= "), ("Subject: ", "\u{F6} "),
        ("Subject: ", "=?"), ("Content-Type: a/b; ", "x=\"\u{F6}\";"),
        ("Content-Type: a/b", ";\"\\"), ("References: ", "<a@b> \u{F6} "), ("X: ", "\u{F6}"), ("X", "\r\n "), ("A: ", "b\r\nA: "),
        ("From", " "),
    ])
    func ofAHeader(start: String, repeated: String) {
        expectLinear(start + repeated, upTo: 96_000, { start + String(repeating: repeated, count: $0 / repeated.utf8.count) + "\r\n" }) {
            octets in
            var limits = HeaderLimits()
            limits.lineOctets = limits.octets
            limits.fields = limits.octets
            guard var header = try? HeaderBlock(parsing: octets, limits: limits) else { return }
            for field in header.fields.prefix(1) {
                _ = MessageDate.style(of: field.value)
                _ = HeaderText(decoding: field.value).utf8
            }
            _ = try? header.makeSevenBit(declaredCharset: nil)
        }
    }

    private func processorTime(of work: () -> Void) -> Duration {
        func now() -> Duration {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        let start = now()
        work()
        return now() - start
    }

    /// Other work on the machine lengthens a run and shortens none: the best of several counts, in time of the processor.
    private func expectLinear(_ name: String, upTo most: Int, _ make: (Int) -> String, _ work: ([UInt8]) -> Void) {
        let small = octets(make(most / 4))
        let large = octets(make(most))
        var best = (small: Duration.seconds(60), large: Duration.seconds(60))
        for _ in 0..<12 {
            best.small = min(best.small, processorTime { work(small) })
            best.large = min(best.large, processorTime { work(large) })
            if best.large < best.small * 8 + .milliseconds(2) { return }
        }
        Issue.record("\(name): \(best.small) for a quarter, \(best.large) for all")
    }
}
