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

    private static func becomeOwner(of path: String) throws(ControlFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ControlFailure(text: "there is no queue in \(path): \(String(cString: strerror(errno)))", code: 69)
        }
        guard geteuid() == 0, status.st_uid != 0 else { return }
        guard setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            throw ControlFailure(text: "cannot become the owner of \(path): \(String(cString: strerror(errno)))", code: 77)
        }
    }
}
