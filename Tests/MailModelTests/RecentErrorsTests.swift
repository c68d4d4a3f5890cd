import MailModel
import Testing

@Suite struct RecentErrorsTests {
    private func errors(_ texts: [String], from start: Int64 = 0) -> RecentErrors {
        var errors = RecentErrors()
        for (second, text) in texts.enumerated() { errors.note(text, at: Timestamp(seconds: start + Int64(second))) }
        return errors
    }

    @Test(
        arguments: [
            ([], []),
            (["a"], ["a 1"]),
            (["a", "a", "a"], ["a 3"]),
            (["a", "b", "a"], ["a 2", "b 1"]),
            (["a", "b", "c", "d", "e", "f"], ["f 1", "e 1", "d 1", "c 1", "b 1"]),
            (["a", "b", "c", "d", "e", "a", "f"], ["f 1", "a 2", "e 1", "d 1", "c 1"]),
        ] as [([String], [String])])
    func newestFirstAndCounted(texts: [String], wanted: [String]) {
        #expect(errors(texts).entries.map { "\($0.text) \($0.count)" } == wanted)
    }

    @Test func mergedByTime() {
        let merged = errors(["a", "b", "c"]).merged(with: errors(["x", "y", "z"], from: 1))
        #expect(merged.count == 5 && merged.first?.text == "z")
        #expect(merged.map(\.at) == merged.map(\.at).sorted(by: >))
    }
}
