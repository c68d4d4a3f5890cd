/// The last hour in steps of five seconds, and the last day in steps of five minutes; its size never changes.
struct Timeline: Sendable {
    static let step = 5
    private var fine = Ring(capacity: 3600 / step + 1)
    private var coarse = Ring(capacity: 86_400 / 300 + 1)
    private static let coarseStep = 300

    var last: Sample? { fine.last }

    mutating func add(_ sample: Sample) {
        // A clock that was set back would draw time backwards.
        if let last = fine.last, sample.time < last.time { self = Timeline() }
        fine.add(sample)
        if sample.time - (coarse.last?.time ?? .min / 2) >= Self.coarseStep { coarse.add(sample) }
    }

    /// How far back a plot looks.
    enum Span: String, CaseIterable, Sendable {
        case tenMinutes = "10min"
        case hour = "1h"
        case day = "24h"

        var seconds: Int {
            switch self {
            case .tenMinutes: 600
            case .hour: 3600
            case .day: 86_400
            }
        }

        /// Of one point.
        var step: Int {
            switch self {
            case .tenMinutes: 5
            case .hour: 30
            case .day: 600
            }
        }

        var name: String {
            switch self {
            case .tenMinutes: "10 minutes"
            case .hour: "hour"
            case .day: "24 hours"
            }
        }
    }

    /// The samples that a plot over `span` up to `now` is drawn from, in order of time: for each point the last of its step, and before
    /// them one for the first difference.
    func samples(_ span: Span, now: Int) -> [Sample] {
        let source = span == .day ? coarse : fine
        let begin = now - span.seconds - span.step
        var chosen: [Sample] = []
        for sample in source.inOrder where sample.time >= begin {
            if let last = chosen.last, last.time / span.step == sample.time / span.step { chosen.removeLast() }
            chosen.append(sample)
        }
        return chosen
    }
}

/// The last so many samples.
private struct Ring: Sendable {
    private let capacity: Int
    private var samples: [Sample] = []
    private var oldest = 0

    init(capacity: Int) { self.capacity = capacity }

    var last: Sample? {
        guard let newest = samples.last else { return nil }
        return oldest == 0 ? newest : samples[oldest - 1]
    }

    var inOrder: [Sample] { Array(samples[oldest...] + samples[..<oldest]) }

    mutating func add(_ sample: Sample) {
        if samples.count < capacity {
            samples.append(sample)
        } else {
            samples[oldest] = sample
            oldest = (oldest + 1) % capacity
        }
    }
}
