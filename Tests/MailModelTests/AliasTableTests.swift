import MailModel
import Testing

@Suite struct AliasTableTests {
    private static func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: Array(text.utf8)) }

    /// `name: target target` on each line.
    private static func make(_ text: String, mailboxes: [String] = []) throws -> (
        table: AliasTable, faults: [(entry: Int, fault: AliasTable.Fault)]
    ) {
        let entries = try text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let name = words[0].dropLast()
            return AliasTable.Entry(
                name: name.hasPrefix("@") ? .catchAll(try Domain(Array(name.dropFirst().utf8))) : .address(try mailbox(String(name))),
                targets: try words.dropFirst().map { try mailbox(String($0)) })
        }
        return AliasTable.make(entries, mailboxes: try mailboxes.map { try AddressPattern(parsing: Array($0.utf8)) })
    }

    @Test(
        arguments: [
            ("support@m.example", "support@m.example", "anna@c.example ben@c.example"),
            ("SUPPORT@M.example", "support@m.example", "anna@c.example ben@c.example"),
            ("support+a+b@m.example", "support@m.example", "anna@c.example ben@c.example"),
            ("tag+red@m.example", "tag+red@m.example", "red@c.example"),
            ("tag+blue@m.example", "tag@m.example", "calm@c.example"),
            ("team@m.example", "team@m.example", "anna@c.example ben@c.example carl+x@c.example"),
            ("other@m.example", "other@m.example", "rest@c.example"),
            ("other+label@m.example", "other@m.example", "rest@c.example"),
            ("hanna@m.example", nil, ""),
            ("hanna+label@m.example", nil, ""),
            ("x@sub.m.example", nil, ""),
            ("anna@c.example", nil, ""),
        ] as [(String, String?, String)])
    func looksUp(_ address: String, _ alias: String?, _ targets: String) throws {
        let (table, faults) = try Self.make(
            """
            support@m.example: anna@c.example ben@c.example
            team@m.example: Support+team@m.example ben@c.example carl+x@c.example
            tag+red@m.example: red@c.example
            tag@m.example: calm@c.example
            @m.example: rest@c.example
            """, mailboxes: ["hanna@m.example"])
        #expect(faults.isEmpty)
        let found = table.alias(for: try Self.mailbox(address))
        #expect(found?.address.description == alias)
        #expect(found?.targets.map(\.description).joined(separator: " ") ?? "" == targets)
    }

    @Test(
        arguments: [
            ("a@m.example: a@m.example", [], [0: "a@m.example>a@m.example"]),
            (
                "a@m.example: b@m.example\nb@m.example: c@m.example\nc@m.example: b+l@m.example", [],
                [1: "b@m.example>c@m.example>b@m.example"]
            ),
            ("@m.example: x@m.example", [], [0: "@m.example>@m.example"]),
            ("@m.example: x@m.example", ["x@m.example"], [:]),
            ("@m.example: a@m.example\na@m.example: z@c.example", [], [:]),
            ("a@m.example: b@m.example c@m.example\nb@m.example: d@m.example\nc@m.example: d@m.example\nd@m.example: z@c.example", [], [:]),
        ] as [(String, [String], [Int: String])])
    func loops(_ text: String, _ mailboxes: [String], _ expected: [Int: String]) throws {
        let faults = try Self.make(text, mailboxes: mailboxes).faults
        var found: [Int: String] = [:]
        for (entry, fault) in faults {
            if case .loop(let names) = fault { found[entry] = names.map(\.description).joined(separator: ">") }
        }
        #expect(faults.count == expected.count)
        #expect(found == expected)
    }

    @Test(arguments: [(AliasTable.mostNested, 0), (AliasTable.mostNested + 1, 1)])
    func nesting(_ count: Int, _ faults: Int) throws {
        let lines = (0..<count).map { "n\($0)@m.example: n\($0 + 1)@m.example" } + ["n\(count)@m.example: z@c.example"]
        #expect(try Self.make(lines.joined(separator: "\n")).faults.count == faults)
    }

    @Test(arguments: [(AliasTable.mostTargets, 0), (AliasTable.mostTargets + 1, 1)])
    func targets(_ count: Int, _ faults: Int) throws {
        let half = (0..<count / 2).map { "u\($0)@c.example" }.joined(separator: " ")
        let rest = (count / 2..<count).map { "u\($0)@c.example" }.joined(separator: " ")
        let made = try Self.make("a@m.example: b@m.example c@m.example b@m.example\nb@m.example: \(half)\nc@m.example: \(rest)")
        #expect(made.faults.map(\.entry) == Array(repeating: 0, count: faults))
        #expect(made.faults.allSatisfy { $0.fault == .tooManyTargets })
    }

    /// Hundreds of aliases that all lead through one another.
    @Test func endlessExpansionIsCut() throws {
        let width = 100
        var lines: [String] = []
        for level in 0..<9 {
            let next = (0..<width).map { "l\(level + 1)x\($0)@m.example" }.joined(separator: " ")
            for index in 0..<width { lines.append("l\(level)x\(index)@m.example: \(next)") }
        }
        let faults = try Self.make(lines.joined(separator: "\n")).faults
        #expect(faults.count == 1)
        #expect(faults.first?.fault == .tooManyInAll)
    }
}
