import GRDB
import MailModel
@testable import MailQueue
import SafeIO
import Testing

/// What came in is kept, goes with its message, and headers made anew take the place of old ones whole or not at all.
@Suite(.timeLimit(.minutes(2))) struct OriginalTests {
    static func kept(_ number: Int = 1, header: [UInt8]? = nil, recipients: [Mailbox]? = nil) -> KeptOriginal {
        KeptOriginal(
            header: header ?? Array("From: \"App\" <app@localhost>\r\nSubject: \(number)\r\n".utf8), reversePath: .null,
            recipients: recipients, bodyRepair: 0x91, bodyHash: pattern(32), helloName: Array("app".utf8), client: "192.0.2.7",
            transfer: "ESMTPSA", generation: "0123456789ab")
    }

    static func message(_ number: Int, body: StoredBody? = nil) -> QueuedMessage {
        var message = Sample.message(number, to: ["a@example.net", "b@example.net"], body: body)
        message.original = EncodedOriginal(kept(number), of: message.id)
        return message
    }

    static func replacement(_ message: QueuedMessage, before: [UInt8]? = nil) -> HeaderReplacement {
        var facts = message.facts
        facts.fromAfter = "new@mail.example.com"
        facts.identity = "mail.example.com"
        var event = RelayEvent(.rewritten, at: Sample.now, queueID: message.id)
        event.fromAfter = facts.fromAfter
        var original = kept()
        original.generation = "new"
        return HeaderReplacement(
            message.id, before: before ?? message.header, header: Array("From: new@mail.example.com\r\nDKIM-Signature: new\r\n\r\n".utf8),
            reversePath: .mailbox(Sample.mailbox("new@mail.example.com")), facts: facts,
            original: EncodedOriginal(original, of: message.id),
            events: [event])
    }

    // MARK: Coding

    @Test func whatIsKeptComesBack() {
        let id = Sample.id(1)
        for original in [
            Self.kept(), Self.kept(header: []), Self.kept(header: pattern(200_000)),
            Self.kept(recipients: [Sample.mailbox("team@mail.example.com"), Sample.mailbox("\"odd one\"@example.net")]),
        ] {
            #expect(EncodedOriginal(original, of: id).decoded(of: id) == original)
        }
        let encoded = EncodedOriginal(Self.kept(), of: id)
        #expect(encoded.decoded(of: Sample.id(2)) == nil, "another message's")
        for place in encoded.octets.indices {
            var octets = encoded.octets
            octets[place] ^= 1
            #expect(EncodedOriginal(octets: octets).decoded(of: id) == nil)
            #expect(EncodedOriginal(octets: Array(octets[..<place])).decoded(of: id) == nil)
        }
    }

    @Test func aHeaderTakesLessThanHalfOfItsRoom() {
        let header = Array(
            """
            Received: from app01.shop.example (app01.shop.example [192.0.2.41]) by mx.shop.example with ESMTP; Sun, 1 Mar 2026 09:05:06 +0000\r
            Date: Sun, 01 Mar 2026 10:05:05 +0100\r
            From: "Order desk" <orders@app01.shop.example>\r
            To: Anna Example <anna.example@customer.example>\r
            Subject: Your order 20260301-77812 is on its way\r
            Message-ID: <0f4b7c1e-2b64-4c7c-9a5b-2f1fbb1e5a0e@app01.shop.example>\r
            MIME-Version: 1.0\r
            List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
            X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)\r
            Content-Type: multipart/alternative; boundary="b1_2f1fbb1e5a0e0f4b7c1e2b644c7c9a5b"\r\n
            """.utf8)
        let plain = EncodedOriginal(Self.kept(header: []), of: Sample.id(1)).octets.count
        #expect(EncodedOriginal(Self.kept(header: header), of: Sample.id(1)).octets.count - plain < header.count / 2)
    }

    // MARK: The store

    @Test func originalsGoWithTheirMessages() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let messages = (1...4).map { Self.message($0) }
        try await store.commit(messages + [Sample.message(5)])
        for (number, message) in zip(1..., messages) {
            #expect(try await store.original(of: message.id) == Self.kept(number))
            #expect(try await store.load(message.id).original == nil, "what sends a message does not read it")
        }
        #expect(try await store.original(of: Sample.id(5)) == nil)
        try await store.record(Sample.relayed(messages[0]))
        await #expect(throws: QueueError.notFound(messages[0].id)) { try await store.original(of: messages[0].id) }
        #expect(try await store.verify(pages: true).problems == [])
        await store.close()
    }

    @Test(arguments: [true, false]) func aReplacementTakesThePlaceOfTheHeader(inMemory: Bool) async throws {
        let folder = try Folder()
        let store: any QueueStore = inMemory ? MemoryQueueStore(clock: { Sample.now }) : try folder.store()
        let (first, second) = (Self.message(1), Self.message(2))
        try await store.commit([first, second])
        // One recipient has left already.
        let left = DeliveryRecord(
            first.id, results: [RecipientResult(index: 0, verdict: .relayed, attempts: 1, reply: "250 Ok")], events: [])
        try await store.record(left)
        let before = try await store.statistics()

        let done = try await store.replace([
            Self.replacement(first), Self.replacement(second, before: []), Self.replacement(Self.message(9)),
        ])
        #expect(done == [first.id], "one is not as expected, and one is not there")
        let found = try await store.load(first.id)
        #expect(found.header == Self.replacement(first).header && found.body == first.body)
        #expect(found.reversePath == .mailbox(Sample.mailbox("new@mail.example.com")) && found.facts.identity == "mail.example.com")
        #expect(found.recipients.map(\.state) == [.relayed, .waiting] && found.acceptedAt == first.acceptedAt)
        #expect(try await store.original(of: first.id)?.generation == "new")
        #expect(try await store.load(second.id).header == second.header)
        let after = try await store.statistics()
        #expect(after.total.openRecipients == before.total.openRecipients && after.total.messages == before.total.messages)
        if !inMemory { #expect(try await store.verify(pages: true).problems == []) }
        await store.close()
    }

    /// A crash before the sync leaves all as it was, and one after it all as it shall be.
    @Test func aCrashLeavesTheOldOrTheNew() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let messages = (1...40).map { Self.message($0, body: .inline(pattern($0 * 300))) }
        try await store.commit(messages)
        let before = try folder.crashed()
        #expect(try await store.replace(messages.map { Self.replacement($0) }).count == 40)
        let after = try folder.crashed()
        await store.close()
        // The log cut anywhere: SQLite takes whole transactions only.
        let log = try WholeFile.read("\(after.path)/queue.db-wal", limit: 1 << 30)
        let old = try WholeFile.read("\(before.path)/queue.db-wal", limit: 1 << 30).count
        for cut in stride(from: old, through: log.count, by: max(1, (log.count - old) / 12)) + [log.count] {
            let crashed = try after.crashed()
            try crashed.write("queue.db-wal", Array(log[..<cut]))
            let reopened = try crashed.store()
            var new = 0
            for message in messages {
                let header = try await reopened.load(message.id).header
                if header == Self.replacement(message).header { new += 1 } else { #expect(header == message.header) }
            }
            #expect(new == 0 || new == 40, "cut at \(cut) of \(log.count): \(new) are new")
            if cut == log.count { #expect(new == 40) }
            #expect(try await reopened.verify(pages: true).problems == [])
            await reopened.close()
        }
    }

    @Test func aFullDiskChangesNothing() async throws {
        let folder = try Folder()
        let store = try folder.store()
        let messages = (1...60).map { Self.message($0, body: .inline(pattern(20_000))) }
        try await store.commit(messages)
        try await store.limitPages { $0 }
        var long = Self.replacement(messages[0])
        long = HeaderReplacement(
            long.id, before: long.before, header: pattern(400_000), reversePath: long.reversePath, facts: long.facts,
            original: long.original,
            events: long.events)
        await #expect(throws: QueueError.self) { _ = try await store.replace([Self.replacement(messages[1]), long]) }
        #expect(try await store.load(messages[0].id).header == messages[0].header)
        #expect(try await store.load(messages[1].id).header == messages[1].header)
        await store.close()
    }

    @Test func verificationAndSalvageKnowOriginals() async throws {
        let folder = try Folder()
        let store = try folder.store()
        try await store.commit((1...5).map { Self.message($0) } + [Sample.message(6)])
        await store.close()
        let database = try DatabaseQueue(path: "\(folder.path)/queue.db")
        try await database.writeWithoutTransaction { database in
            try database.execute(sql: "UPDATE content SET original = CAST('rubbish' AS BLOB) WHERE id = (SELECT min(id) FROM content)")
        }
        try database.close()
        let damaged = try folder.store()
        #expect(try await damaged.verify(pages: true).problems.count { $0.contains("original header is damaged") } == 1)
        await #expect(throws: QueueError.self) { _ = try await damaged.original(of: Sample.id(1)) }
        #expect(try await damaged.load(Sample.id(1)).header == Sample.message(1).header, "it can be sent")
        await damaged.close()
        let target = try Folder()
        #expect(try await Salvage.run(from: folder.path, to: target.path, clock: { Sample.now }).recovered == 6)
        let salvaged = try target.store()
        #expect(try await salvaged.original(of: Sample.id(1)) == nil)
        #expect(try await salvaged.original(of: Sample.id(2)) == Self.kept(2))
        await salvaged.close()
    }

    // MARK: Earlier versions

    /// Back to what an earlier version wrote.
    static let stepBack3 = "ALTER TABLE content DROP COLUMN original; PRAGMA user_version = 2;"
    static let stepBack2 = """
        DROP INDEX entry_due_by_account; DROP INDEX entry_dead; DROP INDEX entry_crashed;
        DROP TABLE suppression; DROP TABLE strike; DROP TABLE ledger;
        DELETE FROM mark WHERE name NOT IN ('highest_id', 'probe');
        ALTER TABLE entry DROP COLUMN service_at; ALTER TABLE entry DROP COLUMN warned; ALTER TABLE entry DROP COLUMN crashes;
        ALTER TABLE recipient DROP COLUMN ses_id; ALTER TABLE recipient DROP COLUMN reported;
        PRAGMA user_version = 1
        """

    @Test(arguments: [1, 2]) func earlierQueuesAreTakenOver(version: Int) async throws {
        let folder = try Folder()
        var store = try folder.store()
        let messages = (1...200).map { Sample.message($0, to: ["a@example.net", "b@example.net"], body: .inline(pattern($0 * 50))) }
        try await store.commit(messages)
        await store.close()
        let database = try DatabaseQueue(path: "\(folder.path)/queue.db")
        try await database.writeWithoutTransaction { database in
            try database.execute(sql: Self.stepBack3 + (version == 1 ? Self.stepBack2 : ""))
        }
        try database.close()
        // What is salvaged from it before anybody opened it is whole, too.
        let target = try Folder()
        #expect(try await Salvage.run(from: folder.path, to: target.path, clock: { Sample.now }).recovered == 200)

        store = try folder.store()
        #expect(store.recovery.messages == 200)
        for message in messages {
            #expect(try await store.load(message.id).header == message.header)
            #expect(try await store.original(of: message.id) == nil)
        }
        let new = Self.message(201)
        try await store.commit(new)
        #expect(try await store.original(of: new.id) == Self.kept(201))
        #expect(try await store.replace([Self.replacement(messages[0])]) == [messages[0].id])
        let report = try await store.verify(pages: true)
        #expect(report.problems == [] && report.accepted == 402 && report.open == 402)
        await store.close()
        store = try folder.store()
        #expect(try await store.load(messages[0].id).header == Self.replacement(messages[0]).header)
        await store.close()
    }
}
