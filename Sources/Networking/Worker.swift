internal import Dispatch

/// One serial queue on which many connections live: their sockets, their `Channel`s and the actors around them.
///
/// All of them share the queue itself, not queues of their own, so threads do not grow with connections, and an actor whose
/// `unownedExecutor` is a worker enters its isolation from a channel's event with `assumeIsolated`, without a hop.
///
/// Unchecked: `queue` never changes; `sockets`, `wheel`, `scratch` and `spareOutput` are touched on `queue` only, which every
/// user of them is confined to (`Channel`s and connect attempts run nowhere else).
public final class Worker: SerialExecutor, @unchecked Sendable {
    let queue: DispatchQueue
    /// The sockets of everything on this queue.
    let sockets: SocketSet
    /// Deadlines of everything on this queue.
    let wheel: DeadlineWheel
    /// What is read passes through here, so that an idle connection holds no buffer.
    let scratch = Scratch()
    /// Room for what one handler sends in one turn, lent to the channel whose turn it is.
    var spareOutput = OctetQueue()

    public init(label: String = "worker") {
        queue = DispatchQueue(label: label)
        wheel = DeadlineWheel(queue: queue)
        sockets = SocketSet(queue: queue)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Traps unless the caller runs on this worker: what `assumeIsolated` asks.
    public func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

    /// Runs `work` on the worker, after what is already waiting there.
    public func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
