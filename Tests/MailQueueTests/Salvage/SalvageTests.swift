import MailModel
@testable import MailQueue
import SafeIO
import Testing

/// What comes out of a store whose pages were overwritten: everything that was not hit, and nothing that was altered.
@Suite(.timeLimit(.minutes(5))) struct SalvageTests {
    /// The same numbers each time.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    /// Of all sizes: in one page, with overflow pages, and with a body in the spool.
    private func messages(_ count: Int) -> [QueuedMessage] {
        (0..<count).map { number in
            Sample.message(
                number, to: ["a\(number)@example.net", "b\(number)@example.net"],
                body: .inline(pattern(number % 5 == 0 ? 9000 + number : 300 + number % 700)))
        }
    }

    private func filled(_ messages: [QueuedMessage]) async throws -> Folder {
        let folder = try Folder()
        let store = try folder.store()
        for start in stride(from: 0, to: messages.count, by: 100) {
            try await store.commit(Array(messages[start..<min(messages.count, start + 100)]))
        }
        // Holes, as a queue that works has them.
        for message in messages where message.id.value % 7 == 3 { try await store.record(Sample.relayed(message)) }
        await store.close()
        return folder
    }

    @Test func aWholeStoreComesOutWhole() async throws {
        let all = messages(300)
        let folder = try await filled(all)
        let target = try Folder()
        let report = try await Salvage.run(from: folder.path, to: target.path, clock: { Sample.now })
        let left = all.filter { $0.id.value % 7 != 3 }
        #expect(report.recovered == left.count && report.damaged.isEmpty && report.knowsFreePages)
        let store = try target.store()
        for message in left {
            let found = try await store.load(message.id)
            #expect(
                found.header == message.header && found.body == message.body
                    && found.recipients.map(\.mailbox) == message.recipients.map(\.mailbox))
        }
        await store.close()
    }

    /// What was told stays told, and what nobody was told of is not forgotten.
    @Test func failuresAreNotForgotten() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let (untold, told) = (Sample.message(1, to: ["a@example.net"]), Sample.message(2, to: ["a@example.net", "b@example.net"]))
        try await store.commit([untold, told])
        let failure = RecipientResult(index: 0, verdict: .failed, attempts: 1, reply: "550 no")
        var record = DeliveryRecord(untold.id, results: [failure], events: [])
        record.ending = .dead(note: "in a digest", reportDue: Sample.now + .seconds(60))
        try await store.record(record)
        record = DeliveryRecord(told.id, results: [failure], events: [])
        record.reported = [0]
        record.isWarning = true
        try await store.record(record)
        await store.close()
        let target = try Folder()
        let report = try await Salvage.run(from: folder.path, to: target.path, clock: { Sample.now })
        #expect(report.recovered == 2 && report.finished == 0)
        let salvaged = try target.store()
        #expect(try await salvaged.load(untold.id).recipients.map(\.state) == [.waiting])
        let again = try await salvaged.load(told.id)
        #expect(again.recipients.map(\.isReported) == [true, false] && again.isWarned)
        await salvaged.close()
    }

    /// A random page is overwritten with noise, zeroes or another page. The store then opens, or says what to run; whatever it or the
    /// salvage gives out is what was accepted; and of the messages that are not on that page, all come out.
    @Test(arguments: [UInt64(1), 2, 3, 4]) func randomPageDamage(seed: UInt64) async throws {
        let all = messages(500)
        let left = all.filter { $0.id.value % 7 != 3 }
        let byID = Dictionary(uniqueKeysWithValues: left.map { ($0.id, $0) })
        let folder = try await filled(all)
        let original = try WholeFile.read("\(folder.path)/queue.db")
        var dice = Dice(state: seed)
        for round in 0..<10 {
            var octets = original
            let page = Int.random(in: 0..<octets.count / 4096, using: &dice)
            let other = Int.random(in: 0..<octets.count / 4096, using: &dice)
            for place in 0..<4096 {
                switch round % 3 {
                case 0: octets[page * 4096 + place] = UInt8.random(in: 0...255, using: &dice)
                case 1: octets[page * 4096 + place] = 0
                default: octets[page * 4096 + place] = original[other * 4096 + place]
                }
            }
            let damaged = try folder.crashed()
            try damaged.write("queue.db", octets)
            let target = try Folder()
            let report = try await Salvage.run(from: damaged.path, to: target.path, clock: { Sample.now })
            #expect(try WholeFile.read("\(damaged.path)/queue.db") == octets, "the damaged store is not touched")
            let store = try target.store()
            // What lay on one page: its rows, at most as many as fit.
            #expect(report.recovered >= left.count - 100, "page \(page): \(report.recovered) of \(left.count)")
            let page1 = try await store.list(.all, after: nil, limit: 1000)
            for entry in page1.entries {
                guard let message = byID[entry.id] else {
                    #expect(!report.knowsFreePages, "page \(page): \(entry.id) had left")
                    continue
                }
                let found = try await store.load(entry.id)
                #expect(
                    found.header == message.header && found.body == message.body
                        && found.recipients.map(\.mailbox) == message.recipients.map(\.mailbox))
            }
            await store.close()
            await opens(damaged, byID)
        }
    }

    /// The daemon starts and sends nothing that was altered, or it says what to do.
    private func opens(_ folder: Folder, _ byID: [QueueID: QueuedMessage]) async {
        do {
            let store = try folder.store()
            for id in byID.keys {
                guard let found = try? await store.load(id) else { continue }
                #expect(found.header == byID[id]?.header && found.body == byID[id]?.body)
            }
            await store.close()
        } catch {
            #expect("\(error)".contains("fairlead queue salvage"), "\(error)")
        }
    }

    /// What the write-ahead log holds belongs to the store.
    @Test func theLogIsRead() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let all = messages(20)
        try await store.commit(all)
        let crashed = try folder.crashed()
        #expect(try Directory(path: crashed.path).status(of: "queue.db-wal")?.size ?? 0 > 4096)
        let target = try Folder()
        let report = try await Salvage.run(from: crashed.path, to: target.path, clock: { Sample.now })
        #expect(report.recovered == 20)
        await store.close()
    }

    @Test func randomOctetsAreNoRecord() {
        var dice = Dice(state: 9)
        for _ in 0..<20_000 {
            let octets = (0..<Int.random(in: 0...60, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) }
            if let record = StoredRecord(octets) { #expect(record.values.count <= 20) }
        }
    }
}
