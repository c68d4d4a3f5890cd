internal import ArgumentParser
internal import ControlProtocol
internal import Dispatch
internal import Glibc
internal import SafeIO
internal import Synchronization

/// Asks the daemon again and again, and keeps the screen up to date. A daemon that is down, or starts anew, does not end it.
struct StatusWatch {
    let config: String
    let interval: Double

    /// How soon a key or a new size of the terminal is noticed.
    private static let tick: Int32 = 100

    /// Returns when somebody presses q.
    func run(on screen: TerminalScreen) {
        let feed = Feed(config: config, interval: interval)
        feed.start()
        let usesBlocks = Self.usesUTF8
        var drawn: (number: Int, width: Int, height: Int, second: Int64) = (-1, 0, 0, 0)
        while true {
            let latest = feed.latest.withLock { $0 }
            let size = screen.size
            let state = (latest.number, size.width, size.height, wallClockSeconds())
            if state != drawn {
                screen.draw(lines(latest, size, usesBlocks), width: size.width)
                drawn = state
            }
            switch screen.key(within: Self.tick) {
            case .quit?: return
            case .redraw?: drawn.number = -1
            case .other?, nil: break
            }
        }
    }

    private func lines(_ latest: Feed.Latest, _ size: (width: Int, height: Int), _ usesBlocks: Bool) -> [StyledLine] {
        guard let report = latest.report else {
            let text = latest.trouble ?? "asking the daemon"
            let blank = [StyledLine](repeating: StyledLine(), count: max(0, size.height - 2))
            return Array(([StyledLine(text)] + blank + [StyledLine("q quit", .dim)]).prefix(size.height))
        }
        let screen = StatusScreen(
            report: report, events: latest.events, now: Double(wallClockSeconds()), trouble: latest.trouble, usesBlocks: usesBlocks)
        return screen.lines(width: size.width, height: size.height)
    }

    /// As the locale says.
    private static var usesUTF8: Bool {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            guard let value = getenv(name).map({ String(cString: $0).uppercased() }), !value.isEmpty else { continue }
            return value.contains("UTF-8") || value.contains("UTF8")
        }
        return false
    }
}

/// The answers, from a queue of their own: a daemon that hangs must not keep the keys from working.
private final class Feed: Sendable {
    struct Latest: Sendable {
        /// Grows with each answer.
        var number = 0
        var report: StatusReport?
        var events: [EventRecord] = []
        var trouble: String?
    }

    let latest = Mutex(Latest())
    private let config: String
    private let interval: Double
    private let queue = DispatchQueue(label: "fairlead.watch")
    private static let patience: Duration = .seconds(10)
    /// As many as the tallest screen shows.
    private static let eventCount = 60

    init(config: String, interval: Double) {
        self.config = config
        self.interval = interval
    }

    func start() { queue.async { [weak self] in self?.look() } }

    private func look() {
        let path = ConfigurationFile.controlSocket(of: config) ?? "/run/fairlead/control.sock"
        do {
            let status = try Self.ask(ControlRequest(.status), path)
            let report = try status.first.map { try ControlCoding.decode(StatusReport.self, from: $0) }
            let lines = try Self.ask(ControlRequest(.tail, count: Self.eventCount, follow: false), path)
            let events = try lines.map { try ControlCoding.decode(EventRecord.self, from: $0) }
            latest.withLock { $0 = Latest(number: $0.number + 1, report: report ?? $0.report, events: events, trouble: nil) }
        } catch {
            let reason = (error as? SystemCallError)?.description ?? "\(error)"
            latest.withLock { latest in
                latest.number += 1
                latest.trouble = "no answer at \(path): \(reason); what is below was so before"
            }
        }
        queue.asyncAfter(deadline: .now() + interval) { [weak self] in self?.look() }
    }

    /// The lines of an answer, without the trailer.
    private static func ask(_ request: ControlRequest, _ path: String) throws -> [[UInt8]] {
        var stream = try UnixStream.connect(path: path, timeout: patience)
        try stream.writeAll(try ControlCoding.encode(request) + [10])
        var lines: [[UInt8]] = []
        while let line = try stream.readLine() { lines.append(line) }
        return lines.dropLast()
    }
}
