internal import MailModel

/// A drawing of values over time, as SVG that stretches with the page; its labels are text beside it, so that they stay readable on a
/// small screen.
struct Plot {
    struct Series {
        let name: String
        /// Of its colour.
        let style: String
        /// Seconds since 1970, and the value, in order of time.
        var points: [(time: Int, value: Double)]
    }

    let id: String
    let title: String
    /// Behind a value: `/s`.
    let unit: String
    let series: [Series]
    let end: Int
    let span: Timeline.Span

    private var begin: Int { end - span.seconds }

    var html: String {
        let top = Self.ceiling(series.flatMap(\.points).map(\.value).max() ?? 0)
        let lines = series.map { "<path class=\"\($0.style)\" d=\"\(path($0, top))\"/>" }.joined()
        let area = series.first.map { "<path class=\"area \($0.style)\" d=\"\(shape($0, top))\"/>" } ?? ""
        return """
            <figure class="plot" id="\(id)" data-plot='\(data)'>
            <figcaption><h3>\(title)</h3><ul class="legend">\(legend)</ul></figcaption>
            <div class="sheet">
            <div class="rows" aria-hidden="true"><span>\(HTMLText.decimal(top))</span><span>\(HTMLText.decimal(top / 2))</span><span>0</span></div>
            <div class="canvas"><svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="\(summary)">\
            <path class="grid" d="M0 0H1000M0 50H1000M0 100H1000"/>\(area)\(lines)</svg></div>
            <div class="columns" aria-hidden="true">\(columns)</div>
            </div>
            </figure>
            """
    }

    // MARK: Lines

    private func path(_ series: Series, _ top: Double) -> String {
        var path = ""
        var last: Int?
        for point in series.points {
            // The line is broken where nothing was seen.
            let isNext = last.map { point.time - $0 <= 3 * max(span.step, Timeline.step) } ?? false
            path += "\(isNext ? "L" : "M")\(x(point.time)) \(y(point.value, top))"
            last = point.time
        }
        return path
    }

    private func shape(_ series: Series, _ top: Double) -> String {
        guard let first = series.points.first, let last = series.points.last else { return "" }
        let line = series.points.map { "L\(x($0.time)) \(y($0.value, top))" }.joined()
        return "M\(x(first.time)) 100\(line)L\(x(last.time)) 100Z"
    }

    private func x(_ time: Int) -> Int { min(max(0, (time - begin) * 1000 / span.seconds), 1000) }

    private func y(_ value: Double, _ top: Double) -> String {
        HTMLText.decimal(100 - min(max(0, value / top), 1) * 100)
    }

    /// The next of 1, 2, 5, 10, 20, …
    static func ceiling(_ value: Double) -> Double {
        var unit = 1.0
        while unit < 1e15 {
            for factor in [1, 2, 5] as [Double] where value <= unit * factor { return unit * factor }
            unit *= 10
        }
        return unit
    }

    // MARK: Words

    private var legend: String {
        series.map { series in
            "<li class=\"\(series.style)\">\(series.name) <b>\(HTMLText.decimal(series.points.last?.value ?? 0))\(unit)</b></li>"
        }.joined()
    }

    private var summary: String {
        let parts = series.map { series in
            "\(series.name) now \(HTMLText.decimal(series.points.last?.value ?? 0))\(unit), "
                + "at most \(HTMLText.decimal(series.points.map(\.value).max() ?? 0))\(unit)"
        }
        return HTMLText.escaped("\(title) in the last \(span.name): " + parts.joined(separator: "; "))
    }

    private var columns: String {
        stride(from: 0, through: 4, by: 1).map { quarter in
            let time = Timestamp(seconds: Int64(begin + span.seconds * quarter / 4)).description
            let text = Array(time.utf8)[11..<(span == .tenMinutes ? 19 : 16)]
            return "<span>\(String(decoding: text, as: UTF8.self))</span>"
        }.joined()
    }

    /// For the script that shows the values under the pointer.
    private var data: String {
        let all = series.map { series in
            let points = series.points.map { "[\($0.time),\(Self.plain($0.value))]" }.joined(separator: ",")
            return "{\"name\":\"\(series.name)\",\"points\":[\(points)]}"
        }
        return "{\"begin\":\(begin),\"span\":\(span.seconds),\"unit\":\"\(unit)\",\"series\":[\(all.joined(separator: ","))]}"
    }

    private static func plain(_ value: Double) -> String { HTMLText.decimal(value).filter { $0 != "," } }
}

extension Plot {
    /// Recipients per second that came and went.
    static func throughput(_ samples: [Sample], _ span: Timeline.Span, now: Int) -> Plot {
        func series(_ name: String, _ style: String, _ value: (Sample) -> Int) -> Series {
            Series(
                name: name, style: style,
                points: zip(samples, samples.dropFirst()).map { earlier, later in
                    let seconds = max(1, later.time - earlier.time)
                    return (later.time, Double(max(0, value(later) - value(earlier))) / Double(seconds))
                })
        }
        return Plot(
            id: "throughput", title: "Recipients per second", unit: "/s",
            series: [
                series("relayed", "relayed", \.relayed), series("accepted", "accepted", \.accepted), series("failed", "failed", \.failed),
            ], end: now, span: span)
    }

    static func queue(_ samples: [Sample], _ span: Timeline.Span, now: Int) -> Plot {
        Plot(
            id: "depth", title: "Messages in the queue", unit: "",
            series: [Series(name: "queued", style: "queued", points: samples.map { ($0.time, Double($0.queued)) })], end: now, span: span)
    }
}
