import Testing

@testable import StatusServer

@Suite struct TimelineTests {
    private static func timeline(seconds: Int, rate: Int = 2, from begin: Int = 1_800_000_000) -> Timeline {
        var timeline = Timeline()
        for time in stride(from: 0, through: seconds, by: Timeline.step) {
            timeline.add(Sample(time: begin + time, accepted: time * rate, relayed: time * rate, failed: 0, queued: time))
        }
        return timeline
    }

    @Test(arguments: [(Timeline.Span.tenMinutes, 121), (.hour, 121), (.day, 145)])
    func aFullPlotHasAsManyPoints(_ span: Timeline.Span, count: Int) throws {
        let timeline = Self.timeline(seconds: 2 * 86_400)
        let now = try #require(timeline.last).time
        let samples = timeline.samples(span, now: now)
        #expect(abs(samples.count - count) <= 1)
        #expect(samples == samples.sorted { $0.time < $1.time })
        #expect(now - (samples.last?.time ?? 0) < max(span.step, 300))
    }

    @Test func itNeverGrows() {
        #expect(MemoryLayout<Timeline>.size < 100)
        #expect(Self.timeline(seconds: 3 * 86_400).samples(.hour, now: 1_800_000_000 + 3 * 86_400).count <= 122)
    }

    @Test func aClockThatWasSetBackBeginsAnew() {
        var timeline = Self.timeline(seconds: 100)
        timeline.add(Sample(time: 1_700_000_000, accepted: 0, relayed: 0, failed: 0, queued: 0))
        #expect(timeline.samples(.day, now: 1_800_000_100).isEmpty)
        #expect(timeline.last?.time == 1_700_000_000)
    }

    @Test func rateIsWhatCameInBetween() throws {
        let timeline = Self.timeline(seconds: 600, rate: 14)
        let plot = Plot.throughput(timeline.samples(.tenMinutes, now: 1_800_000_600), .tenMinutes, now: 1_800_000_600)
        let relayed = try #require(plot.series.first { $0.name == "relayed" })
        #expect(!relayed.points.isEmpty && relayed.points.allSatisfy { $0.value == 14 })
        #expect(plot.html.contains("relayed now 14/s, at most 14/s"))
    }

    @Test(
        arguments: [(0, 1), (1, 1), (1.1, 2), (3, 5), (6, 10), (14, 20), (99, 100), (1_000_001, 2_000_000), (1e300, 1e15)]
            as [(Double, Double)])
    func ceiling(_ value: Double, ceiling: Double) { #expect(Plot.ceiling(value) == ceiling) }

    @Test func aPlotOfNothingIsStillOne() {
        let html = Plot.queue([], .day, now: 0).html
        #expect(html.contains("<svg") && !html.contains("nan"))
    }
}
