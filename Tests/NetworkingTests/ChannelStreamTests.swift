import Glibc
import Networking
import Testing

/// Octets in, octets out, and who waits for whom.
@Suite(.timeLimit(.minutes(2))) struct ChannelStreamTests {
    let worker = Worker()
    let recorder = Recorder()

    @Test func echoesEveryCut() async throws {
        let message = Array("EHLO client.example\r\nMAIL FROM:<>\r\n".utf8)
        for cut in 0...message.count {
            let (raw, socket) = try RawSocket.pair()
            _ = await Endpoint.start(socket, worker, recorder, onEvent: Endpoint.echo)
            raw.write(Array(message[..<cut]))
            #expect(await raw.read(cut) == Array(message[..<cut]))
            raw.write(Array(message[cut...]))
            raw.finishWriting()
            #expect(await raw.readToEnd() == Array(message[cut...]))
        }
        await recorder.wait { $0.closures.count == message.count + 1 }
        #expect(recorder.state.closures.allSatisfy { $0 == .endOfStream })
    }

    @Test func keepsWhatIsLeftUnread() async throws {
        let (raw, socket) = try RawSocket.pair()
        // Takes whole lines only.
        let endpoint = await Endpoint.start(socket, worker, recorder) { channel, event, recorder in
            guard case .input = event else { return }
            while let line = channel.withInput({ octets in octets.firstIndex(of: 10).map { Array(octets[...$0]) } }) {
                channel.consume(line.count)
                recorder.update { $0.input += line }
                recorder.note("line")
            }
        }
        let text = Array("one\ntwo two\n\nthree three three\nrest".utf8)
        for octet in text {
            let before = recorder.state.inputEvents
            raw.write([octet])
            await recorder.wait { $0.inputEvents > before }
        }
        #expect(recorder.state.notes.count == 4)
        #expect(recorder.state.input == Array(text.dropLast(4)))
        await endpoint?.perform { channel in
            #expect(channel.inputCount == 4)
            #expect(channel.withInput { Array($0) } == Array("rest".utf8))
            channel.consume(1000)
            #expect(channel.inputCount == 0)
        }
    }

    /// Leftovers of every size around the worker's buffer, in one piece each time.
    @Test(arguments: [1, 100, 32 << 10, (32 << 10) + 1, 100_000])
    func presentsInputContiguously(unread: Int) async throws {
        let (raw, socket) = try RawSocket.pair()
        let total = 300_000
        _ = await Endpoint.start(socket, worker, recorder, inputLimit: 1 << 20) { channel, event, recorder in
            guard case .input = event else { return }
            let count = channel.inputCount
            guard count > unread else { return }
            let octets = channel.withInput { Array($0.prefix(count - unread)) }
            channel.consume(octets.count)
            recorder.update { $0.input += octets }
        }
        let octets = pattern(total)
        let writer = Task { await raw.writeAll(octets) }
        let state = await recorder.wait { $0.input.count == total - unread }
        #expect(state.input == Array(octets[..<(total - unread)]))
        #expect(await writer.value)
    }

    @Test func stopsReadingWhenTooMuchLiesUnread() async throws {
        let (raw, socket) = try RawSocket.pair()
        let limit = 50_000
        let endpoint = await Endpoint.start(socket, worker, recorder, inputLimit: limit) { channel, event, recorder in
            if case .input = event { recorder.update { $0.numbers.append(channel.inputCount) } }
        }
        // More than channel and kernel hold: the writer blocks until somebody reads.
        let total = 4 << 20
        let writer = Task { await raw.writeAll([UInt8](repeating: 7, count: total)) }
        await recorder.wait { ($0.numbers.last ?? 0) >= limit }
        #expect((recorder.state.numbers.last ?? 0) <= limit + (64 << 10))
        var read = 0
        while read < total {
            let sum = recorder.state.numbers.count
            let count = await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
                Task {
                    await endpoint?.perform { channel in
                        let count = channel.inputCount
                        #expect(count <= limit + (64 << 10))
                        channel.consume(count)
                        continuation.resume(returning: count)
                    }
                }
            }
            read += count
            if count == 0, read < total { await recorder.wait { $0.numbers.count > sum } }
        }
        #expect(read == total)
        #expect(await writer.value)
    }

    @Test func pausedChannelHoldsBackInputAndTheEnd() async throws {
        let (raw, socket) = try RawSocket.pair()
        let endpoint = await Endpoint.start(socket, worker, recorder) { channel, event, recorder in
            guard case .input = event else { return }
            // One line at a time, as a session that awaits its commit.
            guard let line = channel.withInput({ octets in octets.firstIndex(of: 10).map { Array(octets[...$0]) } }) else { return }
            channel.consume(line.count)
            channel.isReading = false
            recorder.update { $0.input += line }
        }
        raw.write("a\nb\nc\n")
        raw.finishWriting()
        for expected in ["a\n", "a\nb\n", "a\nb\nc\n"] {
            let state = await recorder.wait { $0.input.count >= expected.utf8.count }
            #expect(state.input == Array(expected.utf8))
            #expect(state.closures.isEmpty)
            await endpoint?.perform { channel in
                channel.send(Array("ok\n".utf8))
                channel.isReading = true
            }
        }
        #expect(await raw.readToEnd() == Array("ok\nok\nok\n".utf8))
        await recorder.wait { $0.closures == [.endOfStream] }
    }

    @Test func outputWaitsForAPeerThatDoesNotRead() async throws {
        let (raw, socket) = try RawSocket.pair()
        let total = 3 << 20
        let octets = pattern(total)
        let endpoint = await Endpoint.start(socket, worker, recorder)
        await endpoint?.perform { channel in
            for start in stride(from: 0, to: total, by: 1 << 16) { channel.send(Array(octets[start..<start + (1 << 16)])) }
            #expect(channel.unsentOctets > total / 2)
            #expect(channel.unsentOctets < total)
        }
        #expect(recorder.state.drained == 0)
        #expect(await raw.read(total) == octets)
        await recorder.wait { $0.drained == 1 }
        await endpoint?.perform { #expect($0.unsentOctets == 0) }
    }

    /// A client that sends and never reads: what we hold for it is bounded by what the handler chose to send.
    @Test func echoWithBackpressureStaysBounded() async throws {
        let (raw, socket) = try RawSocket.pair()
        _ = await Endpoint.start(socket, worker, recorder) { channel, event, recorder in
            switch event {
            case .input:
                channel.withInput { octets in
                    channel.send(octets)
                    channel.consume(octets.count)
                }
                if channel.unsentOctets > 100_000 { channel.isReading = false }
                recorder.update { $0.numbers.append(channel.unsentOctets) }
            case .drained: channel.isReading = true
            default: break
            }
        }
        let total = 8 << 20
        let octets = pattern(total)
        let writer = Task { await raw.writeAll(octets) }
        await recorder.wait { ($0.numbers.last ?? 0) > 100_000 }
        let echoed = await Task { await raw.read(total) }.value
        #expect(echoed == octets)
        #expect(await writer.value)
        #expect((recorder.state.numbers.max() ?? 0) < 100_000 + (5 << 16))
    }

    @Test func whatIsSentInOneTurnLeavesTogether() async throws {
        let (raw, socket) = try RawSocket.pair()
        let endpoint = await Endpoint.start(socket, worker, recorder) { channel, event, _ in
            guard case .input = event else { return }
            channel.consume(channel.inputCount)
            for _ in 0..<10 { channel.send(Array("250-x\r\n".utf8)) }
        }
        raw.write("EHLO x\r\n")
        #expect(await raw.readSome()?.count == 70)
        await endpoint?.perform { channel in
            channel.corked { for _ in 0..<10 { channel.send(Array("250-x\r\n".utf8)) } }
        }
        #expect(await raw.readSome()?.count == 70)
    }
}
