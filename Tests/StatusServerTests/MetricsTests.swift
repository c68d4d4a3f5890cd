import Testing

@testable import StatusServer

@Suite struct MetricsTests {
    @Test func labelsAreEscaped() {
        var text = MetricsText()
        text.add("a", .gauge, "Help.", [.init(1, ("account", "x\"\\\ny")), .init(2.5, ("account", "z"))])
        #expect(text.text == "# HELP a Help.\n# TYPE a gauge\na{account=\"x\\\"\\\\\\ny\"} 1\na{account=\"z\"} 2.5\n")
    }

    @Test func whatIsNotKnownIsLeftOut() {
        var text = MetricsText()
        text.add("a", .gauge, "Help.", nil as Int?)
        text.add("b", .counter, "Help.", [])
        #expect(text.text.isEmpty)
    }

    @Test func histogramsAddUp() {
        var delays = DelayHistogram()
        for delay in [0.01, 0.05, 0.06, 700, 1e9] { delays.add(delay) }
        var text = MetricsText()
        text.add("d", "Help.", delays)
        let lines = text.text.split(separator: "\n")
        #expect(lines.contains("d_bucket{le=\"0.05\"} 2"))
        #expect(lines.contains("d_bucket{le=\"0.1\"} 3"))
        #expect(lines.contains("d_bucket{le=\"1800\"} 4"))
        #expect(lines.contains("d_bucket{le=\"43200\"} 4"))
        #expect(lines.contains("d_bucket{le=\"+Inf\"} 5"))
        #expect(lines.contains("d_count 5"))
    }
}
