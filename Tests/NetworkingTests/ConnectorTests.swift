import Glibc
@testable import Networking
import SafeIO
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConnectorTests {
    let worker = Worker()
    let pool = WorkerPool(count: 1)

    func listener(_ address: String = "127.0.0.1:0") throws -> Listener {
        let listener = try Listener(address: #require(SocketAddress(parsing: address)), workers: pool) { socket, worker in
            Endpoint.open(socket, worker, Recorder(), onEvent: Endpoint.echo)
        }
        listener.start()
        return listener
    }

    /// `localhost` is ::1 first, where nobody listens: the second address serves.
    @Test(arguments: ["127.0.0.1", "localhost", "LocalHost"])
    func connects(host: String) async throws {
        let listener = try listener()
        let port = listener.localAddress.port
        let socket = try await Connector.connect(host: host, port: port, timeout: .seconds(20), worker: worker)
        #expect(socket.peer == listener.localAddress)
        #expect(socket.local.isLoopback)
        let recorder = Recorder()
        _ = await Endpoint.start(socket, worker, recorder, setUp: { $0.send(Array("hi".utf8)) })
        await recorder.wait { $0.input == Array("hi".utf8) }
        await listener.stop()
    }

    @Test func refusalNamesAddressAndReason() async throws {
        let listener = try listener()
        let address = listener.localAddress
        await listener.stop()
        let error = await #expect(throws: ConnectError.self) {
            try await Connector.connect(host: "localhost", port: address.port, timeout: .seconds(20), worker: worker)
        }
        let text = "\(try #require(error))"
        #expect(text.hasPrefix("localhost:\(address.port): "))
        #expect(text.contains("connect \(address): Connection refused (errno 111)"), "\(text)")
        guard case .unreachable(let errors)? = error?.reason else { Issue.record("\(text)"); return }
        #expect(errors.count == 2)
    }

    @Test(arguments: ["", "a b", "no-such-host.invalid", String(repeating: "a", count: 300)])
    func unresolvableNames(host: String) async throws {
        let error = await #expect(throws: ConnectError.self) {
            try await Connector.connect(host: host, port: 25, timeout: .seconds(10), worker: worker)
        }
        switch error?.reason {
        case .unresolved(let message): #expect(!message.isEmpty)
        // Where there is no resolver at all, it may just be slow.
        case .timedOut(let errors): #expect(errors.first?.call == "getaddrinfo")
        default: Issue.record("\(String(describing: error))")
        }
    }

    /// Silent, refused, good: the silent one costs its head start and no more, and ends with the others.
    @Test func fallsBackToTheNextAddress() async throws {
        let listener = try listener()
        let silent = SocketAddress(family: .ipv4, bits: 0xc000_0201, port: 1)
        let refused = SocketAddress(family: .ipv4, bits: 0xc000_0202, port: 1)
        let start = ContinuousClock.now
        let result = await race([silent, refused, listener.localAddress], timeout: .seconds(60)) { address in
            if address == silent { return Self.neverAnswering() }
            if address == refused { return .failure(SystemCallError("connect", code: ECONNREFUSED, subject: "\(address)")) }
            return ConnectRace.beginConnecting(address)
        }
        #expect(try result.get().peer == listener.localAddress)
        #expect(start.duration(to: .now) < .seconds(15))
        await listener.stop()
    }

    @Test func silenceEndsWithTheTimeout() async throws {
        let address = SocketAddress(family: .ipv4, bits: 0xc000_0201, port: 587)
        let result = await race([address], timeout: .milliseconds(300)) { _ in Self.neverAnswering() }
        guard case .failure(.timedOut(let errors)) = result else { Issue.record("\(result)"); return }
        #expect(errors == [SystemCallError("connect", code: ETIMEDOUT, subject: "192.0.2.1:587")])
    }

    @Test func triesOnlyAFew() async throws {
        let recorder = Recorder()
        let addresses = (1...100).map { SocketAddress(family: .ipv4, bits: UInt128($0), port: 1) }
        let result = await race(addresses, timeout: .seconds(20)) { address in
            recorder.note("\(address)")
            return .failure(SystemCallError("connect", code: EHOSTUNREACH, subject: "\(address)"))
        }
        guard case .failure(.unreachable(let errors)) = result else { Issue.record("\(result)"); return }
        #expect(errors.count == ConnectRace.attemptLimit)
        #expect(recorder.state.notes.count == ConnectRace.attemptLimit)
    }

    @Test func cancels() async throws {
        let worker = worker
        let task = Task {
            try await Connector.connect(host: "192.0.2.1", port: 9, timeout: .seconds(60), worker: worker)
        }
        task.cancel()
        let result = await task.result
        // Without a route the kernel may be quicker.
        #expect(throws: ConnectError.self) { try result.get() }
    }

    @Test func familiesTakeTurns() {
        let six = (1...3).map { SocketAddress(family: .ipv6, bits: UInt128($0) << 64, port: 1) }
        let four = (1...2).map { SocketAddress(family: .ipv4, bits: UInt128($0), port: 1) }
        #expect(Resolver.interleaved(six + four) == [six[0], four[0], six[1], four[1], six[2]])
        #expect(Resolver.interleaved(four + six) == [four[0], six[0], four[1], six[1], six[2]])
        #expect(Resolver.interleaved([]) == [])
    }

    private func race(
        _ addresses: [SocketAddress], timeout: Duration,
        connecting: @escaping @Sendable (SocketAddress) -> Result<ConnectRace.OwnedSocket, SystemCallError>
    ) async -> Result<ConnectedSocket, ConnectError.Reason> {
        let worker = worker
        return await withCheckedContinuation { continuation in
            worker.run {
                ConnectRace(addresses, worker: worker, deadline: .now + timeout, connecting: connecting) {
                    continuation.resume(returning: $0)
                }.run()
            }
        }
    }

    /// A socket that never becomes writable: its peer's buffer is full.
    private static func neverAnswering() -> Result<ConnectRace.OwnedSocket, SystemCallError> {
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
        let junk = [UInt8](repeating: 0, count: 4096)
        while send(ends[0], junk, junk.count, 0) > 0 {}
        return .success(ConnectRace.OwnedSocket(ends[0]))
    }
}
