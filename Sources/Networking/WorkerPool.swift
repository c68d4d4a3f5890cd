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

    public static var coreCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
