internal import Dispatch

/// Where a `Dispatcher` runs: a serial queue.
public protocol DispatcherExecutor: SerialExecutor {
    /// Runs `work` after what waits there already.
    func run(_ work: @escaping @Sendable () -> Void)
}

/// A serial Dispatch queue of the dispatcher's own.
final class QueueExecutor: DispatcherExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
