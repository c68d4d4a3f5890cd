@preconcurrency internal import Dispatch
internal import Glibc

/// The signals of a daemon's life, delivered to one queue instead of interrupting whatever runs.
final class Signals: Sendable {
    private let sources: [any DispatchSourceSignal]

    /// - Parameters:
    ///   - onTerminate: SIGTERM or SIGINT; called again for a second one.
    ///   - onReload: SIGHUP.
    init(onTerminate: @escaping @Sendable () -> Void, onReload: @escaping @Sendable () -> Void) {
        signal(SIGPIPE, SIG_IGN)
        // Writing past RLIMIT_FSIZE is an error to be handled (EFBIG), not a death.
        signal(SIGXFSZ, SIG_IGN)
        sources = [(SIGTERM, onTerminate), (SIGINT, onTerminate), (SIGHUP, onReload)].map { number, handler in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "fairlead.signal.\(number)"))
            source.setEventHandler(handler: handler)
            source.activate()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }
}

/// A second request to stop: at once, as safe as a kill.
func endNow() { _exit(1) }
