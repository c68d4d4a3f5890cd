import Cryptography
import Networking

/// A TLS client over a raw socket, stepped by hand, so that a test sees each record.
struct RawTLSClient: ~Copyable {
    let socket: RawSocket
    var session: TLSSession

    init(_ socket: RawSocket) throws {
        self.socket = socket
        session = try TLSSession(client: TestTLS.client, serverName: "localhost")
    }

    mutating func handshake() async throws {
        while true {
            let step = try session.handshake()
            push()
            if case .done = step { return }
            try await pull()
        }
    }

    mutating func push() {
        var pending: [UInt8] = []
        session.appendPendingCiphertext(to: &pending)
        socket.write(pending)
    }

    mutating func pull() async throws {
        guard let some = await socket.readSome(), !some.isEmpty else { throw OpenSSLError(call: "pull", reasons: ["the peer is gone"]) }
        try some.withUnsafeBytes { try session.feed($0) }
    }

    mutating func write(_ text: String) throws {
        let octets = Array(text.utf8)
        _ = try octets.withUnsafeBytes { try session.write($0).isDone }
        push()
    }

    /// Reads one record from the socket, as it is on the wire.
    func readRecord() async -> [UInt8] {
        let header = await socket.read(5)
        guard header.count == 5 else { return header }
        return await header + socket.read(Int(header[3]) << 8 | Int(header[4]))
    }

    mutating func read(_ count: Int) async throws -> [UInt8] {
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while octets.count < count {
            let step = try buffer.withUnsafeMutableBytes { try session.read(into: $0) }
            switch step {
            case .done(let count): octets += buffer[..<count]
            case .peerClosed: return octets
            case .needsMoreInput: try await pull()
            }
        }
        return octets
    }
}

extension TLSSession.Step {
    var isDone: Bool { if case .done = self { true } else { false } }
}
