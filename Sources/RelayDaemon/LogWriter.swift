internal import Dispatch
internal import Glibc
internal import MailModel
internal import Settings
internal import Synchronization

/// Writes log lines to standard error without ever holding mail up: lines wait in a bounded buffer, and what does not fit is counted.
///
/// A log that is full, gone or a blocked pipe costs lines, never messages.
public final class LogWriter: Sendable {
    /// syslog's severities, as journald reads them from `<n>` at a line's head.
    public enum Severity: Int, Sendable, Comparable {
        case critical = 2
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7

        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    public enum Format: Sendable {
        /// `<6>text`: journald adds time and host.
        case journal
        /// RFC 3339 time, then text.
        case text
        /// One JSON object a line.
        case json
    }

    private struct State {
        var buffer: [UInt8] = []
        var isWriting = false
        var dropped = 0
        var reported = 0
        var errors = RecentErrors()
    }

    private static let capacity = 4 << 20
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "fairlead.log", qos: .utility)
    private let descriptor: Int32
    public let format: Format
    /// Lines less severe than this are not written.
    public let level: Severity

    /// What `status` tells of the log.
    func remember(_ error: String, at time: Timestamp) { state.withLock { $0.errors.note(error, at: time) } }
    var errors: RecentErrors { state.withLock(\.errors) }

    public init(descriptor: Int32 = 2, format: Format, level: Severity) {
        self.descriptor = descriptor
        self.format = format
        self.level = level
    }

    /// Lines that were lost because nobody took them.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Takes a whole line without its line end; must hold no control characters.
    public func write(_ line: [UInt8]) {
        let isFirst = state.withLock { state in
            guard state.buffer.count + line.count < Self.capacity else {
                state.dropped += 1
                return false
            }
            state.buffer.append(contentsOf: line)
            state.buffer.append(10)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // Lines of one moment leave together: a write, and the reader's awakening, cost more than the line.
        if isFirst { queue.asyncAfter(deadline: .now() + .milliseconds(10)) { self.drain() } }
    }

    /// Returns when all that was taken has been written, or after a second if nobody takes it.
    public func flush() {
        let done = DispatchSemaphore(value: 0)
        queue.async {
            self.drain()
            done.signal()
        }
        _ = done.wait(timeout: .now() + 1)
    }

    private func drain() {
        while true {
            let chunk = state.withLock { state in
                let taken = state.buffer
                state.buffer = []
                if taken.isEmpty { state.isWriting = false }
                return taken
            }
            if chunk.isEmpty { return }
            var offset = 0
            while offset < chunk.count {
                let count = chunk.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset) }
                if count > 0 {
                    offset += count
                } else if count < 0, errno == EAGAIN {
                    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&request, 1, 1000)
                } else if count == 0 || errno != EINTR {
                    // Full or gone: what is left of this chunk is lost, the next one is tried again.
                    let lost = chunk[offset...].count { $0 == 10 }
                    state.withLock { $0.dropped += lost }
                    break
                }
            }
            if offset == chunk.count { reportLosses() }
        }
    }

    /// Somebody reads again, and shall know that lines are missing.
    private func reportLosses() {
        let lost = state.withLock { state in
            defer { state.reported = state.dropped }
            return state.dropped - state.reported
        }
        guard lost > 0 else { return }
        let text = "\(lost) log lines before this were lost, because they were not taken in time"
        switch format {
        case .journal: write(Array("<\(Severity.warning.rawValue)>\(text)".utf8))
        case .text: write(Array(text.utf8))
        case .json: write(Array(#"{"event":"notice","severity":"warning","text":"\#(text)"}"#.utf8))
        }
    }
}

extension LogWriter {
    /// Under systemd lines carry journald's priorities; elsewhere they carry the time.
    convenience init(settings: Configuration.Log, quiet: Bool) {
        let isJournal = getenv("JOURNAL_STREAM") != nil || getenv("INVOCATION_ID") != nil
        let format: Format =
            switch settings.format {
            case .json: .json
            case .text: .text
            case .auto: isJournal ? .journal : .text
            }
        let level: Severity =
            switch settings.level {
            case .trace, .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
        self.init(format: format, level: quiet ? min(level, .warning) : level)
    }
}
