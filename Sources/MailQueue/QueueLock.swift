internal import Glibc
internal import SafeIO
internal import Synchronization

/// Keeps a second daemon off the queue, for as long as it lives. The kernel lets go when the process ends, however it ends.
final class QueueLock: Sendable {
    private let file: Mutex<OwnedDescriptor?>

    init(directory: Directory) throws(QueueError) {
        let subject = "\(directory.path)/lock"
        do throws(SystemCallError) {
            let opened = try directory.openOrCreate("lock")
            guard try opened.tryLock(subject: subject) else {
                let holder = (try? opened.read(at: 0, count: 20, subject: subject)) ?? []
                let name = holder.isEmpty ? "another process" : "process \(String(decoding: holder, as: UTF8.self))"
                throw SystemCallError(name, code: EWOULDBLOCK)
            }
            try opened.truncate(to: 0, subject: subject)
            try writeAll(Array("\(getpid())".utf8), to: opened, subject: subject)
            file = Mutex(opened)
        } catch {
            if error.code == EWOULDBLOCK {
                throw .inUse("\(error.call) has the queue in \(directory.path) open; stop it, or give this one another queue.path")
            }
            throw .unusable("cannot lock the queue: \(error)")
        }
    }

    func release() { file.withLock { $0 = nil } }
}
