import Cryptography
import Networking

/// A mail client that says exactly what a test says, over a socket pair.
actor Client {
    nonisolated let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private var channel: Channel?
    private var received: [UInt8] = []
    private var isSecured = false
    private(set) var isClosed = false
    private var waiting: CheckedContinuation<Void, Never>?

    init(_ socket: ConnectedSocket, worker: Worker) async throws {
        self.worker = worker
        try open(socket)
    }

    private func open(_ socket: ConnectedSocket) throws {
        let channel = try Channel(socket, worker: worker)
        channel.onEvent = { event in self.assumeIsolated { $0.take(event) } }
        self.channel = channel
    }

    private func take(_ event: Channel.Event) {
        switch event {
        case .secured: isSecured = true
        case .closed:
            isClosed = true
            channel = nil
        case .input:
            guard let channel else { return }
            received += channel.withInput { Array($0) }
            channel.consume(channel.inputCount)
        case .drained, .deadline: break
        }
        waiting?.resume()
        waiting = nil
    }

    func startTLS(_ context: TLSContext) async throws {
        try channel?.startTLS(client: context, serverName: "localhost")
        while !isSecured, !isClosed { await change() }
    }

    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ octets: [UInt8]) { channel?.send(octets) }
    var unsent: Int { channel?.unsentOctets ?? 0 }
    func hangUp() { channel?.abort() }

    /// One reply, its lines joined by spaces; `nil` if the connection ends first.
    func reply() async -> String? {
        var lines: [String] = []
        while true {
            while let feed = received.firstIndex(of: 10), feed > 0 {
                let line = String(decoding: received[..<(feed - 1)], as: UTF8.self)
                received.removeFirst(feed + 1)
                lines.append(lines.isEmpty ? line : String(line.dropFirst(4)))
                if line.dropFirst(3).first != "-" { return lines.joined(separator: " ") }
            }
            if isClosed { return nil }
            await change()
        }
    }

    /// The code of the next reply; 0 if the connection ends first.
    func code() async -> Int { await reply().flatMap { Int($0.prefix(3)) } ?? 0 }
    func codes(_ count: Int) async -> [Int] {
        var codes: [Int] = []
        while codes.count < count {
            codes.append(await code())
            if codes.last == 0 { break }
        }
        return codes
    }
    func ask(_ command: String) async -> Int {
        send(command + "\r\n")
        return await code()
    }

    /// An envelope up to 354.
    func begin() async -> [Int] {
        send(Service.envelope)
        return await codes(3)
    }

    /// A whole message; the answer to its final dot.
    func submit(_ message: String) async -> Int {
        guard await begin() == [250, 250, 354] else { return 0 }
        send(message + ".\r\n")
        return await code()
    }

    /// Until the server has hung up.
    func end() async {
        while !isClosed { await change() }
    }

    private func change() async { await withCheckedContinuation { waiting = $0 } }
}
