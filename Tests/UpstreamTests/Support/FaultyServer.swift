import Cryptography
import Glibc
@testable import Networking
import SafeIO
import Synchronization

/// What goes wrong, as reliability.md names it.
enum Fault: String, Sendable, CaseIterable {
    case silence = "silence"
    case drip = "1 octet/s"
    case fin = "FIN"
    case rst = "RST"
    case alert = "TLS alert"
    case garbage = "garbage"
    case transient = "4xx"
    case goodbye = "421+close"
    case permanent = "5xx"
    case outOfTurn = "2xx out of turn"
    case windowZero = "window zero"
}

/// Where it goes wrong: the moment at which the server is to speak, or has nothing to say.
enum Step: String, Sendable, CaseIterable {
    case banner, helo, startTLS, tls, heloAgain, auth, authName, authPassword
    case mail, rcpt, rcptSecond, data, bodyStart, bodyHalf, bodyEnd, dot, rset, quit, idle

    /// Part of the content after which it happens.
    var part: Double? {
        switch self {
        case .bodyStart: 0
        case .bodyHalf: 0.5
        case .bodyEnd: 0.99
        default: nil
        }
    }
}

/// A server with one fault at one step, the same on each connection. Mail for `good@…` has none.
final class FaultyServer: Sendable {
    private struct State {
        var open = 0
        var faults = 0
        /// Messages whose connection has ended, by the number in their recipient's address.
        var over: Set<Int> = []
        /// Body and recipients of what was answered with 250.
        var taken: [Int] = []
    }
    private let state = Mutex(State())
    private let listener = Mutex<Listener?>(nil)
    let tls: TLSContext
    let step: Step
    let fault: Fault
    /// Octets of a message's content, roughly.
    let contentSize: Int

    var port: UInt16 { listener.withLock { $0?.localAddress.port ?? 0 } }
    var open: Int { state.withLock(\.open) }
    var faults: Int { state.withLock(\.faults) }
    /// The numbers of the messages that were taken, in that order.
    var taken: [Int] { state.withLock(\.taken) }
    func isOver(_ number: Int) -> Bool { state.withLock { $0.over.contains(number) } }

    init(_ material: Material, _ fault: Fault, at step: Step, contentSize: Int) throws {
        tls = material.server
        self.step = step
        self.fault = fault
        self.contentSize = contentSize
        let fresh = try Listener(address: try SocketAddress.loopback(), workers: WorkerPool(count: 1)) { [weak self] socket, worker in
            guard let self else { return }
            self.state.withLock { $0.open += 1 }
            let connection = FaultyConnection(self, worker: worker)
            connection.assumeIsolated { $0.start(socket) }
        }
        fresh.start()
        listener.withLock { $0 = fresh }
    }

    func stop() async { await listener.withLock { $0 }?.stop() }

    fileprivate func faulted() { state.withLock { $0.faults += 1 } }
    fileprivate func took(_ number: Int) { state.withLock { $0.taken.append(number) } }
    fileprivate func ended(_ numbers: Set<Int>) {
        state.withLock { state in
            state.open -= 1
            state.over.formUnion(numbers)
        }
    }
}

actor FaultyConnection {
    private nonisolated let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private let server: FaultyServer
    private var channel: Channel?
    /// The same socket, for what a channel would never do.
    private var raw: Int32 = -1
    private var input: [UInt8] = []
    private var next = Step.banner
    private var recipients = 0
    private var numbers: Set<Int> = []
    private var number = 0
    private var isFaultless = false
    private var isReceiving = false
    private var received = 0
    private var isSecure = false
    private var hasFaulted = false
    private var drips = false
    private var isIdle = false

    init(_ server: FaultyServer, worker: Worker) {
        self.server = server
        self.worker = worker
    }

    func start(_ socket: AcceptedSocket) {
        guard let descriptor = socket.take() else { return }
        raw = dup(descriptor.rawValue)
        if server.fault == .windowZero {
            var size: Int32 = 16 << 10
            setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let again = ConnectedSocket(descriptor, peer: socket.peer, local: socket.local)
        guard let channel = try? Channel(again, worker: worker) else { return }
        self.channel = channel
        channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
        speak(.banner, "220 faulty ESMTP")
    }

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input: read()
        case .secured: isSecure = true
        case .closed:
            channel = nil
            Glibc.close(raw)
            server.ended(numbers)
        case .deadline:
            if isIdle {
                isIdle = false
                fail(instead: nil)
            } else if drips {
                channel?.send([UInt8(ascii: "2")])
                channel?.deadline = .now + .milliseconds(20)
            } else if server.fault == .windowZero {
                // Who does not read does not hear of the end.
                var ask = pollfd(fd: raw, events: 0, revents: 0)
                if poll(&ask, 1, 0) > 0 { channel?.abort() } else { channel?.deadline = .now + .milliseconds(20) }
            }
        case .drained: break
        }
    }

    private func read() {
        guard let channel else { return }
        channel.withInput { input += Array($0) }
        channel.consume(channel.inputCount)
        while channel.isReading {
            if isReceiving {
                // Nothing follows the end before it was answered.
                let isWhole = input.suffix(5) == [13, 10, 46, 13, 10]
                let count = received + input.count
                if let part = server.step.part, !isFaultless, !hasFaulted, Double(count) > part * Double(server.contentSize) {
                    fail(instead: "250 Ok")
                    if server.fault != .silence, server.fault != .drip { return }
                }
                guard isWhole else {
                    let done = max(0, input.count - 5)
                    received += done
                    input.removeFirst(done)
                    return
                }
                input = []
                isReceiving = false
                if server.step.part == nil || isFaultless { dot() }
            } else {
                guard let feed = input.firstIndex(of: 10) else { return }
                let line = String(decoding: input[..<feed].filter { $0 != 13 }, as: UTF8.self)
                input.removeSubrange(...feed)
                answer(line)
            }
        }
    }

    private func answer(_ line: String) {
        let isLogin = server.step == .authName || server.step == .authPassword
        switch line.split(separator: " ").first.map(String.init) ?? "" {
        case "EHLO" where !isSecure: speak(.helo, "250-faulty\r\n250 STARTTLS")
        case "EHLO": speak(.heloAgain, isLogin ? "250-faulty\r\n250 AUTH LOGIN" : "250-faulty\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
        case "STARTTLS":
            guard speak(.startTLS, "220 Ready") else { return }
            guard isFaulty(.tls) else { return begin() }
            fail(instead: "250 Ok")
        case "AUTH" where isLogin:
            next = .authPassword
            speak(.authName, "334 VXNlcm5hbWU6")
        case "AUTH": speak(.auth, "235 Authentication successful.")
        case "MAIL":
            recipients = 0
            isFaultless = false
            speak(.mail, "250 Ok")
        case "RCPT":
            recipients += 1
            isFaultless = line.contains("<good")
            number = Int(line.split(separator: "-").last?.prefix { $0.isNumber } ?? "") ?? 0
            numbers.insert(number)
            speak(recipients == 1 ? .rcpt : .rcptSecond, "250 Ok")
        case "DATA":
            if speak(.data, "354 Go on") { (isReceiving, received) = (true, 0) }
        case "RSET": speak(.rset, "250 Ok")
        case "QUIT":
            guard speak(.quit, "221 Bye") else { return }
            channel?.close()
        case _ where next == .authPassword:
            // The user name; the password is the next one.
            next = .banner
            channel?.send(Array("334 UGFzc3dvcmQ6\r\n".utf8))
        default: speak(.authPassword, "235 Authentication successful.")
        }
    }

    private func begin() { try? channel?.startTLS(server: server.tls) }

    private func dot() {
        guard server.step != .rset || isFaultless else {
            channel?.send(Array("451 Not this one\r\n".utf8))
            return
        }
        guard speak(.dot, "250 Ok 0102018f2c6d7e11-000000") else { return }
        server.took(number)
        if isFaulty(.idle) {
            isIdle = true
            channel?.deadline = .now + .milliseconds(30)
        }
    }

    private func isFaulty(_ step: Step) -> Bool { server.step == step && !isFaultless }

    /// - Returns: whether the good reply was given.
    @discardableResult
    private func speak(_ step: Step, _ reply: String) -> Bool {
        guard isFaulty(step) else {
            channel?.send(Array((reply + "\r\n").utf8))
            return true
        }
        fail(instead: reply)
        return false
    }

    /// - Parameter reply: what would have been said; `nil` while nothing is to be said.
    private func fail(instead reply: String?) {
        hasFaulted = true
        switch server.fault {
        case .silence: break
        case .drip:
            drips = true
            channel?.send([UInt8(ascii: "2")])
            channel?.deadline = .now + .milliseconds(20)
        case .fin: shutdown(raw, Int32(SHUT_WR))
        case .rst: channel?.abort()
        case .alert:
            let record: [UInt8] = [21, 3, 3, 0, 2, 2, 40]
            _ = record.withUnsafeBytes { Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        case .garbage: channel?.send([0xff, 0x00, 0x1b] + Array("[31m this is no SMTP\r\n".utf8))
        case .transient: channel?.send(Array("451 4.0.0 Not now\r\n".utf8))
        case .goodbye:
            channel?.send(Array("421 4.0.0 Bye\r\n".utf8))
            channel?.close()
        case .permanent: channel?.send(Array("550 5.0.0 Never\r\n".utf8))
        case .outOfTurn:
            // Where 250 is the right answer, or nearly, it comes twice.
            let first = reply.map { $0.hasPrefix("2") && server.step.part == nil ? $0 + "\r\n" : "" } ?? ""
            channel?.send(Array((first + "250 Ok\r\n").utf8))
            if server.step == .dot { server.took(number) }
        case .windowZero:
            channel?.isReading = false
            channel?.deadline = .now + .milliseconds(20)
        }
        // Whoever sees the count finds the fault in the kernel already.
        channel?.flush()
        server.faulted()
    }
}
