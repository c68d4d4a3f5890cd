import Glibc
import Testing

@testable import Cryptography

/// A session on the heap: arrays hold no values that cannot be copied.
private final class Box {
    var session: TLSSession
    init(_ session: consuming TLSSession) { self.session = session }
}

/// How much and how fast; the figures are printed when FAIRLEAD_MEASURE is set.
@Suite(.serialized) struct Measurements {
    private static let isWanted = getenv("FAIRLEAD_MEASURE") != nil

    private static func residentOctets() throws -> Int {
        let file = try #require(fopen("/proc/self/statm", "r"))
        defer { fclose(file) }
        var line = [UInt8](repeating: 0, count: 200)
        let text = String(decoding: line[..<fread(&line, 1, 200, file)], as: UTF8.self)
        return try #require(Int(text.split(separator: " ")[1])) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Resident memory per established, idle server session.
    private static func idleOctets(_ version: TLSHandshakeTests.Version, sessions: Int) throws -> Int {
        let contexts = try TLSHandshakeTests.contexts(version)
        func established() throws -> Box {
            var client = try TLSSession(client: contexts.client, serverName: "mail.example")
            let box = Box(try TLSSession(server: contexts.server))
            var isDone = false, octets: [UInt8] = []
            while !isDone {
                _ = try client.handshake()
                octets.removeAll(keepingCapacity: true)
                client.appendPendingCiphertext(to: &octets)
                try box.session.feed(octets)
                if case .done = try box.session.handshake() { isDone = true }
                octets.removeAll(keepingCapacity: true)
                box.session.appendPendingCiphertext(to: &octets)
                try client.feed(octets)
            }
            // A large message each way, then silence.
            _ = try client.handshake()
            _ = try client.write([UInt8](repeating: 7, count: 100_000))
            octets.removeAll(keepingCapacity: true)
            client.appendPendingCiphertext(to: &octets)
            try box.session.feed(octets)
            _ = try box.session.readAll()
            _ = try box.session.write([UInt8](repeating: 7, count: 100_000))
            box.session.appendPendingCiphertext(to: &octets)
            box.session.releaseBuffers()
            return box
        }
        let warm = try established()
        let before = try residentOctets()
        var boxes: [Box] = []
        for _ in 0..<sessions { boxes.append(try established()) }
        let used = try residentOctets() - before
        withExtendedLifetime((boxes, warm)) {}
        return used / sessions
    }

    /// The figure is the whole process's: meant to run alone.
    @Test(.enabled(if: isWanted), arguments: TLSHandshakeTests.Version.allCases) func idleMemory(version: TLSHandshakeTests.Version) throws
    {
        let octets = try Self.idleOctets(version, sessions: 1000)
        print("idle server session, \(version): \(octets) octets")
        #expect(octets < 20 << 10)
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        var start = timespec(), end = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start)
        try body()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end)
        return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
    }

    @Test(.enabled(if: isWanted)) func handshakes() throws {
        for version in TLSHandshakeTests.Version.allCases {
            let contexts = try TLSHandshakeTests.contexts(version)
            var server = 0.0
            let both = try seconds {
                for _ in 0..<1000 {
                    var accepting: TLSSession?, flight: [UInt8] = []
                    var client = try TLSSession(client: contexts.client, serverName: "mail.example")
                    server += try seconds { accepting = try TLSSession(server: contexts.server) }
                    guard var session = accepting.take() else { return }
                    var isDone = false
                    while !isDone {
                        _ = try client.handshake()
                        flight.removeAll(keepingCapacity: true)
                        client.appendPendingCiphertext(to: &flight)
                        server += try seconds {
                            try session.feed(flight)
                            if case .done = try session.handshake() { isDone = true }
                        }
                        flight.removeAll(keepingCapacity: true)
                        session.appendPendingCiphertext(to: &flight)
                        try client.feed(flight)
                    }
                }
            }
            print("handshake, \(version): \(both * 1000) µs, of it the server \(server * 1000) µs")
        }
    }

    @Test(.enabled(if: isWanted)) func signatures() throws {
        let key = try RSATests.key.get(), message = [UInt8](repeating: 7, count: 600)
        let time = try seconds { for _ in 0..<3000 { _ = try key.signature(of: message) } }
        print("RSA-2048 signature: \(time / 3000 * 1e6) µs")
    }

    @Test(.enabled(if: isWanted)) func digests() {
        let message = [UInt8](repeating: 7, count: 4096)
        var digest = SHA256()
        let reused = seconds { for _ in 0..<100_000 { digest.update(message); _ = digest.finalize() } }
        let fresh = seconds { for _ in 0..<100_000 { var digest = SHA256(); digest.update([1, 2, 3]); _ = digest.finalize() } }
        print("SHA-256 of 4 KiB: \(reused * 10) µs; a new one of 3 octets: \(fresh * 10) µs")
    }

    @Test(.enabled(if: isWanted)) func records() throws {
        let contexts = try TLSHandshakeTests.contexts(.tls13)
        var pair = try Pair(contexts.client, contexts.server)
        try pair.handshake()
        for size in [50, 4096, 65536] {
            let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
            let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 20_000, alignment: 8)
            defer {
                plaintext.deallocate()
                target.deallocate()
            }
            plaintext.initializeMemory(as: UInt8.self, repeating: 7)
            let octets = UnsafeRawBufferPointer(plaintext)
            let time = try seconds {
                for _ in 0..<10_000 {
                    _ = try pair.client.write(octets)
                    var failed: OpenSSLError?
                    pair.client.withPendingCiphertext {
                        do throws(OpenSSLError) { try pair.server.feed($0) } catch { failed = error }
                        return $0.count
                    }
                    #expect(failed == nil)
                    while case .done = try pair.server.read(into: target) {}
                }
            }
            print("\(size) octets written, moved and read: \(time * 100) µs")
        }
    }

    @Test(.enabled(if: isWanted)) func passwords() throws {
        let hash = try PasswordHash.make(octets("password"))
        for (what, password) in [
            ("right", octets("password")), ("wrong", octets("passworx")), ("1 MiB", [UInt8](repeating: 1, count: 1 << 20)), ("NUL", [0]),
        ] {
            let time = seconds { for _ in 0..<50 { _ = PasswordHash.verify(password, against: hash) } }
            print("yescrypt, \(what): \(time * 20) ms")
        }
    }
}
