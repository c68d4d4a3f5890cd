import Glibc

@testable import Cryptography

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

func hex(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func unhex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16) ?? 0
    }
}

/// A folder that goes away with the value.
final class Scratch: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/crypto-tests-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit { _ = system("rm -rf '\(path)'") }

    func file(_ name: String, _ content: [UInt8]) -> String {
        let full = path + "/" + name
        if let file = fopen(full, "w") {
            fwrite(content, 1, content.count, file)
            fclose(file)
        }
        return full
    }

    func read(_ name: String) -> [UInt8] {
        guard let file = fopen(path + "/" + name, "r") else { return [] }
        defer { fclose(file) }
        var content = [UInt8](repeating: 0, count: 1 << 20)
        content.removeLast(content.count - fread(&content, 1, content.count, file))
        return content
    }

    /// Whether the commands, run in this folder, all succeed.
    @discardableResult
    func run(_ commands: String) -> Bool { system("cd '\(path)' && { \(commands) ; } >output 2>&1 </dev/null") == 0 }
}

/// A certificate with its key.
struct Identity {
    let certificatePEM, privateKeyPEM: [UInt8]

    init(_ names: [String], from: Int = -3600, until: Int = 86400) throws {
        (certificatePEM, privateKeyPEM) = try SelfSignedCertificate.make(hostNames: names, from: from, until: until)
    }

    /// Who believes this certificate and nobody else.
    func client() throws(OpenSSLError) -> TLSContext {
        let scratch = Scratch()
        defer { withExtendedLifetime(scratch) {} }
        return try .client(trust: .file(path: scratch.file("trust.pem", certificatePEM)))
    }

    func server() throws(OpenSSLError) -> TLSContext { try .server(certificateChainPEM: certificatePEM, privateKeyPEM: privateKeyPEM) }
}

/// A client and a server, joined in memory.
struct Pair: ~Copyable {
    enum Side { case client, server }

    var client, server: TLSSession
    /// What each side has sent so far.
    private(set) var sent: [Side: [UInt8]] = [.client: [], .server: []]
    private var delivered: [Side: Int] = [.client: 0, .server: 0]

    init(_ clientContext: TLSContext, _ serverContext: TLSContext, name: String = "mail.example") throws(OpenSSLError) {
        let client = try TLSSession(client: clientContext, serverName: name)
        let server = try TLSSession(server: serverContext)
        self.client = client
        self.server = server
    }

    /// Runs the handshake to its end.
    ///
    /// - Parameters:
    ///   - chunk: deliver that many octets at a time.
    ///   - cut: a position in the stream of `cutSide` where a delivery ends.
    mutating func handshake(chunk: Int = .max, cut: Int = .max, of cutSide: Side = .client) throws(OpenSSLError) {
        var clientDone = false, serverDone = false
        while !(clientDone && serverDone) {
            var moved = 0
            if case .done = try client.handshake() { clientDone = true }
            moved += try deliver(from: .client, chunk: chunk, cut: cutSide == .client ? cut : .max)
            if case .done = try server.handshake() { serverDone = true }
            moved += try deliver(from: .server, chunk: chunk, cut: cutSide == .server ? cut : .max)
            if moved == 0, !(clientDone && serverDone) { throw OpenSSLError(call: "handshake", reasons: ["stalled"]) }
        }
        try deliver(from: .client, chunk: .max)
        try deliver(from: .server, chunk: .max)
    }

    /// One delivery: at most `chunk` octets, never across `cut`.
    @discardableResult
    mutating func deliver(from side: Side, chunk: Int = .max, cut: Int = .max) throws(OpenSSLError) -> Int {
        var fresh: [UInt8] = []
        if side == .client { client.appendPendingCiphertext(to: &fresh) } else { server.appendPendingCiphertext(to: &fresh) }
        sent[side, default: []] += fresh
        let start = delivered[side, default: 0], stream = sent[side, default: []]
        var count = min(stream.count - start, chunk)
        if start < cut { count = min(count, cut - start) }
        delivered[side] = start + count
        let piece = Array(stream[start..<(start + count)])
        if side == .client { try server.feed(piece) } else { try client.feed(piece) }
        return count
    }
}

extension TLSSession {
    mutating func feed(_ octets: [UInt8]) throws(OpenSSLError) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: octets.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: octets)
        try feed(UnsafeRawBufferPointer(copy))
    }

    mutating func write(_ octets: [UInt8]) throws(OpenSSLError) -> Int? {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: octets.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: octets)
        if case .done(let count) = try write(UnsafeRawBufferPointer(copy)) { return count }
        return nil
    }

    /// Everything that can be read now, and whether the peer closed.
    mutating func readAll() throws(OpenSSLError) -> (octets: [UInt8], isClosed: Bool) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 20_000, alignment: 1)
        defer { buffer.deallocate() }
        var octets: [UInt8] = []
        while true {
            switch try read(into: buffer) {
            case .done(let count): octets += buffer[..<count]
            case .needsMoreInput: return (octets, false)
            case .peerClosed: return (octets, true)
            }
        }
    }
}

/// What was thrown; `nil` if nothing was.
func failure(_ body: () throws(OpenSSLError) -> Void) -> OpenSSLError? {
    do throws(OpenSSLError) { try body() } catch { return error }
    return nil
}
