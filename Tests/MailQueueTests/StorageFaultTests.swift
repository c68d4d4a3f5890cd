import Glibc
import MailModel
@testable import MailQueue
import SafeIO
import Testing

@Suite("Storage in trouble", .serialized)
struct StorageFaultTests {
    @Test("A full database refuses new mail, still takes outcomes, and recovers by itself")
    func full() async throws {
        let folder = try Folder()
        let store = try folder.store { $0.reserveInterval = .zero }
        let messages = (0..<40).map { Sample.message($0, body: .inline(pattern(8000))) }
        try await store.commit(messages)
        try await store.limitPages { $0 + 4 }
        let refused = Sample.message(100, body: .inline(pattern(60_000)))
        await #expect(throws: QueueError.outOfSpace) { try await store.commit(refused) }
        #expect(store.health == .outOfSpace)
        #expect(try !folder.names().contains("reserve"))
        #expect(!store.hasRoom(for: 1))
        for message in messages.prefix(20) { try await store.record(Sample.relayed(message)) }
        try await store.limitPages { _ in 1 << 30 }
        // Any settlement finds that there is room for the reserve again.
        try await store.record(Sample.relayed(messages[20]))
        try await store.commit(refused)
        #expect(store.health == .healthy)
        #expect(store.hasRoom(for: 1))
        #expect(try folder.names().contains("reserve"))
        #expect(try await store.statistics().total.messages == 20)
        #expect(try await store.load(refused.id) == refused)
        await store.close()
    }

    @Test("A real full disk", .enabled(if: geteuid() == 0, "mounting needs root"))
    func tinyDisk() async throws {
        let folder = try Folder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=16m") == 0 else { return }
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let store = try folder.store { options in
            options.reserveSize = 2 << 20
            options.reserveInterval = .zero
        }
        var stored: [QueuedMessage] = []
        var failure: QueueError?
        while failure == nil, stored.count < 1000 {
            let message = Sample.message(stored.count, body: .inline(pattern(60_000)))
            do throws(QueueError) {
                try await store.commit(message, events: [Sample.accepted(message)])
                stored.append(message)
            } catch { failure = error }
        }
        #expect(failure == .outOfSpace)
        #expect(stored.count > 50)
        let writer = store.makeSpoolWriter()
        let piece = pattern(1 << 20)
        for _ in 0..<16 { writer.append(piece) }
        await #expect(throws: QueueError.outOfSpace) { try await writer.finish(as: Sample.id(5000)) }
        #expect(try folder.names("spool").isEmpty)
        // What was accepted is whole, and can leave.
        for message in stored {
            #expect(try await store.load(message.id) == message)
            try await store.record(Sample.relayed(message))
        }
        await store.maintainNow()
        try await store.commit(Sample.message(6000))
        #expect(store.health == .healthy)
        #expect(try await store.statistics().total.messages == 1)
        #expect(try await store.trace(stored[0].id.description).map(\.name) == [.accepted, .relayed])
        await store.close()
        let again = try folder.store()
        #expect(again.recovery.messages == 1)
        await again.close()
    }

    @Test("A disk that others fill: the reserve carries the outcomes", .enabled(if: geteuid() == 0, "mounting needs root"))
    func ballast() async throws {
        let folder = try Folder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=32m") == 0 else { return }
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let store = try folder.store { options in
            options.reserveSize = 4 << 20
            options.reserveInterval = .zero
        }
        let messages = (0..<60).map { Sample.message($0, body: .inline(pattern(20_000))) }
        for message in messages { try await store.commit(message, events: [Sample.accepted(message)]) }
        let ballast = try Directory(path: folder.path).createExclusively("ballast")
        let piece = [UInt8](repeating: 1, count: 4096)
        while (try? writeAll(piece, to: ballast, subject: "")) != nil {}
        await #expect(throws: QueueError.outOfSpace) { try await store.commit(Sample.message(100)) }
        for message in messages.dropFirst() { try await store.record(Sample.relayed(message)) }
        #expect(store.health == .outOfSpace)
        try Directory(path: folder.path).remove("ballast")
        try ballast.truncate(to: 0, subject: "ballast")
        try await store.record(Sample.relayed(messages[0]))
        try await store.commit(Sample.message(100))
        #expect(store.health == .healthy)
        #expect(try folder.names().contains("reserve"))
        #expect(try await store.statistics().total.messages == 1)
        #expect(try await store.history.recent(500).count == 120)
        await store.close()
    }

    @Test("Unhealthy storage takes no mail until a probe succeeds")
    func unhealthy() async throws {
        let store = try Folder().store()
        try await store.commit(Sample.message(1))
        store.markUnhealthy("fdatasync: Input/output error")
        await #expect(throws: QueueError.storageUnhealthy("fdatasync: Input/output error")) { try await store.commit(Sample.message(2)) }
        #expect(!store.hasRoom(for: 1))
        try await store.record(Sample.relayed(Sample.message(1)))
        #expect(store.health == .unhealthy("fdatasync: Input/output error"))
        try await store.probe()
        #expect(store.health == .healthy)
        try await store.commit(Sample.message(2))
        await store.close()
    }

    @Test("The WAL and the free pages stay bounded")
    func upkeep() async throws {
        let folder = try Folder()
        let store = try folder.store()
        for start in stride(from: 0, to: 1000, by: 100) {
            let messages = (start..<(start + 100)).map { Sample.message($0, body: .inline(pattern(30_000))) }
            try await store.commit(messages)
            for message in messages { try await store.record(Sample.relayed(message)) }
        }
        let directory = try Directory(path: folder.path)
        #expect(try directory.status(of: "queue.db-wal")?.size ?? 0 < 64 << 20)
        await store.maintainNow()
        #expect(try directory.status(of: "queue.db-wal")?.size == 0)
        #expect(try directory.status(of: "queue.db")?.size ?? 0 < 6 << 20)
        await store.close()
    }
}
