import Glibc
@testable import Networking
import SafeIO
import Testing

/// Deadlines, the several ways to end, and that nothing stays behind.
@Suite(.timeLimit(.minutes(2))) struct ChannelEndTests {
    let worker = Worker()
    let recorder = Recorder()

    @Test func closeSendsWhatWaits() async throws {
        let (raw, socket) = try RawSocket.pair()
        let octets = [UInt8](repeating: 9, count: 1 << 20)
        let endpoint = await Endpoint.start(socket, worker, recorder)
        await endpoint?.perform { channel in
            channel.send(octets)
            channel.close()
            channel.send([1, 2, 3])
            channel.close()
        }
        #expect(await raw.readToEnd().count == octets.count)
        raw.finishWriting()
        let state = await recorder.wait { !$0.closures.isEmpty }
        #expect(state.closures == [.local])
    }

    /// The last words reach a client that is still sending: no reset overtakes them.
    @Test func lastWordsSurviveUnreadInput() async throws {
        let (listener, address, pool) = try Self.listen(recorder) { channel, event, _ in
            guard case .input = event else { return }
            channel.send(Array("421 too much\r\n".utf8))
            channel.close()
        }
        let raw = try RawSocket(to: address)
        await raw.writeAll([UInt8](repeating: 65, count: 300_000))
        raw.finishWriting()
        #expect(await raw.readToEnd() == Array("421 too much\r\n".utf8))
        await recorder.wait { $0.closures == [.local] }
        await listener.stop()
        _ = pool
    }

    @Test func closeEndsEvenIfThePeerDoesNothing() async throws {
        for output in [0, 4 << 20] {
            let (raw, socket) = try RawSocket.pair()
            let recorder = Recorder()
            let endpoint = await Endpoint.start(socket, worker, recorder)
            let start = ContinuousClock.now
            await endpoint?.perform { channel in
                channel.send([UInt8](repeating: 0, count: output))
                channel.close()
            }
            await recorder.wait(seconds: 30) { $0.closures == [.local] }
            #expect(start.duration(to: .now) < .seconds(30))
            _ = raw
        }
    }

    @Test func abortResets() async throws {
        let (listener, address, pool) = try Self.listen(recorder) { channel, event, _ in
            guard case .input = event else { return }
            channel.send(Array("never mind".utf8))
            channel.abort()
        }
        let raw = try RawSocket(to: address)
        raw.write("x")
        #expect(await raw.readError() == ECONNRESET)
        await recorder.wait { $0.closures == [.local] }
        await listener.stop()
        _ = pool
    }

    @Test func tellsReset() async throws {
        let (listener, address, pool) = try Self.listen(recorder)
        var raw: RawSocket? = try RawSocket(to: address)
        raw?.write("abc")
        await recorder.wait { $0.input.count == 3 }
        raw?.armReset()
        raw = nil
        await recorder.wait { $0.closures == [.reset] }
        await listener.stop()
        _ = pool
    }

    /// What the peer said before it went is read, although our own write was the first to notice.
    @Test func readsLastWordsAfterAFailedWrite() async throws {
        var (raw, socket): (RawSocket?, ConnectedSocket) = try RawSocket.pair()
        let endpoint = await Endpoint.start(socket, worker, recorder, setUp: { $0.isReading = false })
        raw?.write("554 no\r\n")
        raw = nil
        await endpoint?.perform { channel in
            channel.isReading = true
            channel.send([1])
            channel.send([2])
        }
        let state = await recorder.wait { !$0.closures.isEmpty }
        #expect(state.input == Array("554 no\r\n".utf8))
        #expect(state.closures.count == 1)
    }

    @Test func pausedOwnerHearsOfALostPeer() async throws {
        var (raw, socket): (RawSocket?, ConnectedSocket) = try RawSocket.pair()
        let endpoint = await Endpoint.start(socket, worker, recorder, setUp: { $0.isReading = false })
        raw?.write("x")
        raw = nil
        await endpoint?.perform { $0.send([1]) }
        await recorder.wait { $0.closures == [.reset] }
        #expect(recorder.state.input.isEmpty)
    }

    @Test func deadlineFiresOnce() async throws {
        let (raw, socket) = try RawSocket.pair()
        let start = ContinuousClock.now
        _ = await Endpoint.start(socket, worker, recorder, setUp: { $0.deadline = .now + .milliseconds(300) }) { channel, event, recorder in
            guard case .deadline = event else { return }
            #expect(channel.deadline == nil)
            if recorder.state.deadlines == 1 { channel.close() } else { channel.deadline = .now + .milliseconds(100) }
        }
        let state = await recorder.wait { $0.deadlines == 2 }
        #expect(start.duration(to: .now) >= .milliseconds(400))
        // Generous to a busy machine, and far from a turn of the wheel.
        #expect(start.duration(to: .now) < .seconds(15))
        #expect(state.deadlines == 2)
        raw.finishWriting()
        await recorder.wait { $0.closures == [.local] }
    }

    /// Later, earlier, never, and beyond the wheel's turn: the order of firing is the order of moments.
    @Test func wheelKeepsOrder() async throws {
        let wheelWorker = Worker()
        let names = await withCheckedContinuation { (continuation: CheckedContinuation<[String], Never>) in
            wheelWorker.run {
                let now = ContinuousClock.now
                nonisolated(unsafe) var fired: [String] = []
                nonisolated(unsafe) var timers: [WheelTimer] = []
                let wheel = wheelWorker.wheel
                func add(_ name: String, _ moments: [Int?]) {
                    let timer = WheelTimer {
                        fired.append(name)
                        if name == "last" {
                            continuation.resume(returning: fired)
                            for timer in timers { wheel.remove(timer) }
                        }
                    }
                    timers.append(timer)
                    for moment in moments { wheel.set(timer, to: moment.map { now + .milliseconds($0) }) }
                }
                add("last", [1600])
                add("early", [60_000, 300])
                add("late", [10, 1100])
                add("never", [10, nil])
                add("far", [3_600_000])
                add("farther", [Int.max / 1_000_000_000])
                add("past", [-5000])
                add("middle", [700_000, nil, 700])
            }
        }
        #expect(names == ["past", "early", "middle", "late", "last"])
    }

    /// A timer that sets itself anew when it fires does not hide one that is due before it fires again.
    @Test func wheelForgetsNothingThatIsDueBefore() async throws {
        let wheelWorker = Worker()
        let start = ContinuousClock.now
        let names = await withCheckedContinuation { (continuation: CheckedContinuation<[String], Never>) in
            wheelWorker.run {
                nonisolated(unsafe) var fired: [String] = []
                nonisolated(unsafe) var timers: [WheelTimer] = []
                let wheel = wheelWorker.wheel
                timers.append(
                    WheelTimer {
                        fired.append("again")
                        if fired.count == 1 { wheel.set(timers[0], to: start + .seconds(4)) } else { continuation.resume(returning: fired) }
                    })
                timers.append(WheelTimer { fired.append("before \(start.duration(to: .now) < .seconds(3))") })
                wheel.set(timers[0], to: start + .milliseconds(300))
                wheel.set(timers[1], to: start + .milliseconds(900))
            }
        }
        #expect(names == ["again", "before true", "again"])
    }

    @Test func nothingStaysBehind() async throws {
        for kind in 0..<6 {
            let recorder = Recorder()
            let (one, other) = try ConnectedSocket.pair()
            let far = Recorder()
            _ = await Endpoint.start(one, worker, far, setUp: ChannelTLSTests.serveTLS, onEvent: Endpoint.echo)
            var endpoint = await Endpoint.start(
                other, worker, recorder,
                setUp: { channel in
                    recorder.update { $0.numbers.append(channel.descriptor.map { Self.inode(of: $0.rawValue) } ?? -1) }
                    ChannelTLSTests.beginTLS(channel)
                    channel.deadline = .now + .seconds(300)
                    channel.send(Array("hello".utf8))
                })
            await recorder.wait { $0.input.count == 5 }
            switch kind {
            case 0: await endpoint?.perform { $0.close() }
            case 1: await endpoint?.perform { $0.abort() }
            case 2:
                await endpoint?.perform {
                    $0.isReading = false; $0.abort()
                }
            case 3:
                await endpoint?.perform {
                    $0.send([UInt8](repeating: 0, count: 1 << 20)); $0.close()
                }
            // The owner lets go without a word.
            case 4: await endpoint?.perform { $0.onEvent = nil }
            default:
                await endpoint?.perform {
                    $0.isReading = false; $0.send([UInt8](repeating: 0, count: 4 << 20)); $0.onEvent = nil
                }
            }
            endpoint = nil
            await recorder.wait { $0.isFreed && (kind >= 4 || $0.closures == [.local]) }
            let state = await far.wait { $0.isFreed }
            #expect(state.closures.count == 1)
            let socket = recorder.state.numbers
            await Self.until { !Self.openInodes().contains(socket[0]) }
        }
    }

    @Test func takenTwiceIsRefused() async throws {
        let (_, socket) = try RawSocket.pair()
        #expect(await Endpoint.start(socket, worker, recorder) != nil)
        #expect(await Endpoint.start(socket, worker, Recorder()) == nil)
        // Dropped by its owner: closed, since only its channel's own closure held it.
    }

    /// What tells one open socket from all others, however descriptors are reused.
    static func inode(of descriptor: Int32) -> Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_ino) : -1
    }

    static func openInodes() -> Set<Int> {
        let names = (try? Directory(path: "/proc/self/fd").names()) ?? []
        return Set(names.compactMap { Int32($0) }.map { inode(of: $0) })
    }

    /// For what has no event: asks again at each turn of the executor.
    static func until(_ condition: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) async {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < end else { Issue.record("waited in vain", sourceLocation: sourceLocation); return }
            await Task.yield()
        }
    }

    static func listen(
        _ recorder: Recorder, onEvent: @escaping Endpoint.Behaviour = Endpoint.keep
    ) throws -> (Listener, SocketAddress, WorkerPool) {
        let pool = WorkerPool(count: 1)
        let any = try #require(SocketAddress(parsing: "127.0.0.1:0"))
        let listener = try Listener(address: any, workers: pool) { socket, worker in
            Endpoint.open(socket, worker, recorder, onEvent: onEvent)
        }
        listener.start()
        return (listener, listener.localAddress, pool)
    }
}
