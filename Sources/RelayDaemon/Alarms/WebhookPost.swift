internal import Cryptography
internal import Networking
internal import Settings

/// One POST of a JSON object over a connection of its own: as much of HTTP/1.1 as a webhook needs.
///
/// Of our own, since the parts are here (connector, TLS with name and chain checked, deadlines), and what a library brings (libcurl with
/// FoundationNetworking, or a second event loop with NIO) would double the binary and the idle memory for one request a day.
actor WebhookPost {
    /// Why it did not go well, and whether to try again.
    struct Failure: Error, Hashable {
        let text: String
        let isLasting: Bool
    }

    typealias Outcome = Result<Void, Failure>

    private static let longestStatusLine = 4096

    private let worker: Worker
    nonisolated var unownedExecutor: UnownedSerialExecutor { worker.asUnownedSerialExecutor() }
    private let address: WebAddress
    private let request: [UInt8]
    private let tls: TLSContext?
    private var channel: Channel?
    private var waiter: CheckedContinuation<Outcome, Never>?

    /// - Parameter deadline: for everything, from the resolver to the answer.
    static func send(
        _ json: [UInt8], to address: WebAddress, trust: TLSContext.Trust = .system, worker: Worker, deadline: Duration
    ) async -> Outcome {
        let limit = ContinuousClock.now + deadline
        var tls: TLSContext?
        if address.isSecure {
            do throws(OpenSSLError) {
                // Made for each call: the system's authorities take megabytes, and alarms are rare.
                tls = try TLSContext.client(trust: trust)
            } catch {
                return .failure(Failure(text: "\(error)", isLasting: true))
            }
        }
        let socket: ConnectedSocket
        do throws(ConnectError) {
            socket = try await Connector.connect(host: address.host.description, port: address.port, timeout: deadline, worker: worker)
        } catch {
            return .failure(Failure(text: "\(error)", isLasting: false))
        }
        return await WebhookPost(json, to: address, tls: tls, worker: worker).run(over: socket, until: limit)
    }

    private init(_ json: [UInt8], to address: WebAddress, tls: TLSContext?, worker: Worker) {
        self.address = address
        self.tls = tls
        self.worker = worker
        let head = [
            "POST \(address.target) HTTP/1.1", "Host: \(address.authority)", "User-Agent: fairlead/\(fairleadVersion)",
            "Content-Type: application/json", "Content-Length: \(json.count)", "Accept: */*", "Connection: close", "", "",
        ]
        request = Array(head.joined(separator: "\r\n").utf8) + json
    }

    private func run(over socket: ConnectedSocket, until limit: ContinuousClock.Instant) async -> Outcome {
        await withCheckedContinuation { continuation in
            waiter = continuation
            do {
                let channel = try Channel(socket, worker: worker)
                self.channel = channel
                // The channel keeps us alive until it is closed.
                channel.onEvent = { event in self.assumeIsolated { $0.handle(event) } }
                channel.deadline = limit
                if let tls { try channel.startTLS(client: tls, serverName: address.host.description) }
                channel.send(request)
            } catch {
                end(.failure(Failure(text: "\(address.authority): \(error)", isLasting: false)))
            }
        }
    }

    private func handle(_ event: Channel.Event) {
        switch event {
        case .input: readStatus()
        case .deadline: end(failure: "no answer in time")
        case .closed(let closure):
            end(failure: "no answer: \(closure)")
            channel?.onEvent = nil
            channel = nil
        case .secured, .drained: break
        }
    }

    /// Only the first line matters; `100 Continue` is not asked for.
    private func readStatus() {
        guard let channel, waiter != nil else { return }
        let line = channel.withInput { octets in octets.firstIndex(of: 10).map { Array(octets[..<$0]) } }
        guard let line else {
            if channel.inputCount > Self.longestStatusLine { end(failure: "the answer is not HTTP") }
            return
        }
        let words = line.split(separator: 32)
        guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), let code = Int(String(decoding: words[1], as: UTF8.self)) else {
            return end(failure: "the answer is not HTTP")
        }
        switch code {
        case 200..<300: end(.success(()))
        case 300..<400: end(failure: "HTTP \(code): it is somewhere else by now; correct alarm.url", isLasting: true)
        case 408, 425, 429, 500...: end(failure: "HTTP \(code)")
        default: end(failure: "HTTP \(code); correct alarm.url", isLasting: true)
        }
    }

    private func end(failure text: String, isLasting: Bool = false) {
        end(.failure(Failure(text: "\(address.authority): \(text)", isLasting: isLasting)))
    }

    private func end(_ outcome: Outcome) {
        waiter?.resume(returning: outcome)
        waiter = nil
        channel?.abort()
    }
}
