internal import Glibc
internal import Synchronization

/// The fixed set of workers that all connections share, about one per core.
public final class WorkerPool: Sendable {
    public let workers: [Worker]
    private let turn = Atomic<Int>(0)

    /// - Parameter count: the number of cores this process may use, unless told otherwise; at least one.
    public init(count: Int = WorkerPool.coreCount) {
        workers = (0..<max(1, count)).map { Worker(label: "worker.\($0)") }
    }

    /// The next worker in turn, for a new connection.
    public func next() -> Worker {
        let ticket = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return workers[Int(UInt(bitPattern: ticket) % UInt(workers.count))]
    }

    /// The cores that this process may run on: its affinity mask, not the machine's size.
    public static var coreCount: Int {
        var set = cpu_set_t()
        let isKnown = sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0
        guard isKnown else { return max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
        return max(1, withUnsafeBytes(of: set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } })
    }
}
