import Cryptography
import Networking
import Synchronization

/// A server that says to each line what the test says, under STARTTLS or in clear.
final class ScriptedServer: Sendable {
    enum Answer: Sendable {
        case reply(String)
        /// Says this, and hangs up.
        case last(String)
        /// Says this in clear, perhaps with more behind it, and begins TLS.
        case startTLS(String)
        case hangUp
        case silence
    }
    /// - Parameters: the line, `.` for the end of a message, empty for the connection's begin; the number of the connection, from 1;
    ///   and how many such lines this connection has seen before.
    typealias Script = @Sendable (_ line: String, _ connection: Int, _ before: Int) -> Answer?

    private struct State {
        var connections = 0
        var open = 0
        var mostOpen = 0
        var lines: [[String]] = []
        var messages: [[UInt8]] = []
    }
    private let state = Mutex(State())
    private let listener: Mutex<Listener?>
    let tls: TLSContext
    let script: Script

    var port: UInt16 { listener.withLock { $0?.localAddress.port ?? 0 } }
    var connections: Int { state.withLock(\.connections) }
    var open: Int { state.withLock(\.open) }
    var mostOpen: Int { state.withLock(\.mostOpen) }
    /// What each connection said.
    var lines: [[String]] { state.withLock(\.lines) }
    var messages: [[UInt8]] { state.withLock(\.messages) }

    init(_ material: Material, _ script: @escaping Script = { _, _, _ in nil }) throws {
        tls = material.server
        self.script = script
        listener = Mutex(nil)
        let address = try SocketAddress.loopback()
        let fresh = try Listener(address: address, workers: WorkerPool(count: 1)) { [weak self] socket, worker in
            guard let self else { return }
            let number = self.state.withLock { state in
                state.connections += 1
                state.open += 1
                state.mostOpen = max(state.mostOpen, state.open)
                state.lines.append([])
                return state.connections
            }
            let connection = ServerConnection(self, number: number, worker: worker)
            connection.assumeIsolated { $0.start(socket) }
        }
        fresh.start()
        listener.withLock { $0 = fresh }
    }

    func stop() async { await listener.withLock { $0 }?.stop() }

    fileprivate func note(_ line: String, _ number: Int) -> Int {
        state.withLock { state in
            defer { state.lines[number - 1].append(line) }
            return state.lines[number - 1].count { $0.split(separator: " ").first == line.split(separator: " ").first }
        }
    }
    fileprivate func note(message: [UInt8]) { state.withLock { $0.messages.append(message) } }
    fileprivate func ended() { state.withLock { $0.open -= 1 } }

    /// What a well-behaved server says.
    static func usual(_ line: String, isSecure: Bool) -> Answer {
        switch line.split(separator: " ").first.map(String.init) ?? "" {
        case "": .reply("220 scripted ESMTP")
        case "EHLO": .reply("250-scripted\r\n250-8BITMIME\r\n" + (isSecure ? "250 AUTH PLAIN LOGIN" : "250 STARTTLS"))
        case "STARTTLS": .startTLS("220 Ready")
        case "AUTH": .reply("235 Authentication successful.")
        case "DATA": .reply("354 End data with <CR><LF>.<CR><LF>")
        case ".": .reply("250 Ok 0102018f2c6d7e11-000000")
        case "QUIT": .last("221 Bye")
        default: .reply("250 Ok")
        }
    }
}

actor ServerConnection {
    private nonisolated let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private let server: ScriptedServer
    private let number: Int
    private var channel: Channel?
    private var input: [UInt8] = []
    private var isReceiving = false
    private var isSecure = false

    init(_ server: ScriptedServer, number: Int, worker: Worker) {
        self.server = server
        self.number = number
        self.worker = worker
    }

    func start(_ socket: AcceptedSocket) {
        guard let channel = try? Channel(socket, worker: worker) else { return }
        self.channel = channel
        channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
        answer("")
    }

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input: read()
        case .secured: isSecure = true
        case .closed:
            channel = nil
            server.ended()
        case .drained, .deadline: break
        }
    }

    private func read() {
        guard let channel else { return }
        channel.withInput { input += Array($0) }
        channel.consume(channel.inputCount)
        while true {
            if isReceiving {
                guard let end = input.firstRange(of: Array("\r\n.\r\n".utf8)) else { return }
                server.note(message: Array(input[..<end.lowerBound]))
                input.removeSubrange(..<end.upperBound)
                isReceiving = false
                answer(".")
            } else {
                guard let feed = input.firstIndex(of: 10) else { return }
                let line = String(decoding: input[..<feed].filter { $0 != 13 }, as: UTF8.self)
                input.removeSubrange(...feed)
                answer(line)
            }
        }
    }

    private func answer(_ line: String) {
        let before = server.note(line, number)
        let answer = server.script(line, number, before) ?? ScriptedServer.usual(line, isSecure: isSecure)
        switch answer {
        case .reply(let text):
            channel?.send(Array((text + "\r\n").utf8))
            if line == "DATA", text.hasPrefix("354") { isReceiving = true }
        case .last(let text):
            channel?.send(Array((text + "\r\n").utf8))
            channel?.close()
        case .startTLS(let text):
            channel?.send(Array((text + "\r\n").utf8))
            try? channel?.startTLS(server: server.tls)
        case .hangUp: channel?.close()
        case .silence: break
        }
    }
}

extension SocketAddress {
    static func loopback(_ port: UInt16 = 0) throws -> SocketAddress {
        guard let address = SocketAddress(parsing: "127.0.0.1:\(port)") else { throw MissingAddress() }
        return address
    }
    struct MissingAddress: Error {}
}
