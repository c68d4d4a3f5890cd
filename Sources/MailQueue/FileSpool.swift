internal import Dispatch
internal import MailModel
internal import SafeIO
internal import Synchronization

/// The folder `spool/`: bodies under the ids of their messages, and `tmp.…` for those that still arrive.
///
/// Blocking calls run on a few serial queues (lanes), so that many writers cost few threads.
final class FileSpool: Sendable {
    static let temporaryPrefix = "tmp."

    let directory: Directory
    let sync: DirectorySync
    /// Told when a read or write fails for another reason than space.
    private let storageFailed: @Sendable (QueueError) -> Void
    private let lanes: [DispatchQueue]
    private let counter = Atomic<Int>(0)

    init(directory: Directory, lanes: Int = 3, storageFailed: @escaping @Sendable (QueueError) -> Void) {
        self.directory = directory
        self.storageFailed = storageFailed
        sync = DirectorySync(directory)
        self.lanes = (0..<max(1, lanes)).map { DispatchQueue(label: "fairlead.spool.\($0)") }
    }

    func nextNumber() -> Int { counter.wrappingAdd(1, ordering: .relaxed).newValue }

    func lane(_ number: Int) -> DispatchQueue { lanes[number % lanes.count] }

    /// Removes bodies whose rows are durably gone. A crash before that leaves files without rows, which the next start removes.
    func remove(_ ids: [QueueID]) {
        guard !ids.isEmpty else { return }
        lane(nextNumber()).async { [directory] in
            for id in ids { _ = try? directory.remove(id.description) }
        }
    }

    /// Turns a failed call into an error, and alarms the store unless only room is missing.
    func failure(_ error: SystemCallError) -> QueueError {
        let failure = QueueError.from(error)
        if case .storageUnhealthy = failure { storageFailed(failure) }
        return failure
    }

    /// Waits until everything that was begun is done.
    func drain() { for lane in lanes { lane.sync {} } }
}
