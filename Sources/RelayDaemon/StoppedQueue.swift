public import ControlProtocol
internal import Glibc
internal import MailModel
internal import MailQueue
internal import SafeIO
internal import Settings

/// The queue of a daemon that is down, for commands that only look.
public enum StoppedQueue {
    /// Answers from the folder itself, which it locks meanwhile.
    ///
    /// A process of root's becomes the folder's owner for good: files that it made otherwise would keep the daemon out.
    ///
    /// - Throws: also when a daemon has the queue open after all.
    public static func answer(
        _ request: ControlRequest, path: String, onLine: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(ControlFailure) {
        try becomeOwner(of: path)
        let clock: WallClock = { Timestamp(microseconds: SystemClock.microseconds()) }
        do throws(QueueError) {
            let store = try SQLiteQueueStore(path: path, options: SQLiteQueueStore.Options(clock: clock))
            var failure: QueueError?
            do throws(QueueError) {
                let answers = QueueAnswers(store: store, history: store.history, clock: clock, isAlone: true)
                _ = try await answers.answer(request) { onLine($0) }
            } catch {
                failure = error
            }
            await store.close()
            if let failure { throw failure }
        } catch {
            throw ControlFailure(text: error.description, code: 69)
        }
    }

    /// Gets every whole message of a damaged queue into a new one, and leaves the old one as it is.
    ///
    /// - Throws: also when a daemon has the queue open.
    public static func salvage(from source: String, to target: String) async throws(ControlFailure) -> SalvageReport {
        try makeFolder(target, like: source)
        try becomeOwner(of: source)
        let clock: WallClock = { Timestamp(microseconds: SystemClock.microseconds()) }
        do throws(QueueError) {
            let report = try await Salvage.run(from: source, to: target, clock: clock)
            return SalvageReport(
                recovered: report.recovered, finished: report.finished, damaged: report.damaged.map(\.description),
                knowsFreePages: report.knowsFreePages)
        } catch {
            throw ControlFailure(text: error.description, code: 69)
        }
    }

    /// Root makes the new folder where the owner of the old one could not, and gives it to that owner.
    private static func makeFolder(_ target: String, like source: String) throws(ControlFailure) {
        var status = stat()
        guard geteuid() == 0, stat(source, &status) == 0, status.st_uid != 0 else { return }
        guard mkdir(target, 0o700) == 0 else {
            // What is there already is looked at by the one who will write there.
            if errno == EEXIST { return }
            throw ControlFailure(text: "cannot make \(target): \(String(cString: strerror(errno)))", code: 73)
        }
        guard lchown(target, status.st_uid, status.st_gid) == 0 else {
            throw ControlFailure(text: "cannot give \(target) to its owner: \(String(cString: strerror(errno)))", code: 77)
        }
    }

    private static func becomeOwner(of path: String) throws(ControlFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ControlFailure(text: "there is no queue in \(path): \(String(cString: strerror(errno)))", code: 69)
        }
        guard geteuid() == 0, status.st_uid != 0 else { return }
        guard setgroups(0, nil) == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            throw ControlFailure(text: "cannot become the owner of \(path): \(String(cString: strerror(errno)))", code: 77)
        }
    }
}
