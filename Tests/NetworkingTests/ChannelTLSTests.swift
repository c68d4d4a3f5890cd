import Cryptography
import Glibc
import Networking
import Testing

@Suite(.timeLimit(.minutes(2))) struct ChannelTLSTests {
    let worker = Worker()
    let server = Recorder()
    let client = Recorder()

    static let serveTLS: @Sendable (Channel) -> Void = { channel in
        #expect(throws: Never.self) { try channel.startTLS(server: TestTLS.server) }
    }

    static let beginTLS: @Sendable (Channel) -> Void = { channel in
        #expect(throws: Never.self) { try channel.startTLS(client: TestTLS.client, serverName: "localhost") }
    }

    @Test(arguments: [1, 1000, 16 << 10, 5 << 20])
    func channelsEcho(count: Int) async throws {
        let (one, other) = try ConnectedSocket.pair()
        _ = await Endpoint.start(one, worker, server, setUp: Self.serveTLS, onEvent: Endpoint.echo)
        let octets = pattern(count)
        // Sent before the handshake is done: waits for it.
        let endpoint = await Endpoint.start(
            other, Worker(), client,
            setUp: { channel in
                Self.beginTLS(channel)
                channel.send(octets)
            })
        let state = await client.wait { $0.input.count == count }
        #expect(state.input == octets)
        #expect(state.secured.first?.protocolVersion == "TLSv1.3")
        #expect(server.state.secured == state.secured)
        await endpoint?.perform { $0.close() }
        await client.wait { $0.closures == [.local] }
        await server.wait { $0.closures == [.closeNotify] }
    }

    @Test func oneTurnIsOneRecord() async throws {
        let (raw, socket) = try RawSocket.pair()
        _ = await Endpoint.start(socket, worker, server, setUp: Self.serveTLS) { channel, event, _ in
            guard case .input = event else { return }
            channel.consume(channel.inputCount)
            for _ in 0..<5 { channel.send(Array("250-x\r\n".utf8)) }
        }
        var peer = try RawTLSClient(raw)
        try await peer.handshake()
        try peer.write("EHLO x\r\n")
        // 35 octets, one for the content type, 16 for the tag.
        #expect(await peer.readRecord().count == 5 + 35 + 17)
    }

    @Test func upgradesByStartTLS() async throws {
        let (one, other) = try ConnectedSocket.pair()
        _ = await Endpoint.start(one, worker, server) { channel, event, recorder in
            guard case .input = event else { return }
            let text = channel.withInput { Array($0) }
            channel.consume(text.count)
            if text == Array("STARTTLS\r\n".utf8) {
                channel.send(Array("220 go\r\n".utf8))
                Self.serveTLS(channel)
            } else {
                channel.send(text)
            }
        }
        _ = await Endpoint.start(other, worker, client, setUp: { $0.send(Array("STARTTLS\r\n".utf8)) }) { channel, event, recorder in
            switch event {
            case .input:
                let text = channel.withInput { Array($0) }
                channel.consume(text.count)
                recorder.update { $0.input += text }
                if channel.isSecure { channel.close() } else { Self.beginTLS(channel) }
            case .secured: channel.send(Array("EHLO x\r\n".utf8))
            default: break
            }
        }
        let state = await client.wait { $0.closures == [.local] }
        #expect(state.input == Array("220 go\r\nEHLO x\r\n".utf8))
        await server.wait { $0.closures == [.closeNotify] }
    }

    /// Octets behind STARTTLS: in the same segment they lie unread; in one of their own the kernel has them, or TLS gets them. In no case
    /// is any of them answered.
    @Test(arguments: ["STARTTLS\r\nEHLO evil\r\n", "STARTTLS\r\n"])
    func refusesInjectedOctets(text: String) async throws {
        let (raw, socket) = try RawSocket.pair()
        _ = await Endpoint.start(socket, worker, server) { channel, event, recorder in
            guard case .input = event, !channel.isSecure else { return }
            channel.consume("STARTTLS\r\n".utf8.count)
            channel.send(Array("220 go\r\n".utf8))
            if text.utf8.count == 10 { raw.write("EHLO evil\r\n") }
            do throws(Channel.StartTLSError) { try channel.startTLS(server: TestTLS.server) } catch {
                recorder.note("\(error)")
                channel.abort()
            }
        }
        raw.write(text)
        let state = await server.wait { !$0.closures.isEmpty }
        #expect(state.notes == ["octets came in clear before the TLS handshake"])
        #expect(state.closures == [.local])
        #expect(await raw.readToEnd() == [])
    }

    /// After the reply has left, what comes is TLS or nothing.
    @Test func takesLateInjectionForBrokenTLS() async throws {
        let (raw, socket) = try RawSocket.pair()
        _ = await Endpoint.start(socket, worker, server) { channel, event, _ in
            guard case .input = event else { return }
            channel.consume(channel.inputCount)
            channel.send(Array("220 go\r\n".utf8))
            Self.serveTLS(channel)
        }
        raw.write("STARTTLS\r\n")
        #expect(await raw.read(8) == Array("220 go\r\n".utf8))
        raw.write("EHLO evil\r\n")
        raw.finishWriting()
        let state = await server.wait { !$0.closures.isEmpty }
        guard case .tls(let error)? = state.closures.first else { Issue.record("\(state.closures)"); return }
        #expect(!error.reasons.isEmpty)
        #expect(state.inputEvents == 1)
    }

    /// A man in the middle adds a reply behind the 220: unread, or still in the kernel.
    @Test(arguments: [true, false])
    func clientRefusesInjectedOctets(together: Bool) async throws {
        let (raw, socket) = try RawSocket.pair()
        _ = await Endpoint.start(socket, worker, client) { channel, event, recorder in
            guard case .input = event else { return }
            channel.consume(8)
            if !together { raw.write("250 evil\r\n") }
            do throws(Channel.StartTLSError) { try channel.startTLS(client: TestTLS.client, serverName: "localhost") } catch {
                recorder.update { $0.numbers.append(error == .premature ? 1 : 0) }
                channel.abort()
            }
        }
        raw.write(together ? "220 go\r\n250 evil\r\n" : "220 go\r\n")
        let state = await client.wait { !$0.closures.isEmpty }
        #expect(state.numbers == [1])
        #expect(await raw.readToEnd() == [])
    }

    @Test func tellsAWrongNameAndLetsThePeerKnow() async throws {
        let (one, other) = try ConnectedSocket.pair()
        _ = await Endpoint.start(one, worker, server, setUp: Self.serveTLS)
        _ = await Endpoint.start(
            other, worker, client,
            setUp: { channel in
                try? channel.startTLS(client: TestTLS.client, serverName: "other.example")
                channel.send(Array("AUTH PLAIN secret\r\n".utf8))
            })
        let state = await client.wait { !$0.closures.isEmpty }
        #expect(state.closures.first?.description.contains("hostname mismatch") == true, "\(state.closures)")
        #expect(state.secured.isEmpty)
        let told = await server.wait { !$0.closures.isEmpty }
        // The alert arrived: the server knows why.
        #expect(told.closures.first?.description.contains("alert") == true, "\(told.closures)")
        #expect(told.input.isEmpty)
    }

    @Test func tellsTruncationFromTheEnd() async throws {
        for isProper in [true, false] {
            let recorder = Recorder()
            let (raw, socket) = try RawSocket.pair()
            _ = await Endpoint.start(socket, worker, recorder, setUp: Self.serveTLS)
            var peer = try RawTLSClient(raw)
            try await peer.handshake()
            try peer.write("DATA\r\nhalf")
            if isProper {
                peer.session.sendCloseNotify()
                peer.push()
            } else {
                raw.finishWriting()
            }
            let state = await recorder.wait { !$0.closures.isEmpty }
            #expect(state.input == Array("DATA\r\nhalf".utf8))
            #expect(state.closures == [isProper ? .closeNotify : .truncated])
        }
    }

    @Test func cutAtEveryOctet() async throws {
        let (raw, socket) = try RawSocket.pair()
        _ = await Endpoint.start(socket, worker, server, setUp: Self.serveTLS, onEvent: Endpoint.echo)
        var peer = try RawTLSClient(raw)
        try await peer.handshake()
        var wire: [UInt8] = []
        _ = try Array("NOOP\r\n".utf8).withUnsafeBytes { try peer.session.write($0).isDone }
        peer.session.appendPendingCiphertext(to: &wire)
        for octet in wire { raw.write([octet]) }
        #expect(try await peer.read(6) == Array("NOOP\r\n".utf8))
    }

    /// Pausing in the middle of what was already decrypted loses nothing, though no socket event will come for it.
    @Test func pauseUnderTLSLosesNothing() async throws {
        let (raw, socket) = try RawSocket.pair()
        let limit = 20_000
        let endpoint = await Endpoint.start(socket, worker, server, inputLimit: limit, setUp: Self.serveTLS) { channel, event, recorder in
            guard case .input = event else { return }
            let octets = channel.withInput { Array($0) }
            channel.consume(octets.count)
            recorder.update { $0.input += octets }
            channel.isReading = false
        }
        var peer = try RawTLSClient(raw)
        try await peer.handshake()
        let total = 400_000
        let octets = pattern(total)
        _ = try octets.withUnsafeBytes { try peer.session.write($0).isDone }
        var wire: [UInt8] = []
        peer.session.appendPendingCiphertext(to: &wire)
        let pieces = wire
        let writer = Task {
            await raw.writeAll(pieces)
            raw.finishWriting()
        }
        var count = 0
        while count < total {
            let known = count
            count = await server.wait { $0.input.count > known }.input.count
            await endpoint?.perform { $0.isReading = true }
        }
        await writer.value
        let state = await server.wait { !$0.closures.isEmpty }
        #expect(state.input == octets)
        #expect(state.closures == [.truncated])
    }
}
