internal import SafeIO
internal import Dispatch
internal import Glibc

/// A socket and the Dispatch sources that watch it. The descriptor closes only after the last source has been cancelled: closed
/// before, its number could belong to another connection while Dispatch still waits on it.
///
/// Confined to its queue; only `deinit` may run elsewhere, and does nothing but cancel.
final class WatchedDescriptor {
    let rawValue: Int32
    private let queue: DispatchQueue
    private let closer: Closer
    private var readSource: (any DispatchSourceRead)?
    private var writeSource: (any DispatchSourceWrite)?
    /// A suspended source must not be released, and its cancel handler does not run.
    private var isReadSuspended = false
    private var isWriteSuspended = false

    /// Counts the sources down and closes; kept alive by their cancel handlers, so it works without its owner too.
    private final class Closer {
        let rawValue: Int32
        var sources = 0
        var whenClosed: (() -> Void)?

        init(_ rawValue: Int32) { self.rawValue = rawValue }

        func sourceIsCancelled() {
            sources -= 1
            guard sources == 0 else { return }
            _ = Glibc.close(rawValue)
            let report = whenClosed
            whenClosed = nil
            report?()
        }
    }

    /// Watches for input from the start: the first event comes after the caller's turn on `queue`.
    init(_ descriptor: consuming OwnedDescriptor, queue: DispatchQueue, onReadable: @escaping () -> Void) {
        rawValue = descriptor.release()
        self.queue = queue
        closer = Closer(rawValue)
        let source = DispatchSource.makeReadSource(fileDescriptor: rawValue, queue: queue)
        closer.sources += 1
        source.setCancelHandler { [closer] in closer.sourceIsCancelled() }
        source.setEventHandler(handler: onReadable)
        readSource = source
        source.activate()
    }

    deinit { cancelSources() }

    func suspendReading() {
        guard !isReadSuspended, let readSource else { return }
        isReadSuspended = true
        readSource.suspend()
    }

    func resumeReading() {
        guard isReadSuspended, let readSource else { return }
        isReadSuspended = false
        readSource.resume()
    }

    /// Calls `onWritable` whenever the kernel has room again, until `suspendWriting`.
    func resumeWriting(onWritable: @escaping () -> Void) {
        guard readSource != nil else { return }
        if let writeSource {
            guard isWriteSuspended else { return }
            isWriteSuspended = false
            writeSource.resume()
            return
        }
        let source = DispatchSource.makeWriteSource(fileDescriptor: rawValue, queue: queue)
        closer.sources += 1
        source.setCancelHandler { [closer] in closer.sourceIsCancelled() }
        source.setEventHandler(handler: onWritable)
        writeSource = source
        source.activate()
    }

    func suspendWriting() {
        guard !isWriteSuspended, let writeSource else { return }
        isWriteSuspended = true
        writeSource.suspend()
    }

    /// - Parameter report: called on the queue, in a later turn, when the descriptor is closed.
    func close(whenClosed report: @escaping () -> Void) {
        closer.whenClosed = report
        cancelSources()
    }

    private func cancelSources() {
        if let readSource {
            readSource.cancel()
            if isReadSuspended { readSource.resume() }
        }
        if let writeSource {
            writeSource.cancel()
            if isWriteSuspended { writeSource.resume() }
        }
        readSource = nil
        writeSource = nil
    }
}
