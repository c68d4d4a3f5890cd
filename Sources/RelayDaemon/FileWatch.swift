@preconcurrency internal import Dispatch
internal import SafeIO
internal import Synchronization

/// Wakes whoever looks after files when one of them may have changed: at once where inotify tells it, and every few seconds to look anyway,
/// since what another host writes, or a directory that comes later, is told by nobody.
final class FileWatch: Sendable {
    enum Wake: Sendable { case change, look }

    static let interval: Duration = .seconds(5)

    /// For one reader. Ends with `stop`.
    let wakes: AsyncStream<Wake>
    private let continuation: AsyncStream<Wake>.Continuation
    private let directories: DirectoryWatch?
    private let source: (any DispatchSourceRead)?
    private let ticks: Task<Void, Never>
    private let entries = Mutex<Set<PathTrail.Entry>>([])

    init(log: Log) {
        (wakes, continuation) = AsyncStream.makeStream(of: Wake.self, bufferingPolicy: .bufferingNewest(1))
        let continuation = continuation
        ticks = Task(priority: .utility) {
            while (try? await Task.sleep(for: Self.interval)) != nil { continuation.yield(.look) }
        }
        do throws(SystemCallError) {
            let directories = try DirectoryWatch()
            self.directories = directories
            source = DispatchSource.makeReadSource(
                fileDescriptor: directories.rawValue, queue: DispatchQueue(label: "fairlead.files", qos: .utility))
        } catch {
            log.warning("files are looked at every \(Self.interval) only: \(error)")
            (directories, source) = (nil, nil)
        }
        guard let source, let directories else { return }
        source.setEventHandler { [weak self] in self?.take(directories.read()) }
        // The descriptor must outlive the source.
        source.setCancelHandler { _ = directories }
        source.activate()
    }

    deinit { source?.cancel() }

    func stop() {
        ticks.cancel()
        source?.cancel()
        continuation.finish()
    }

    /// Looks after these files, and all links on the way to them, and no others. Wakes the reader if these are others than before: they may
    /// have changed since they were read.
    func follow(_ files: some Sequence<String>) {
        let wanted = Set(files.flatMap { PathTrail.entries(of: $0) })
        let isNew = entries.withLock { entries in
            defer { entries = wanted }
            return entries != wanted
        }
        directories?.watch(Set(wanted.map(\.directory)))
        if isNew { continuation.yield(.change) }
    }

    /// A log that grows beside the passwords wakes nobody.
    private func take(_ events: [DirectoryWatch.Event]) {
        let isOurs = entries.withLock { entries in
            events.contains { event in
                switch event {
                case .changed(let directory, let name): entries.contains(PathTrail.Entry(directory: directory, name: name))
                case .gone, .overflow: true
                }
            }
        }
        if isOurs { continuation.yield(.change) }
    }
}
