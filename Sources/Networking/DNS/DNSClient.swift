internal import Dispatch
internal import Glibc
internal import SafeIO

/// Asks name servers for TXT and MX records: UDP first, TCP where an answer is too long. It blocks, on threads of its own; nothing is cached.
public struct DNSClient: Sendable {
    public enum Answer: Hashable, Sendable {
        /// One element per record: of TXT its strings, joined; of MX as a zone file has it, `10 mx.example.com`.
        case records([[UInt8]])
        /// No such name, or no such record at it.
        case absent
    }

    /// Nobody could tell. That says nothing of the record.
    public struct NoAnswer: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Asked in this order.
    public let servers: [SocketAddress]
    /// For one try at one server.
    private let patience: Duration

    /// More than this many names of one record are not followed.
    private static let aliasLimit = 8
    private static let rounds = 2

    public init(servers: [SocketAddress], patience: Duration = .seconds(3)) {
        self.servers = servers
        self.patience = patience
    }

    /// With the servers of `/etc/resolv.conf`; the local one if it names none (resolv.conf(5)).
    public static func system() -> DNSClient {
        let octets = (try? WholeFile.read("/etc/resolv.conf", limit: 1 << 20)) ?? []
        return DNSClient(servers: ResolverFile.servers(octets))
    }

    /// The TXT records at `name`, aliases followed.
    public func texts(of name: String) async throws(NoAnswer) -> Answer { try await records(.txt, of: name) }

    /// The MX records of `name`, aliases followed.
    public func mailExchangers(of name: String) async throws(NoAnswer) -> Answer { try await records(.mx, of: name) }

    private func records(_ type: DNSQuery.RecordType, of name: String) async throws(NoAnswer) -> Answer {
        let result: Result<Answer, NoAnswer> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: lookUp(type, name)) }
        }
        return try result.get()
    }

    private func lookUp(_ type: DNSQuery.RecordType, _ name: String) -> Result<Answer, NoAnswer> {
        guard var current = DNSName(Array(name.utf8)) else { return .failure(NoAnswer(description: "\(name) is no name that DNS knows")) }
        for _ in 0...Self.aliasLimit {
            switch ask(type, current) {
            case .failure(let failure): return .failure(failure)
            case .success(.records(let records)): return .success(.records(records))
            case .success(.alias(let next)): current = next
            case .success: return .success(.absent)
            }
        }
        return .failure(NoAnswer(description: "the name leads to more than \(Self.aliasLimit) other names"))
    }

    /// Every server in turn, twice, until one can tell.
    private func ask(_ type: DNSQuery.RecordType, _ name: DNSName) -> Result<DNSQuery.Answer, NoAnswer> {
        var last = NoAnswer(description: "no name server is configured")
        for _ in 0..<Self.rounds {
            for server in servers {
                do throws(NoAnswer) {
                    let answer = try ask(DNSQuery(id: .random(in: 0...UInt16.max), name: name, type: type), server)
                    guard case .failed(let code) = answer else { return .success(answer) }
                    last = NoAnswer(description: "\(server) answered \(Self.codeName(code))")
                } catch { last = error }
            }
        }
        return .failure(last)
    }

    /// A new socket, and so a new random port, for every question.
    private func ask(_ query: DNSQuery, _ server: SocketAddress) throws(NoAnswer) -> DNSQuery.Answer {
        do throws(SystemCallError) {
            let answer = try DNSExchange(server: server, query: query, patience: patience).datagram()
            guard answer == .truncated else { return answer }
            let whole = try DNSExchange(server: server, query: query, patience: patience).stream()
            guard whole == .truncated else { return whole }
            throw SystemCallError("read", code: EBADMSG)
        } catch {
            switch error.code {
            case ETIMEDOUT: throw NoAnswer(description: "\(server) did not answer within \(patience.components.seconds) s")
            case EBADMSG: throw NoAnswer(description: "\(server) gave an answer that is no DNS message")
            default: throw NoAnswer(description: "\(server): \(error)")
            }
        }
    }

    private static func codeName(_ code: UInt8) -> String {
        switch code {
        case 1: "FORMERR (it did not understand the question)"
        case 2: "SERVFAIL (it could not find out)"
        case 4: "NOTIMP (it does not answer such questions)"
        case 5: "REFUSED (it does not answer us)"
        default: "with code \(code)"
        }
    }
}
