import Glibc
@testable import Networking
import SafeIO
import Testing

@Suite(.timeLimit(.minutes(2))) struct ListenerTests {
    let recorder = Recorder()
    let pool = WorkerPool(count: 2)

    @Test func anyIPv6ServesIPv4() async throws {
        let recorder = recorder
        let listener = try Listener(address: #require(SocketAddress(parsing: "[::]:0")), workers: pool) { socket, worker in
            worker.checkIsolated()
            recorder.note("\(socket.peer.host) \(socket.local.host)")
        }
        listener.start()
        let port = listener.localAddress.port
        #expect(port != 0)
        for host in ["127.0.0.1", "::1"] {
            let raw = try RawSocket(to: #require(SocketAddress(host: host, port: port)))
            // Nobody took it: closed.
            #expect(await raw.readToEnd() == [])
        }
        #expect(recorder.state.notes == ["127.0.0.1 127.0.0.1", "::1 ::1"])
        await listener.stop()
    }

    @Test func portInUseIsToldAtOnce() async throws {
        let first = try Listener(address: #require(SocketAddress(parsing: "127.0.0.1:0")), workers: pool) { _, _ in }
        let error = #expect(throws: SystemCallError.self) {
            try Listener(address: first.localAddress, workers: pool) { _, _ in }
        }
        #expect(error?.code == EADDRINUSE)
        #expect(error?.subject == first.localAddress.description)
        // Stopped without ever having been started; the port is free when `stop` returns.
        await first.stop()
        let second = try Listener(address: first.localAddress, workers: pool) { _, _ in }
        second.start()
        await second.stop()
        await second.stop()
        #expect(throws: SystemCallError.self) { try RawSocket(to: first.localAddress) }
    }

    @Test func droppedListenerStops() async throws {
        var listener: Listener? = try Listener(address: #require(SocketAddress(parsing: "127.0.0.1:0")), workers: pool) { _, _ in }
        listener?.start()
        let address = try #require(listener?.localAddress)
        listener = nil
        await ChannelEndTests.until { (try? RawSocket(to: address)) == nil }
    }

    /// In a process of its own: tests that run beside this one make threads too.
    @Test func threadsDoNotGrowWithConnections() async {
        await #expect(processExitsWith: .success) {
            let recorder = Recorder()
            guard let any = SocketAddress(parsing: "127.0.0.1:0") else { exit(2) }
            let listener = try Listener(address: any, workers: WorkerPool(count: 2)) { socket, worker in
                Endpoint.open(socket, worker, recorder, setUp: { $0.deadline = .now + .seconds(300) }, onEvent: Endpoint.echo)
            }
            listener.start()
            let count = 400
            var sockets: [RawSocket] = []
            for _ in 0..<count { sockets.append(try RawSocket(to: listener.localAddress)) }
            for _ in 0..<3 {
                for socket in sockets { socket.write("ping") }
                for socket in sockets {
                    guard await socket.read(4) == Array("ping".utf8) else { exit(3) }
                }
            }
            guard ListenerTests.threads() < 24 else { exit(4) }
            sockets.removeAll()
            await recorder.wait { $0.closures.count == count }
            await listener.stop()
        }
    }

    /// Out of descriptors: told, refused politely, not busy, and well again afterwards.
    @Test func survivesDescriptorExhaustion() async {
        await #expect(processExitsWith: .success) {
            let recorder = Recorder()
            let trouble = Recorder()
            let pool = WorkerPool(count: 1)
            guard let any = SocketAddress(parsing: "127.0.0.1:0") else { exit(2) }
            let listener = try Listener(
                address: any, workers: pool, refusal: Array("421 busy\r\n".utf8),
                onTrouble: { error in trouble.update { $0.numbers.append(Int(error.code)) } },
                onAccept: { socket, worker in Endpoint.open(socket, worker, recorder, onEvent: Endpoint.echo) })
            listener.start()
            let first = try RawSocket(to: listener.localAddress)
            first.write("a")
            guard await first.read(1) == [97] else { exit(3) }
            // The clients' own descriptors are made before the table is full.
            let raws = (0..<4).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            var fillers: [Int32] = []
            var limit = rlimit(rlim_cur: 256, rlim_max: 256)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            while case let filler = open("/dev/null", O_RDONLY), filler >= 0 { fillers.append(filler) }
            for raw in raws { _ = listener.localAddress.withSystemAddress { connect(raw, $0, $1) } }
            let clients = raws.map { RawSocket($0) }
            let before = cpuTime()
            let state = await trouble.wait { $0.numbers.count >= 4 }
            guard state.numbers.allSatisfy({ $0 == Int(EMFILE) }) else { exit(4) }
            guard cpuTime() - before < 0.2 else { exit(5) }
            guard await clients[0].readToEnd() == Array("421 busy\r\n".utf8) else { exit(6) }
            // Those that are served go on.
            first.write("b")
            guard await first.read(1) == [98] else { exit(7) }
            for filler in fillers { close(filler) }
            let late = try RawSocket(to: listener.localAddress)
            late.write("c")
            guard await late.read(1) == [99] else { exit(8) }
            await listener.stop()
        }
    }

    @Test func unixListenerServesAndNamesItsPeer() async throws {
        let recorder = recorder
        let folder = TemporaryFolder()
        let path = "\(folder.path)/control.sock"
        let listener = try UnixListener(path: path, mode: 0o600, workers: pool) { socket, worker in
            recorder.note(((try? socket.peerCredentials()).map { "\($0.userID) \($0.groupID) \($0.processID)" }) ?? "?")
            Endpoint.open(socket, worker, recorder, onEvent: Endpoint.echo)
        }
        listener.start()
        var stream = try UnixStream.connect(path: path, timeout: .seconds(20))
        try stream.writeAll(Array("status\nqueue\n".utf8))
        #expect(try stream.readLine() == Array("status".utf8))
        #expect(try stream.readLine() == Array("queue".utf8))
        try stream.finishWriting()
        #expect(try stream.readLine() == nil)
        #expect(recorder.state.notes == ["\(getuid()) \(getgid()) \(getpid())"])
        #expect(throws: SystemCallError.self) { try UnixListener(path: path, mode: 0o600, workers: pool) { _, _ in } }
        await listener.stop()
        let error = #expect(throws: SystemCallError.self) { _ = try UnixStream.connect(path: path).self }
        #expect(error?.code == ENOENT)
        withExtendedLifetime(folder) {}
    }

    static func threads() -> Int { (try? Directory(path: "/proc/self/task").names().count) ?? 0 }
}

/// Seconds of processor time of this process.
func cpuTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
