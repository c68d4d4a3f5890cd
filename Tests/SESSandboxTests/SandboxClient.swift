internal import Cryptography
internal import MailModel
internal import Networking

/// A client that says exactly what it is told to, and waits for whole replies.
actor SandboxClient {
    nonisolated let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }

    private var channel: Channel?
    private var received: [UInt8] = []
    private var isSecured = false
    private var isClosed = false
    private var waiting: CheckedContinuation<Void, Never>?

    init(_ address: SocketAddress) async throws {
        worker = Worker()
        let socket = try await Connector.connect(host: address.host, port: address.port, timeout: .seconds(10), worker: worker)
        try open(socket)
    }

    private func open(_ socket: ConnectedSocket) throws {
        let channel = try Channel(socket, worker: worker)
        channel.onEvent = { event in self.take(event) }
        self.channel = channel
    }

    private func take(_ event: Channel.Event) {
        switch event {
        case .secured: isSecured = true
        case .closed: isClosed = true
        case .input:
            // Taken at once: what the channel still holds when it closes is gone.
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

    /// One reply, its lines joined by spaces as `Reply.oneLine` joins them; `nil` if the connection ends first.
    func reply() async -> String? {
        var lines: [String] = []
        while true {
            while let line = nextLine() {
                let isLast = line.dropFirst(3).first != "-"
                lines.append(String(lines.isEmpty ? line[...] : line.dropFirst(4)))
                if isLast {
                    let text = lines.joined(separator: " ")
                    return text.prefix(3) + " " + text.dropFirst(4)
                }
            }
            if isClosed { return nil }
            await change()
        }
    }

    func ask(_ command: String) async -> String? {
        send(command + "\r\n")
        return await reply()
    }

    /// EHLO, STARTTLS, EHLO, AUTH.
    func logIn(_ context: TLSContext) async throws {
        _ = await reply()
        _ = await ask("EHLO relay.example.com")
        _ = await ask("STARTTLS")
        try await startTLS(context)
        _ = await ask("EHLO relay.example.com")
        _ = await ask("AUTH PLAIN \(SessionTests.plain)")
    }

    /// A whole transaction; the answer to the final dot, or the first refusal before it.
    func submit(
        _ message: [UInt8], from sender: String = "bounce@mail.example.com", to recipients: [String] = ["user@example.net"]
    ) async -> String? {
        for command in ["MAIL FROM:<\(sender)>"] + recipients.map({ "RCPT TO:<\($0)>" }) + ["DATA"] {
            let reply = await ask(command)
            guard let reply, reply.hasPrefix("2") || reply.hasPrefix("3") else { return reply }
        }
        send(message + Array(".\r\n".utf8))
        return await reply()
    }

    func close() { channel?.abort() }

    private func nextLine() -> String? {
        guard let feed = received.firstIndex(of: 10), feed > 0 else { return nil }
        defer { received.removeFirst(feed + 1) }
        return String(decoding: received[..<(feed - 1)], as: UTF8.self)
    }

    private func change() async { await withCheckedContinuation { waiting = $0 } }
}
