import Testing

@testable import Cryptography

@Suite struct TLSStreamTests {
    private func established(_ version: TLSHandshakeTests.Version = .tls13) throws -> Pair {
        let contexts = try TLSHandshakeTests.contexts(version)
        var pair = try Pair(contexts.client, contexts.server)
        try pair.handshake()
        return pair
    }

    @Test(arguments: TLSHandshakeTests.Version.allCases, [1, 7, 4096, 20_000]) func carriesOctetsBothWays(
        version: TLSHandshakeTests.Version, chunk: Int
    ) throws {
        var pair = try established(version)
        let message = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7 / 3) }
        let taken = try (pair.client.write(message), pair.server.write(message))
        #expect(taken.0 == message.count && taken.1 == message.count)
        var atServer: [UInt8] = [], atClient: [UInt8] = []
        while try pair.deliver(from: .client, chunk: chunk) > 0 { atServer += try pair.server.readAll().octets }
        while try pair.deliver(from: .server, chunk: chunk) > 0 { atClient += try pair.client.readAll().octets }
        #expect(atServer == message && atClient == message)
    }

    /// Wherever the record was cut, and however much of it was read.
    @Test(arguments: TLSHandshakeTests.Version.allCases) func buffersComeBack(version: TLSHandshakeTests.Version) throws {
        var pair = try established(version)
        pair.server.releaseBuffers()
        let message = (0..<100).map { UInt8($0) }
        var length = 1, cut = 0
        while cut < length {
            _ = try pair.client.write(message)
            var record: [UInt8] = []
            pair.client.appendPendingCiphertext(to: &record)
            length = record.count
            try pair.server.feed(Array(record[..<cut]))
            let before = try pair.server.readAll()
            pair.server.releaseBuffers()
            try pair.server.feed(Array(record[cut...]))
            let after = try pair.server.readAll()
            #expect(before.octets + after.octets == message, "cut at \(cut)")
            pair.server.releaseBuffers()
            cut += 1
        }
        #expect(length > 120)

        let long = (0..<16_000).map { UInt8(truncatingIfNeeded: $0 * 7 / 3) }
        _ = try pair.client.write(long)
        try pair.deliver(from: .client)
        var read: [UInt8] = []
        for count in [1, 100, 5000] {
            var piece = [UInt8](repeating: 0, count: count)
            guard case .done(count) = try piece.withUnsafeMutableBytes({ buffer in try pair.server.read(into: buffer) }) else {
                Issue.record("less than \(count)")
                return
            }
            read += piece
            pair.server.releaseBuffers()
        }
        let rest = try pair.server.readAll()
        #expect(read + rest.octets == long)
    }

    @Test func lendsWhatIsPendingUntilItIsTaken() throws {
        var pair = try established()
        let count = try pair.server.write(octets("250 ok\r\n"))
        #expect(count == 8)
        var rebuilt: [UInt8] = []
        let total = pair.server.pendingCiphertextCount
        struct Full: Error {}
        try? pair.server.withPendingCiphertext { (_) throws(Full) in throw Full() }
        while pair.server.hasPendingCiphertext {
            pair.server.withPendingCiphertext {
                rebuilt.append($0[0])
                return 1
            }
        }
        #expect(rebuilt.count == total)
        try pair.client.feed(rebuilt)
        let read = try pair.client.readAll()
        #expect(read.octets == octets("250 ok\r\n"))
        var isCalled = false
        pair.server.withPendingCiphertext { _ in
            isCalled = true
            return 5
        }
        #expect(!isCalled)
    }

    @Test(arguments: TLSHandshakeTests.Version.allCases) func tellsTheTrueEndFromACut(version: TLSHandshakeTests.Version) throws {
        var pair = try established(version)
        _ = try pair.client.write(octets("DATA\r\n"))
        try pair.deliver(from: .client)
        let cut = try pair.server.readAll()
        #expect(cut.octets == octets("DATA\r\n") && !cut.isClosed)  // a FIN now: the caller knows that no close_notify came

        pair.client.sendCloseNotify()
        pair.client.sendCloseNotify()
        try pair.deliver(from: .client)
        let end = try pair.server.readAll()
        #expect(end.octets == [] && end.isClosed)

        // What follows the end is nobody's; our own answer still goes out.
        try pair.server.feed(octets("garbage"))
        let after = try pair.server.readAll()
        #expect(after.octets == [] && after.isClosed)
        _ = try pair.server.write(octets("221 bye\r\n"))
        pair.server.sendCloseNotify()
        try pair.deliver(from: .server)
        let answer = try pair.client.readAll()
        #expect(answer.octets == octets("221 bye\r\n") && answer.isClosed)
    }

    @Test func endsForGoodAtADamagedRecord() throws {
        var pair = try established()
        _ = try pair.client.write(octets("MAIL FROM:<>\r\n"))
        var record: [UInt8] = []
        pair.client.appendPendingCiphertext(to: &record)
        record[record.count - 1] ^= 1
        try pair.server.feed(record)
        let error = failure { () throws(OpenSSLError) in _ = try pair.server.readAll() }
        #expect(error?.description.contains("bad record mac") == true, "\(String(describing: error))")
        let again = failure { () throws(OpenSSLError) in _ = try pair.server.write(octets("250")) }
        #expect(again == error)
        pair.server.sendCloseNotify()  // says nothing more than the alert
        try pair.deliver(from: .server)
        let seen = failure { () throws(OpenSSLError) in _ = try pair.client.readAll() }
        #expect(seen?.description.contains("alert bad record mac") == true, "\(String(describing: seen))")
    }

    @Test func saysNothingBeforeTheHandshake() throws {
        let contexts = try TLSHandshakeTests.contexts(.tls13)
        var pair = try Pair(contexts.client, contexts.server)
        let early = try pair.server.write(octets("220"))
        #expect(early == nil)
        pair.server.sendCloseNotify()
        let isSilent = !pair.server.hasPendingCiphertext
        #expect(isSilent)
        try pair.handshake()
        let nothing = try pair.server.write([])
        #expect(nothing == 0)
    }

    /// An error of one session must not show up in another that happens to run on the same thread.
    @Test func keepsErrorsApart() throws {
        var good = try established(), bad = try TLSSession(server: TLSHandshakeTests.identity.get().server())
        try bad.feed(octets("not TLS at all, but long enough for a record"))
        let error = failure { () throws(OpenSSLError) in _ = try bad.handshake() }
        #expect(error != nil)
        let read = try good.server.readAll()
        #expect(read.octets == [] && !read.isClosed)
    }
}
