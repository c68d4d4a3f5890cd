import Glibc
import MailModel
@testable import MailQueue
import SafeIO
import Testing

@Suite("Bodies in the spool")
struct SpoolTests {
    static let length = 1_500_000

    private func spooled(_ store: any QueueStore, _ number: Int, _ octets: [UInt8]) async throws -> QueuedMessage {
        let writer = store.makeSpoolWriter()
        for start in stride(from: 0, to: octets.count, by: 70_001) { writer.append(octets[start..<min(octets.count, start + 70_001)]) }
        let file = try await writer.finish(as: Sample.id(number))
        return Sample.message(number, body: .file(file))
    }

    @Test("Come out as they went in, and leave after the row", arguments: [0, 1, 262_144, length])
    func roundTrip(size: Int) async throws {
        let folder = try Folder()
        for store in [try folder.store(), MemoryQueueStore()] as [any QueueStore] {
            let octets = pattern(size)
            let message = try await spooled(store, 1, octets)
            try await store.commit(message)
            let loaded = try await store.load(message.id)
            #expect(loaded == message)
            guard case .file(let file) = loaded.body else { throw Missing() }
            #expect(try await body(of: store, file) == octets)
            try await store.record(Sample.relayed(message))
            await store.close()
            #expect(try folder.names("spool").isEmpty)
        }
    }

    @Test("Octets in flight are counted and drain")
    func backPressure() async throws {
        let store = try Folder().store()
        let writer = store.makeSpoolWriter()
        #expect(writer.append(pattern(1000)) == 1000)
        var most = 0
        for _ in 0..<40 { most = max(most, writer.append(pattern(100_000))) }
        #expect(most <= 4_001_000)
        await withCheckedContinuation { done in writer.whenWaiting(atMost: 0) { done.resume() } }
        #expect(writer.append([] as [UInt8]) < 256 << 10)
        let file = try await writer.finish(as: Sample.id(1))
        #expect(file.size == 4_001_000)
        store.discard(file)
        await store.close()
    }

    @Test("What was refused leaves nothing", arguments: ["discard", "drop", "store.discard"])
    func refused(way: String) async throws {
        let folder = try Folder()
        let store = try folder.store()
        do {
            let writer = store.makeSpoolWriter()
            writer.append(pattern(600_000))
            switch way {
            case "discard": writer.discard()
            case "store.discard": store.discard(try await writer.finish(as: Sample.id(1)))
            default: break
            }
        }
        await store.close()
        // The last one to let go of a writer that was dropped removes its file a moment later; if nobody did, the next start would.
        let deadline = ContinuousClock.now + .seconds(10)
        while try !folder.names("spool").isEmpty, .now < deadline { await Task.yield() }
        #expect(try folder.names("spool").isEmpty)
    }

    @Test("A failed commit removes its body; a message committed twice keeps it")
    func failedCommit() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let kept = try await spooled(store, 1, pattern(Self.length))
        try await store.commit(kept)
        await #expect(throws: QueueError.self) { try await store.commit(kept) }
        let refused = try await spooled(store, 2, pattern(100_000))
        await #expect(throws: QueueError.self) { try await store.commit([refused, kept]) }
        await #expect(throws: QueueError.self) { try await self.spooled(store, 1, pattern(5)) }
        await store.close()
        #expect(try folder.names("spool") == [kept.id.description])
        let again = try folder.store()
        #expect(again.recovery.bodies == 1 && again.recovery.damagedBodies == 0)
        guard case .file(let file) = try await again.load(kept.id).body else { throw Missing() }
        #expect(try await body(of: again, file) == pattern(Self.length))
        await again.close()
    }

    @Test("Every state that a crash can leave is put right at the next start")
    func recovery() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let whole = try await spooled(store, 1, pattern(300_000))
        let missing = try await spooled(store, 2, pattern(300_000))
        let short = try await spooled(store, 3, pattern(300_000))
        try await store.commit([whole, missing, short, Sample.message(4)])
        _ = try await spooled(store, 5, pattern(10))  // renamed, never committed
        let arriving = store.makeSpoolWriter()
        arriving.append(pattern(300_000))
        await withCheckedContinuation { done in arriving.whenWaiting(atMost: 0) { done.resume() } }

        let copy = try folder.crashed()
        let spool = try Directory(path: "\(copy.path)/spool")
        try spool.remove(missing.id.description)
        truncate("\(copy.path)/spool/\(short.id)", 299_999)
        symlink("/etc/passwd", "\(copy.path)/spool/\(Sample.id(6))")
        mkdir("\(copy.path)/spool/\(Sample.id(7))", 0o700)
        mkfifo("\(copy.path)/spool/tmp.pipe", 0o600)
        try copy.write("spool/README", [])
        for round in 0..<2 {
            let again = try copy.store()
            let report = again.recovery
            #expect(report.messages == 4)
            #expect(report.temporariesRemoved == (round == 0 ? 1 : 0))
            #expect(report.orphansRemoved == (round == 0 ? 1 : 0))
            #expect(report.damagedBodies == (round == 0 ? 2 : 0))
            #expect(report.quarantined == 2)
            #expect(report.foreignEntries == 4)
            #expect(report.findings.count == (round == 0 ? 6 : 4))
            await #expect(throws: QueueError.notSendable(missing.id)) { try await again.load(missing.id) }
            await #expect(throws: QueueError.notSendable(short.id)) { try await again.load(short.id) }
            #expect(try await again.due(before: Sample.later, after: nil, limit: 9).map(\.id) == [whole.id, Sample.id(4)])
            #expect(try await again.entry(short.id).note.contains("body"))
            #expect(try await again.statistics().total.quarantined == 2)
            await again.close()
        }
        arriving.discard()
        await store.close()
    }

    @Test("A new database beside old bodies removes none of them")
    func lostDatabase() async throws {
        let folder = try Folder()
        let store = try folder.store()
        try await store.commit(try await spooled(store, 1, pattern(300_000)))
        await store.close()
        try Directory(path: folder.path).remove("queue.db")
        let again = try folder.store()
        #expect(again.recovery.orphansRemoved == 0)
        #expect(again.recovery.findings.contains { $0.contains("was it moved") })
        #expect(try folder.names("spool") == [Sample.id(1).description])
        await again.close()
    }

    @Test("A flipped octet is found before the last piece is given out", arguments: [0, 700_000, length - 1])
    func flipped(at offset: Int) async throws {
        let folder = try Folder()
        let store = try folder.store()
        let message = try await spooled(store, 1, pattern(Self.length))
        try await store.commit(message)
        guard case .file(let file) = message.body else { throw Missing() }
        let descriptor = OwnedDescriptor(open("\(folder.path)/spool/\(message.id)", O_RDWR))
        var octet = pattern(Self.length)[offset] ^ 1
        #expect(pwrite(descriptor.rawValue, &octet, 1, offset) == 1)
        let reader = try await store.openBody(file)
        var given = 0
        await #expect(throws: QueueError.self) { while let piece = try await reader.next() { given += piece.count } }
        #expect(given < Self.length)
        await #expect(throws: QueueError.notSendable(message.id)) { try await store.load(message.id) }
        // Released by an operator, it is checked again.
        #expect(try await store.release(QueueFilter(ids: [message.id])) == 1)
        #expect(try await store.load(message.id) == message)
        await store.close()
    }
}
