internal import MailModel
internal import SafeIO
internal import Synchronization

/// Which messages are being attempted right now, in a small file that outlives the process.
///
/// A message that ends the daemon again and again must be found and set aside. So each attempt leaves a mark before it begins and takes it
/// away when it is over; what a start finds marked was under way when the process ended. A crash of the process loses nothing that was
/// written, so the marks are never synced: after a power cut they may be missing, which blames nobody.
final class AttemptMarks: Sendable {
    static let name = "attempts"
    /// Attempts beyond so many go unmarked.
    private static let capacity = 256
    private static let slotSize = 8
    /// Octets of all slots; behind them one that is not zero after `close`.
    private static let size = capacity * slotSize

    private struct State: Sendable {
        var slots: [QueueID: Int] = [:]
        var free: [Int]
    }

    private let file: Mutex<OwnedDescriptor>
    private let state: Mutex<State>
    private let subject: String

    /// Opens the file in the queue's folder, making it if it is not there.
    init(directory: Directory) throws(SystemCallError) {
        subject = "\(directory.path)/\(Self.name)"
        file = Mutex(try directory.openOrCreate(Self.name))
        state = Mutex(State(free: Array((0..<Self.capacity).reversed())))
    }

    struct Mark: Hashable, Sendable {
        let id: QueueID
        let wasAlone: Bool
        /// The process closed the queue in good order, and could not write the outcome: the attempt ended it not.
        let wasClosed: Bool
    }

    /// What the last process left marked.
    func found() -> [Mark] {
        let octets = file.withLock { file in
            (try? file.read(at: 0, count: Self.size + 1, subject: subject)) ?? []
        }
        var marks: [Mark] = []
        let wasClosed = octets.count > Self.size && octets[Self.size] != 0
        for start in stride(from: 0, through: min(octets.count, Self.size) - Self.slotSize, by: Self.slotSize) {
            let value = octets[start..<start + Self.slotSize].reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
            // An empty slot is zero; ids are kept one higher, with the sign for those alone.
            if value != 0, let id = QueueID(abs(value &+ (value < 0 ? 1 : -1))) {
                marks.append(Mark(id: id, wasAlone: value < 0, wasClosed: wasClosed))
            }
        }
        return marks
    }

    func clear() { file.withLock { file in try? file.truncate(to: 0, subject: subject) } }

    /// No attempt is under way any more; marks that are left are of outcomes that could not be written.
    func close() {
        if state.withLock(\.slots.isEmpty) { return clear() }
        withUnsafeBytes(of: UInt8(1)) { octets in file.withLock { file in file.overwrite(at: Self.size, with: octets) } }
    }

    func begin(_ id: QueueID, alone: Bool) {
        let slot = state.withLock { state -> Int? in
            guard state.slots[id] == nil, let slot = state.free.popLast() else { return nil }
            state.slots[id] = slot
            return slot
        }
        if let slot { write(alone ? -id.value &- 1 : id.value &+ 1, at: slot) }
    }

    func end(_ id: QueueID) {
        guard let slot = state.withLock({ $0.slots.removeValue(forKey: id) }) else { return }
        write(0, at: slot)
        state.withLock { $0.free.append(slot) }
    }

    /// A mark that cannot be written is worth no more trouble than this.
    private func write(_ value: Int64, at slot: Int) {
        withUnsafeBytes(of: value.littleEndian) { octets in
            file.withLock { file in file.overwrite(at: slot * Self.slotSize, with: octets) }
        }
    }
}
