internal import ControlProtocol
public import MailModel

/// The daemon's log: events of messages and notices of the daemon itself, in the operator's chosen form.
public struct Log: Sendable {
    private static let longestLine = 8192
    private let writer: LogWriter
    private let clock: WallClock

    public init(writer: LogWriter, clock: @escaping WallClock) {
        self.writer = writer
        self.clock = clock
    }

    public func event(_ event: RelayEvent) {
        let severity = LogLine.severity(event)
        guard severity <= writer.level else { return }
        switch writer.format {
        case .json:
            if let octets = try? ControlCoding.encode(EventRecord(event)) { writer.write(octets) }
        case .journal, .text: put(LogLine.text(event), severity, at: event.time)
        }
    }

    public func notice(_ text: String) { note(.notice, text) }
    public func info(_ text: String) { note(.info, text) }
    public func warning(_ text: String) { note(.warning, text) }
    public func error(_ text: String) {
        writer.remember(text, at: clock())
        note(.error, text)
    }

    /// What was logged as an error of late.
    var errors: RecentErrors { writer.errors }

    /// Lines that were lost since the start.
    var dropped: Int { writer.dropped }

    /// Waits until what was logged is written, so that the last words before an exit are not lost.
    public func flush() { writer.flush() }

    private func note(_ severity: LogWriter.Severity, _ text: String) {
        guard severity <= writer.level else { return }
        if writer.format == .json {
            let notice = Notice(event: "notice", time: clock().description, severity: severity.word, text: text)
            if let octets = try? ControlCoding.encode(notice) { writer.write(octets) }
        } else {
            put(text, severity, at: clock())
        }
    }

    private func put(_ text: String, _ severity: LogWriter.Severity, at time: Timestamp) {
        var line: [UInt8] = []
        line.reserveCapacity(text.utf8.count + 48)
        switch writer.format {
        case .journal: line.append(contentsOf: "<\(severity.rawValue)>".utf8)
        case .text, .json:
            time.write(to: &line)
            if severity <= .warning { line.append(contentsOf: " \(severity.word):".utf8) }
            line.append(ASCII.space)
        }
        let start = line.count
        line.append(contentsOf: text.utf8)
        // A value from outside must not become a second line or reach a terminal as an escape sequence.
        PrintableText.sanitize(&line, from: start, limit: Self.longestLine)
        writer.write(line)
    }

    private struct Notice: Encodable {
        let event: String
        let time: String
        let severity: String
        let text: String
    }
}

extension LogWriter.Severity {
    var word: String {
        switch self {
        case .critical: "critical"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }
}
