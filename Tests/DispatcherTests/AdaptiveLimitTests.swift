import Dispatcher
import Testing

/// Against an upstream that counts in sliding seconds and refuses what is above its own limit.
@Suite struct AdaptiveLimitTests {
    /// What a simulated hour of sending as fast as allowed came to.
    private struct Run {
        var accepted = 0
        var refusals: [Int] = []
        var acceptedBySecond: [Int: Int] = [:]

        func rate(_ seconds: Range<Int>) -> Double {
            Double(seconds.reduce(0) { $0 + (acceptedBySecond[$1] ?? 0) }) / Double(seconds.count)
        }
    }

    /// - Parameter limit: what the upstream takes, by the second.
    private func run(configured: Int?, seconds: Int, limit real: (Int) -> Int) -> Run {
        var run = Run()
        var limit = AdaptiveLimit(configured: configured)
        let start = ContinuousClock.now
        var taken: [Int] = []
        var pausedUntil = 0
        for millisecond in stride(from: 0, to: seconds * 1000, by: 5) {
            let now = start + .milliseconds(millisecond)
            taken.removeAll { $0 <= millisecond - 1000 }
            // At most one each 5 ms; the window keeps those of the last second below the limit in force.
            guard millisecond >= pausedUntil, taken.count < limit.current ?? .max else { continue }
            if taken.count < real(millisecond / 1000) {
                taken.append(millisecond)
                run.accepted += 1
                run.acceptedBySecond[millisecond / 1000, default: 0] += 1
                _ = limit.pass(at: now)
            } else {
                run.refusals.append(millisecond / 1000)
                limit.refused(taken: taken.count, at: now)
                pausedUntil = millisecond + 1000
            }
        }
        return run
    }

    @Test func aRightLimitIsUsedWhole() {
        let run = run(configured: 14, seconds: 600) { _ in 14 }
        #expect(run.refusals.isEmpty)
        #expect(run.rate(1..<600) >= 13.72)
    }

    @Test(arguments: [50, 200, nil]) func aLimitSetTooHighIsLearned(configured: Int?) {
        let run = run(configured: configured, seconds: 3600) { _ in 14 }
        #expect(run.refusals.filter { $0 < 60 }.count <= 3)
        #expect(run.rate(10..<60) >= 13.3)
        #expect(run.rate(60..<3600) >= 13.7, "\(run.rate(60..<3600))")
        #expect(run.refusals.count <= 20, "\(run.refusals)")
    }

    /// The upstream takes less for ten minutes, and then all of it again.
    @Test func theWayBackIsFound() {
        let run = run(configured: 100, seconds: 3600) { (600..<1200).contains($0) ? 20 : 100 }
        #expect(run.rate(620..<1200) >= 19)
        #expect(run.rate(2400..<3600) >= 98, "\(run.rate(2400..<3600))")
    }

    @Test func refusalsThatComeTogetherAreOne() {
        var limit = AdaptiveLimit(configured: 50)
        let now = ContinuousClock.now
        for _ in 0..<30 { limit.refused(taken: 14, at: now) }
        #expect(limit.current == 13)
    }
}
