internal import Dispatch
internal import SafeIO
internal import Synchronization

/// Syncs one directory for all who wait at that moment.
final class DirectorySync: Sendable {
    typealias Completion = @Sendable (SystemCallError?) -> Void

    private let directory: Directory
    private let queue = DispatchQueue(label: "fairlead.spool.sync")
    private let waiting = Mutex<[Completion]>([])

    init(_ directory: Directory) { self.directory = directory }

    /// What was renamed before this call is durable when `completion` gets `nil`.
    func request(_ completion: @escaping Completion) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(completion)
            return waiting.count == 1
        }
        if isFirst { queue.async { self.run() } }
    }

    private func run() {
        // Whoever comes from here on needs the next sync.
        let served = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var failure: SystemCallError?
        do throws(SystemCallError) { try directory.sync() } catch { failure = error }
        for completion in served { completion(failure) }
    }
}
