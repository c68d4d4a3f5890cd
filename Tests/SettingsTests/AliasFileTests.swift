import MailModel
import Settings
import Testing

@Suite struct AliasFileTests {
    private func parse(_ text: String, includes: [String: String] = [:]) -> (file: AliasFile, problems: [Problem]) {
        AliasFile.parse(Array(text.utf8), file: "aliases") { path in
            includes[path].map { .success(Array($0.utf8)) } ?? .failure(.init(text: "it is not there; make it"))
        }
    }

    @Test func linesGoOn() {
        let (file, problems) = parse(
            "# c\r\nsupport@mail.example.com: anna@corp.example,\r\n# between\n\tben@corp.example\n\n"
                + "@Mail.Example.com : \"x, y\"@corp.example, z@corp.example,")
        #expect(problems == [])
        #expect(file.entries.map(\.name.description) == ["support@mail.example.com", "@mail.example.com"])
        #expect(
            file.entries.map { $0.targets.map(\.description) } == [
                ["anna@corp.example", "ben@corp.example"], ["\"x, y\"@corp.example", "z@corp.example"],
            ])
        #expect(file.lines == [2, 6])
    }

    @Test func includes() {
        let (file, problems) = parse(
            "a@m.example: x@c.example, :include:/lists/team , y@c.example",
            includes: ["/lists/team": "# team\r\n one@c.example\n\ntwo@c.example"])
        #expect(problems == [])
        #expect(file.entries[0].targets.map(\.description) == ["x@c.example", "one@c.example", "two@c.example", "y@c.example"])
    }

    @Test(
        arguments: [
            (" x@c.example", ["1: begins with a blank"]),
            ("a@m.example x@c.example", ["1: has no colon"]),
            (": x@c.example", ["1: '' is not an address: it is empty"]),
            ("a: x@c.example", ["1: 'a' is not an address: it has no @"]),
            ("a@m: x@c.example", ["1: 'a@m' is not an address: the domain has only one label"]),
            ("@: x@c.example", ["1: '@' is no catch-all: it is empty"]),
            ("@a b.example: x@c.example", ["1: '@a b.example' is no catch-all: character 2"]),
            ("a@m.example:", ["1: gives a@m.example no target"]),
            ("a@m.example: , ,x", ["1: 'x' is not an address"]),
            ("a@m.example: :include:", ["1: names no file"]),
            ("a@m.example: :include:/gone", ["1: cannot include /gone: it is not there"]),
            ("a@m.example: :include:/empty", ["1: includes /empty, which has no address"]),
            ("a@m.example: :include:/bad", ["2: 'x' is not an address"]),
            ("a@m.example: x@c.example\nA@M.example: y@c.example", ["2: gives A@m.example again, first on line 1"]),
            ("@m.example: x@c.example\n@M.example: y@c.example", ["2: gives @m.example again, first on line 1"]),
            ("\"a:b\"@m.example: x@c.example", ["1: \"a:b\"@m.example: Amazon SES takes no"]),
            ("a@m.example: \"x@y\"@c.example", ["1: \"x@y\"@c.example: Amazon SES takes no"]),
            ("a@m.example: |/bin/sh", ["1: '|/bin/sh' is not an address"]),
            ("a\n b@m.example\nc@m.example: x@c.example\nd", ["1: has no colon", "2: begins with a blank", "4: has no colon"]),
        ] as [(String, [String])])
    func problems(_ text: String, _ expected: [String]) {
        let found = parse(text, includes: ["/empty": "# nobody\n", "/bad": "# one\nx\n"]).problems
        #expect(found.count == expected.count, "\(found)")
        for (problem, words) in zip(found, expected) {
            #expect("\(problem.line ?? 0): \(problem.message)".hasPrefix(words), "\(problem)")
            #expect(problem.file == (words.hasPrefix("2: 'x'") ? "/bad" : "aliases"))
        }
    }
}
