internal import Dispatch
internal import Glibc
internal import Synchronization

/// Looks up names with `getaddrinfo`, which blocks, sometimes for half a minute: on at most a few threads of its own, never on a worker.
/// Nothing is cached: addresses of a load balancer change.
enum Resolver {
    enum Failure: Error, Hashable, Sendable { case message(String) }

    /// More than this many addresses of one name are not looked at.
    static let addressLimit = 100
    private static let concurrency = 4

    private struct Load {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private static let load = Mutex(Load())

    /// The addresses of `host`, families taking turns, the system's first choice first.
    ///
    /// - Parameter report: called once, on some thread; at once for a numeric host and for `localhost`.
    static func resolve(_ host: String, port: UInt16, report: @escaping @Sendable (Result<[SocketAddress], Failure>) -> Void) {
        if let address = SocketAddress(host: host, port: port) { return report(.success([address])) }
        // RFC 6761 §6.3: never a question for the network.
        if host.lowercased() == "localhost" {
            return report(
                .success([SocketAddress(family: .ipv6, bits: 1, port: port), SocketAddress(family: .ipv4, bits: 0x7f00_0001, port: port)]))
        }
        enqueue { report(lookUp(host, port: port)) }
    }

    private static func enqueue(_ work: @escaping @Sendable () -> Void) {
        let mayRun = load.withLock { load in
            if load.running == concurrency {
                load.waiting.append(work)
                return false
            }
            load.running += 1
            return true
        }
        if mayRun { run(work) }
    }

    private static func run(_ work: @escaping @Sendable () -> Void) {
        DispatchQueue.global().async {
            work()
            let next = load.withLock { load -> (@Sendable () -> Void)? in
                if load.waiting.isEmpty {
                    load.running -= 1
                    return nil
                }
                return load.waiting.removeFirst()
            }
            if let next { run(next) }
        }
    }

    private static func lookUp(_ host: String, port: UInt16) -> Result<[SocketAddress], Failure> {
        guard !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(0) else { return .failure(.message("not a host name")) }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // No AI_ADDRCONFIG: it hides names of a host that has only its loopback, and an unreachable family costs nothing.
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        let systemCode = errno
        guard code == 0 else {
            return .failure(.message(code == EAI_SYSTEM ? String(cString: strerror(systemCode)) : String(cString: gai_strerror(code))))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry, addresses.count < addressLimit {
            if let address = SocketAddress(current.pointee, port: port), !addresses.contains(address) { addresses.append(address) }
            entry = current.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(.message("no address")) : .success(interleaved(addresses))
    }

    /// Families in turn (RFC 8305 §4), so that one that leads nowhere costs one wait, not one for each of its addresses.
    static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        var same = addresses.filter { $0.isIPv6 == first.isIPv6 }[...]
        var other = addresses.filter { $0.isIPv6 != first.isIPv6 }[...]
        var result: [SocketAddress] = []
        while !same.isEmpty || !other.isEmpty {
            if let address = same.popFirst() { result.append(address) }
            if let address = other.popFirst() { result.append(address) }
        }
        return result
    }
}

extension SocketAddress {
    init?(_ info: addrinfo, port: UInt16) {
        guard let address = info.ai_addr else { return nil }
        var storage = sockaddr_storage()
        let length = min(Int(info.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: length)) }
        guard let parsed = SocketAddress(storage), parsed != .unix else { return nil }
        self = parsed.withPort(port)
    }
}
