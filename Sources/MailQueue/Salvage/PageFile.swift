internal import SafeIO

/// The pages of an SQLite database as its last whole transaction left them, read without SQLite: damaged trees do not matter here.
///
/// Format: https://www.sqlite.org/fileformat2.html
final class PageFile {
    private let database: OwnedDescriptor
    /// The write-ahead log; without one, the database once more.
    private let log: OwnedDescriptor
    /// Where in the log the newest committed version of a page lies.
    private let logged: [UInt32: Int]
    let pageSize: Int
    let count: Int

    /// The size that our databases have, for the case that the header is gone.
    private static let usualPageSize = 4096

    /// - Parameter directory: the queue's folder; nothing in it is changed.
    init(_ directory: Directory) throws(SystemCallError) {
        database = try directory.openForReading("queue.db")
        let header = try database.read(at: 0, count: 100, subject: "queue.db")
        let stated = header.count < 100 ? 0 : Int(header[16]) << 8 | Int(header[17])
        let size = stated == 1 ? 65_536 : stated
        pageSize = size >= 512 && size <= 65_536 && size & (size - 1) == 0 ? size : Self.usualPageSize
        let length = try directory.status(of: "queue.db")?.size ?? 0
        if let status = try directory.status(of: "queue.db-wal"), status.size > 32 {
            let opened = try directory.openForReading("queue.db-wal")
            logged = try WriteAheadLog.committedPages(opened, size: status.size, pageSize: pageSize)
            log = opened
        } else {
            logged = [:]
            log = try directory.openForReading("queue.db")
        }
        count = max(length / pageSize, Int(logged.keys.max() ?? 0))
    }

    /// - Parameter number: from 1.
    /// - Returns: `nil` if there is no such page or it cannot be read.
    func page(_ number: UInt32) -> [UInt8]? {
        guard number >= 1, number <= count else { return nil }
        let octets: [UInt8]?
        if let offset = logged[number] {
            octets = try? log.read(at: offset, count: pageSize, subject: "queue.db-wal")
        } else {
            octets = try? database.read(at: (Int(number) - 1) * pageSize, count: pageSize, subject: "queue.db")
        }
        return octets?.count == pageSize ? octets : nil
    }

    /// The pages on the free list, whose content is of messages that left; and whether the list is whole.
    func freePages() -> (pages: Set<UInt32>, isWhole: Bool) {
        guard let first = page(1) else { return ([], false) }
        var free: Set<UInt32> = []
        var trunk = first.number(at: 32)
        let expected = Int(first.number(at: 36))
        while trunk != 0, free.insert(trunk).inserted, let octets = page(trunk) {
            let leaves = min(Int(octets.number(at: 4)), (pageSize - 8) / 4)
            for index in 0..<leaves { free.insert(octets.number(at: 8 + 4 * index)) }
            trunk = octets.number(at: 0)
        }
        return (free, free.count == expected)
    }
}

/// The write-ahead log beside the database.
private enum WriteAheadLog {
    /// The offsets of the newest version of each page, up to the last frame that commits.
    static func committedPages(
        _ file: borrowing OwnedDescriptor, size: Int, pageSize: Int
    ) throws(SystemCallError) -> [UInt32: Int] {
        let subject = "queue.db-wal"
        let header = try file.read(at: 0, count: 32, subject: subject)
        guard header.count == 32, header.number(at: 0) & ~1 == 0x377F_0682, Int(header.number(at: 8)) == pageSize else { return [:] }
        let isBigEndian = header.number(at: 0) & 1 == 1
        var sum = Sum(isBigEndian: isBigEndian)
        sum.add(header[0..<24])
        guard sum.matches(header, at: 24) else { return [:] }
        var committed: [UInt32: Int] = [:]
        var pending: [UInt32: Int] = [:]
        var offset = 32
        while offset + 24 + pageSize <= size {
            let frame = try file.read(at: offset, count: 24 + pageSize, subject: subject)
            guard frame.count == 24 + pageSize, frame[8..<16].elementsEqual(header[16..<24]) else { break }
            sum.add(frame[0..<8])
            sum.add(frame[24...])
            guard sum.matches(frame, at: 16) else { break }
            pending[frame.number(at: 0)] = offset + 24
            if frame.number(at: 4) != 0 {
                committed.merge(pending) { _, newer in newer }
                pending = [:]
            }
            offset += 24 + pageSize
        }
        return committed
    }

    /// The log's running checksum.
    private struct Sum {
        let isBigEndian: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        mutating func add(_ octets: ArraySlice<UInt8>) {
            var place = octets.startIndex
            while place + 8 <= octets.endIndex {
                first = first &+ word(octets, place) &+ second
                second = second &+ word(octets, place + 4) &+ first
                place += 8
            }
        }

        private func word(_ octets: ArraySlice<UInt8>, _ place: Int) -> UInt32 {
            let value =
                UInt32(octets[place]) << 24 | UInt32(octets[place + 1]) << 16 | UInt32(octets[place + 2]) << 8 | UInt32(octets[place + 3])
            return isBigEndian ? value : value.byteSwapped
        }

        func matches(_ octets: [UInt8], at place: Int) -> Bool {
            octets.number(at: place) == first && octets.number(at: place + 4) == second
        }
    }
}

extension [UInt8] {
    /// Four octets, the highest first; zero beyond the end.
    func number(at place: Int) -> UInt32 {
        guard place >= 0, place + 4 <= count else { return 0 }
        return UInt32(self[place]) << 24 | UInt32(self[place + 1]) << 16 | UInt32(self[place + 2]) << 8 | UInt32(self[place + 3])
    }
}
