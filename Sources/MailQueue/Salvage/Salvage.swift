public import MailModel
internal import SafeIO

/// Gets out of a damaged queue what is whole: every message whose octets, envelope and recipients still have the checksum under which they
/// were accepted. The damaged folder is only read.
public enum Salvage {
    public struct Report: Hashable, Sendable {
        /// Messages in the new queue.
        public var recovered = 0
        /// Found whole, and finished already: nothing is left to be sent.
        public var finished = 0
        /// Something of them was found, and not all of it.
        public var damaged: [QueueID] = []
        /// Whether the list of free pages was whole. Without it messages that had left may come back; those that the history knows as
        /// relayed do not.
        public var knowsFreePages = true
    }

    /// Reads the queue in `source` and writes a new one to `target`, which must not exist or be empty. A recipient that the history knows
    /// as relayed is not sent to again.
    ///
    /// - Throws: `inUse` if a daemon has the queue; `unusable` if either folder cannot be used.
    nonisolated(nonsending) public static func run(
        from source: String, to target: String, clock: @escaping WallClock
    ) async throws(QueueError) -> Report {
        let directory: Directory
        do throws(SystemCallError) {
            directory = try Directory(path: source)
            if let there = try? Directory(path: target).names(), !there.isEmpty {
                throw SystemCallError("salvage", code: 17, subject: "\(target) is not empty")
            }
        } catch {
            throw .unusable("cannot salvage: \(error)")
        }
        let lock = try QueueLock(directory: directory)
        defer { lock.release() }
        let found: Findings
        do throws(SystemCallError) {
            found = Findings(PageScan(file: try PageFile(directory)))
        } catch {
            throw .unusable("cannot salvage: \(error)")
        }
        let history = RelayedBefore(directory, copyingTo: "\(target)/salvage-history", clock: clock)
        let store = try SQLiteQueueStore(path: target, options: SQLiteQueueStore.Options(clock: clock))
        var report = Report()
        report.knowsFreePages = found.knowsFreePages
        for id in found.ids {
            guard let (message, state, note) = found.message(id) else {
                report.damaged.append(id)
                continue
            }
            switch try await rescue(message, state, note, from: directory, into: store, history) {
            case .recovered: report.recovered += 1
            case .finished: report.finished += 1
            case .damaged: report.damaged.append(id)
            }
        }
        await history.close()
        await store.close()
        return report
    }

    private enum Fate { case recovered, finished, damaged }

    nonisolated(nonsending) private static func rescue(
        _ found: QueuedMessage, _ state: QueueEntry.State, _ note: String, from directory: Directory, into store: SQLiteQueueStore,
        _ history: RelayedBefore
    ) async throws(QueueError) -> Fate {
        var message = found
        for index in message.recipients.indices where !message.recipients[index].state.isFinal {
            if await history.has(message.id, message.recipients[index].mailbox) { message.recipients[index].state = .relayed }
        }
        if state == .dead {
            // Its sender was not told: it fails once more, and then is.
            for index in message.recipients.indices where message.recipients[index].isUntold { message.recipients[index].state = .waiting }
        }
        guard message.recipients.contains(where: { !$0.state.isFinal }) else { return .finished }
        if case .file(let file) = message.body, try await !copy(file, from: directory, into: store) { return .damaged }
        do throws(QueueError) {
            try await store.commit(message)
        } catch {
            if case .rejected = error { return .damaged }
            throw error
        }
        switch state {
        case .held: _ = try await store.hold(QueueFilter(ids: [message.id]), note: note.isEmpty ? "held before it was salvaged" : note)
        case .quarantined: try await store.quarantine(message.id, reason: note)
        case .waiting, .dead: break
        }
        return .recovered
    }

    /// - Returns: whether the body is whole.
    nonisolated(nonsending) private static func copy(
        _ file: SpoolFile, from directory: Directory, into store: SQLiteQueueStore
    ) async throws(QueueError) -> Bool {
        let octets: [UInt8]
        do throws(SystemCallError) {
            octets = try WholeFile.read("\(directory.path)/spool/\(file.id)", limit: 64 << 20)
        } catch {
            return false
        }
        guard octets.count == file.size, Checksum.of(octets) == file.checksum else { return false }
        let writer = store.makeSpoolWriter()
        octets.withUnsafeBytes { _ = writer.append($0) }
        _ = try await writer.finish(as: file.id)
        return true
    }
}

extension QueuedRecipient {
    /// It failed, and no report has said so.
    fileprivate var isUntold: Bool { (state == .failed || state == .expired) && !isReported }
}
