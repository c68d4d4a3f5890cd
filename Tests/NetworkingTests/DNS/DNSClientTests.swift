import Glibc
import Synchronization
import Testing

@testable import Networking

/// The client against a server that behaves as the test says.
@Suite struct DNSClientTests {
    typealias T = DNSQueryTests
    static let name = "fl._domainkey.mail.example.com"

    /// UDP and TCP on one port of the loopback; `datagrams` and `stream` make the answers out of the question.
    final class Server: Sendable {
        let address: SocketAddress
        private let sockets: [Int32]
        let questions = Mutex<[[UInt8]]>([])

        init(
            datagrams: @escaping @Sendable ([UInt8]) -> [[UInt8]], stream: (@Sendable ([UInt8]) -> [UInt8])? = nil
        ) throws {
            let udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            let wanted = try #require(SocketAddress(parsing: "127.0.0.1:0"))
            #expect(wanted.withSystemAddress { bind(udp, $0, $1) } == 0)
            let address = try #require(SocketAddress.local(of: udp))
            self.address = address
            let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            if stream != nil {
                #expect(address.withSystemAddress { bind(tcp, $0, $1) } == 0)
                #expect(listen(tcp, 4) == 0)
            }
            sockets = [udp, tcp]
            Thread.start { [self] in serve(udp, datagrams) }
            if let stream { Thread.start { Self.serve(tcp, stream) } }
        }

        deinit {
            for one in sockets {
                shutdown(one, Int32(SHUT_RDWR))
                close(one)
            }
        }

        private func serve(_ udp: Int32, _ answers: @Sendable ([UInt8]) -> [[UInt8]]) {
            var buffer = [UInt8](repeating: 0, count: 1024)
            var deadline = 0
            while deadline < 200 {
                var entry = pollfd(fd: udp, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, 50) > 0 else {
                    deadline += 1
                    continue
                }
                var from = sockaddr_storage()
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let count = withUnsafeMutablePointer(to: &from) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(udp, &buffer, buffer.count, 0, $0, &length) }
                }
                guard count > 0 else { return }
                let question = Array(buffer[..<count])
                questions.withLock { $0.append(question) }
                for answer in answers(question) {
                    withUnsafePointer(to: &from) {
                        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = sendto(udp, answer, answer.count, 0, $0, length) }
                    }
                }
            }
        }

        private static func serve(_ tcp: Int32, _ answer: @Sendable ([UInt8]) -> [UInt8]) {
            let connection = accept(tcp, nil, nil)
            guard connection >= 0 else { return }
            defer { close(connection) }
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 2 else { return }
            let octets = answer(Array(buffer[2..<count]))
            // In two pieces, cut within the length.
            let framed = [UInt8(octets.count >> 8), UInt8(octets.count & 0xff)] + octets
            _ = send(connection, framed, 1, Int32(MSG_NOSIGNAL))
            _ = framed.withUnsafeBytes { send(connection, $0.baseAddress! + 1, $0.count - 1, Int32(MSG_NOSIGNAL)) }
        }
    }

    enum Thread {
        static func start(_ body: @escaping @Sendable () -> Void) {
            var thread = pthread_t()
            let box = Unmanaged.passRetained(Box(body))
            pthread_create(
                &thread, nil,
                { raw in
                    Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue().body()
                    return nil
                }, box.toOpaque())
            pthread_detach(thread)
        }

        private final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
    }

    static func id(_ question: [UInt8]) -> UInt16 { UInt16(question[0]) << 8 | UInt16(question[1]) }

    static func answer(_ question: [UInt8], flags: UInt16 = 0x8180, _ records: [[UInt8]]) -> [UInt8] {
        T.message(id: id(question), flags: flags, question: Array(question[12...]), records)
    }

    static func client(_ servers: Server..., patience: Duration = .seconds(5)) -> DNSClient {
        DNSClient(servers: servers.map(\.address), patience: patience)
    }

    @Test func anAnswer() async throws {
        let server = try Server(datagrams: { [Self.answer($0, [T.record(T.strings("a", "b"))])] })
        #expect(try await Self.client(server).texts(of: Self.name) == .records([Array("ab".utf8)]))
    }

    @Test func forgeriesBeforeTheAnswerAreNotBelieved() async throws {
        let server = try Server(datagrams: { question in
            let other = T.message(id: Self.id(question) ^ 1, question: Array(question[12...]), [T.record(T.strings("forged"))])
            let elsewhere = T.message(
                id: Self.id(question), question: T.named("evil.example") + [0, 16, 0, 1], [T.record(T.strings("forged"))])
            return [other, elsewhere, [1, 2, 3], Self.answer(question, [T.record(T.strings("right"))])]
        })
        #expect(try await Self.client(server).texts(of: Self.name) == .records([Array("right".utf8)]))
    }

    @Test func truncatedAnswersComeByTCP() async throws {
        let long = (0..<20).map { _ in T.record(T.strings(String(repeating: "x", count: 250))) }
        let server = try Server(datagrams: { [Self.answer($0, flags: 0x8380, [])] }, stream: { Self.answer($0, long) })
        guard case .records(let records) = try await Self.client(server).texts(of: Self.name) else { return #expect(Bool(false)) }
        #expect(records.count == 20)
    }

    @Test func anAliasThatTheServerDidNotFollow() async throws {
        let server = try Server(datagrams: { question in
            question[13] == UInt8(ascii: "k")
                ? [Self.answer(question, [T.record(T.strings("found"))])]
                : [Self.answer(question, [T.record(type: 5, T.named("k.example"))])]
        })
        #expect(try await Self.client(server).texts(of: Self.name) == .records([Array("found".utf8)]))
    }

    @Test func aliasesWithoutEnd() async throws {
        let server = try Server(datagrams: { question in
            [Self.answer(question, [T.record(type: 5, T.named("n\(UInt32.random(in: 0...UInt32.max)).example"))])]
        })
        await #expect(throws: DNSClient.NoAnswer.self) { try await Self.client(server).texts(of: Self.name) }
    }

    @Test func theNextServerIsAskedWhenOneFails() async throws {
        let failing = try Server(datagrams: { [Self.answer($0, flags: 0x8182, [])] })
        let good = try Server(datagrams: { [Self.answer($0, flags: 0x8183, [])] })
        #expect(try await Self.client(failing, good).texts(of: Self.name) == .absent)
    }

    @Test func failureSaysWhatTheServerSaid() async throws {
        let server = try Server(datagrams: { [Self.answer($0, flags: 0x8182, [])] })
        let error = await #expect(throws: DNSClient.NoAnswer.self) { try await Self.client(server).texts(of: Self.name) }
        #expect(error?.description.contains("SERVFAIL") == true)
    }

    @Test func silenceEnds() async throws {
        let server = try Server(datagrams: { _ in [] })
        let error = await #expect(throws: DNSClient.NoAnswer.self) {
            try await Self.client(server, patience: .milliseconds(50)).texts(of: Self.name)
        }
        #expect(error?.description.contains("did not answer") == true)
    }

    @Test func everyQuestionHasItsOwnNumber() async throws {
        let server = try Server(datagrams: { [Self.answer($0, flags: 0x8183, [])] })
        for _ in 0..<20 { _ = try await Self.client(server).texts(of: Self.name) }
        #expect(Set(server.questions.withLock { $0 }.map(Self.id)).count > 15)
    }
}
