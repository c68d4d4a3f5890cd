import Glibc
import SafeIO
import Testing
@testable import Settings

/// Whatever the text, the answer is a configuration or problems: no trap, no hang.
@Suite struct HostileTextTests {
    private func outcome(_ octets: [UInt8]) -> String {
        do {
            _ = try Configuration.parse(octets, file: "f")
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test func cutAnywhere() throws {
        let octets = try WholeFile.read(TestFolder.sources + "/../../config/fairlead.yaml")
        for end in stride(from: 0, to: octets.count, by: 7) { #expect(!outcome(Array(octets[..<end])).isEmpty) }
        let json = Array(
            #"{"operator":"ops@example.com","tls":{"certificate":"a","private_key":"b\u0000"},"identities":[{"domain":"a.b"}]}"#.utf8)
        for end in json.indices { #expect(outcome(Array(json[..<end])) != "accepted") }
    }

    @Test func oneOctetChanged() throws {
        let octets = Array(ConfigurationTests.required.utf8)
        for index in octets.indices {
            for octet in [0, 9, 10, 13, 34, 35, 38, 39, 42, 45, 58, 63, 91, 92, 123, 124, 125, 0x85, 0xC2, 0xFF] as [UInt8] {
                var changed = octets
                changed[index] = octet
                #expect(!outcome(changed).isEmpty)
            }
        }
    }

    @Test(arguments: [
        "[" + String(repeating: "[", count: 900), String(repeating: "{a: ", count: 900), String(repeating: "- ", count: 2000),
        String(repeating: "? ", count: 2000), (0..<600).map { String(repeating: " ", count: $0) + "a:\r" }.joined(),
        // Brackets behind what looks like a comment: libYAML's own limit.
        "a: [\"\n #\", " + String(repeating: "[", count: 990) + String(repeating: "]", count: 990) + "]",
        "a: [\"\n #\", " + String(repeating: "[", count: 100_000),
        "? &a [x,x,x]\n: 1\n? &b [*a,*a,*a]\n: 2\n? &c [*b,*b,*b]\n: 3\n? &d [*c,*c,*c]\n: 4\n? *d\n: 5\n",
        "&a a: *a\n", "*a", "a: &a [*a]", "<<: { operator: a@b.example }", "!!binary a: !!int b", "%YAML 9.9\n---\na: b",
        "a: 1\na: 2\na: 3\n\"a\": 4\n'a': 5\n", "\"\": 1\n\"\": 2\n", "\"\\x61\": 1\na: 2\n", "? [a]\n: 1\n? [a]\n: 2\n", "[a]: 1", "- a",
        "just text", "\u{FEFF}a: 1\na: 2\n",
        String(repeating: "k: v\n", count: 200), (0..<20_000).map { "k\($0): v\n" }.joined(),
        "accounts: {" + (0..<20_000).map { "a\($0): {}," }.joined() + "}", String(repeating: "\u{1F600}", count: 1000) + ": x",
    ])
    func strangeTexts(_ text: String) {
        let outcome = outcome(Array(text.utf8))
        #expect(outcome != "accepted")
        #expect(outcome.utf8.allSatisfy { $0 >= 32 || $0 == 10 })
    }

    @Test func tooLarge() {
        #expect(outcome([UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20 | 1)) == "f: is larger than 1 MiB; is this the right file?")
    }
}
