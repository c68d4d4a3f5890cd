internal import Dispatch
internal import Glibc
internal import SafeIO

/// A socket that its worker watches. The descriptor closes in a later turn of the worker's queue than the one that lets go of it: closed
/// at once, its number could belong to another connection while events for the old one are still being told.
///
/// Confined to its worker; only `deinit` may run elsewhere, and hands the rest over.
final class WatchedDescriptor {
    let rawValue: Int32
    private let worker: Worker
    private var watch: SocketSet.Watch?
    private var isReading = true
    private var isWriting = false

    /// Watches for input from the start: the first event comes after the caller's turn on the worker.
    init(_ descriptor: consuming OwnedDescriptor, worker: Worker, onReadable: @escaping () -> Void) throws(SystemCallError) {
        self.worker = worker
        watch = try worker.sockets.watch(descriptor.rawValue, onReadable: onReadable)
        rawValue = descriptor.release()
    }

    deinit {
        guard let watch else { return }
        let (worker, rawValue) = (worker, rawValue)
        // Not Sendable, and used nowhere but on the worker's queue, where this goes.
        nonisolated(unsafe) let last = watch
        worker.queue.async {
            worker.sockets.forget(last)
            worker.queue.async { _ = Glibc.close(rawValue) }
        }
    }

    func suspendReading() { setReading(false) }

    func resumeReading() { setReading(true) }

    /// Calls `onWritable` whenever the kernel has room again, until `suspendWriting`.
    func resumeWriting(onWritable: @escaping () -> Void) {
        guard let watch, !isWriting else { return }
        isWriting = true
        worker.sockets.setWriting(watch, onWritable)
    }

    func suspendWriting() {
        guard let watch, isWriting else { return }
        isWriting = false
        worker.sockets.setWriting(watch, nil)
    }

    /// - Parameter report: called on the worker, in a later turn, when the descriptor is closed.
    func close(whenClosed report: @escaping () -> Void) {
        guard let watch else { return }
        self.watch = nil
        worker.sockets.forget(watch)
        // Not Sendable, and called nowhere but on the worker's queue, where this goes.
        nonisolated(unsafe) let report = report
        let rawValue = rawValue
        worker.queue.async {
            _ = Glibc.close(rawValue)
            report()
        }
    }

    private func setReading(_ isOn: Bool) {
        guard let watch, isReading != isOn else { return }
        isReading = isOn
        worker.sockets.setReading(watch, isOn)
    }
}
