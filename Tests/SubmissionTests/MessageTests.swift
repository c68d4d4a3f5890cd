import MailModel
import MailQueue
@testable import Submission
import Testing
import TestSupport

/// Messages on their way in: large, refused, interrupted, and with a disk that is slow, full or broken.
@Suite(.timeLimit(.minutes(2))) struct MessageTests {
    private let line = String(repeating: "x", count: 76) + "\r\n"

    @Test func largeBodiesGoToTheSpool() async throws {
        let service = try Service()
        let client = try await service.trusted()
        let body = String(repeating: line, count: 10_000)
        #expect(await client.submit(Service.message(body: body)) == 250)
        let stored = try #require(service.memory.messages.first)
        guard case .file(let file) = stored.body else {
            Issue.record("kept in memory")
            return
        }
        #expect(file.size == body.utf8.count && file.id == stored.id)
        let reader = try await service.memory.openBody(file)
        var read: [UInt8] = []
        while let piece = try await reader.next() { read += piece }
        #expect(read == Array(body.utf8))
        await client.hangUp()
    }

    @Test func refusedBodiesLeaveNothingInTheSpool() async throws {
        let service = try Service()
        let client = try await service.trusted()
        let body = String(repeating: line, count: 2000)
        #expect(await client.submit(Service.message(body: body + "bare \n feed\r\n")) == 550)
        #expect(service.spool.counts.writers == 1 && service.spool.counts.discarded == 1 && service.spool.counts.finished == 0)
        #expect(service.events.names == [.refused])
        // Gone in the middle of it.
        #expect(await client.begin() == [250, 250, 354])
        await client.send(Service.message(body: body))
        try await until("the spool to have it") { service.spool.counts.writers == 2 }
        await client.hangUp()
        try await until("its removal") { service.spool.counts.discarded == 2 }
        #expect(service.memory.messages.isEmpty && service.next.seen == NextHand.Seen())
    }

    /// The limit is enforced while reading: memory does not grow with what comes.
    @Test func fortyOneMegabytes() async throws {
        let service = try Service(spool: WatchedSpool(keeps: false))
        let client = try await service.trusted()
        #expect(await client.ask("MAIL FROM:<app@mail.example.com> SIZE=41000000") == 552)
        #expect(await client.begin() == [250, 250, 354])
        await client.send(Service.message(body: ""))
        let chunk = Array(String(repeating: line, count: 10_000).utf8)
        var sent = 0
        while sent < 41_000_000 {
            await client.send(chunk)
            sent += chunk.count
            // What came goes on to the disk as it comes; only the kernel and one buffer lie in between.
            try await until("the disk to have it") { service.spool.counts.octets >= min(sent, 40_000_000) - (1 << 20) }
        }
        await client.send(".\r\n")
        #expect(await client.code() == 552)
        #expect(service.spool.counts.finished == 0 && service.spool.counts.discarded == 1)
        // The session goes on.
        #expect(await client.submit(Service.message()) == 250)
        await client.hangUp()
    }

    /// Twice the limit and no end: that is no mail any more.
    @Test func endlessDataIsCutOff() async throws {
        let service = try Service { $0.maximumMessageSize = 100_000 }
        let client = try await service.trusted()
        #expect(await client.begin() == [250, 250, 354])
        await client.send(Service.message(body: String(repeating: line, count: 4000)))
        #expect(await client.code() == 552)
        await client.end()
    }

    /// The disk is behind: reading stops after a megabyte and goes on when the disk does.
    @Test func aSlowDiskStopsTheReading() async throws {
        let service = try Service()
        service.spool.stick()
        let client = try await service.trusted()
        let body = String(repeating: line, count: 100_000)
        #expect(await client.begin() == [250, 250, 354])
        await client.send(Service.message(body: body) + ".\r\n")
        try await until("the backlog") { service.spool.counts.octets > Reception.diskBacklog }
        for _ in 0..<2000 { await Task.yield() }
        #expect(service.spool.counts.octets < Reception.diskBacklog + (1 << 20))
        service.spool.goOn()
        #expect(await client.code() == 250)
        #expect(service.memory.messages.first?.body.count == body.utf8.count)
        await client.hangUp()
    }

    /// The client went away while its message was made durable: it is the queue's all the same.
    @Test func goneDuringTheCommit() async throws {
        let service = try Service()
        service.store.stall()
        let client = try await service.trusted()
        #expect(await client.begin() == [250, 250, 354])
        await client.send(Service.message() + ".\r\n")
        try await until("the commit") { service.store.underWay == 1 }
        await client.hangUp()
        try await until("the session's end") { service.service.connectionCount == 0 }
        service.store.goOn()
        try await until("the hand-over") { service.next.seen.accepted.count == 1 }
        #expect(service.memory.messages.count == 1)
    }

    @Test(arguments: [(QueueError.outOfSpace, 452), (.storageUnhealthy("EIO"), 451), (.rejected("odd"), 451)])
    func storageThatFails(error: QueueError, code: Int) async throws {
        let service = try Service()
        let client = try await service.trusted()
        #expect(await client.begin() == [250, 250, 354])
        service.memory.fail(with: error)
        await client.send(Service.message() + ".\r\n")
        #expect(await client.code() == code)
        let seen = service.next.seen
        #expect(seen.expected.count == 1 && seen.withdrawn == seen.expected && seen.accepted.isEmpty)
        if case .rejected = error {} else { #expect(await client.ask("MAIL FROM:<app@mail.example.com>") == code) }
        service.memory.fail(with: nil)
        #expect(await client.submit(Service.message()) == 250)
        #expect(service.events.names.first == .accepted)
        await client.hangUp()
    }

    /// Refusals, however many, do not harm what follows.
    @Test func manyRefused() async throws {
        let service = try Service()
        let client = try await service.trusted()
        for _ in 0..<50 { #expect(await client.submit("a\0b\r\n") == 554) }
        #expect(await client.submit(Service.message()) == 250)
        #expect(service.memory.messages.count == 1)
        await client.hangUp()
    }

    /// What is sent behind DATA without waiting for 354 is nothing that a client of ours does, and may be smuggled.
    @Test func contentBeforeTheInvitation() async throws {
        let service = try Service()
        let client = try await service.trusted()
        await client.send(Service.envelope + Service.message() + ".\r\n")
        #expect(await client.codes(4).suffix(2) == [554, 0])
        #expect(service.memory.messages.isEmpty)
    }
}
