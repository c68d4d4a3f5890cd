internal import Dispatch
internal import SafeIO
internal import Synchronization

/// A file of real space, given up when the disk is full: SQLite needs room even to delete, and outcomes must still be written.
final class Reserve: Sendable {
    static let name = "reserve"

    private let directory: Directory
    private let size: Int
    private let retryInterval: UInt64
    private let lastTry = Mutex<UInt64>(0)

    init(directory: Directory, size: Int, retryInterval: Duration) {
        self.directory = directory
        self.size = size
        self.retryInterval = UInt64(clamping: retryInterval.wholeMicroseconds) &* 1000
    }

    /// Makes sure that the reserve is there.
    ///
    /// - Returns: false if there is no room for it.
    func make() -> Bool {
        if let status = try? directory.status(of: Self.name), status.kind == .file, status.size == size { return true }
        do throws(SystemCallError) {
            try directory.remove(Self.name)
            let file = try directory.createExclusively(Self.name)
            try file.allocate(size: size, subject: Self.name)
            try file.close(subject: Self.name)
            return true
        } catch {
            _ = try? directory.remove(Self.name)
            return false
        }
    }

    func giveUp() { _ = try? directory.remove(Self.name) }

    /// As `make`, at most once in a while and only if as much again stays free, so that a full disk is not filled at once again.
    func restore() -> Bool {
        let now = DispatchTime.now().uptimeNanoseconds
        let isTooSoon = lastTry.withLock { last in
            if last != 0, now &- last < retryInterval { return true }
            last = now
            return false
        }
        guard !isTooSoon, let free = try? directory.freeSpace(), free.octets / 2 >= size else { return false }
        return make()
    }

    /// Room for everybody now; without an answer, none.
    var freeOctets: Int { (try? directory.freeSpace())?.octets ?? 0 }

    /// How much a file in the folder takes.
    func size(of name: String) -> Int { (try? directory.status(of: name))?.size ?? 0 }

    /// Whether a small write fails for want of room: SQLite reports a used-up quota as an I/O error like any other.
    func findsNoRoom() -> Bool {
        let name = "room"
        defer { _ = try? directory.remove(name) }
        do throws(SystemCallError) {
            try directory.remove(name)
            let file = try directory.createExclusively(name)
            try writeAll([UInt8](repeating: 0, count: 64 << 10), to: file, subject: name)
            try file.close(subject: name)
            return false
        } catch {
            return error.isOutOfSpace
        }
    }
}
