internal import Glibc

extension SocketAddress: CustomStringConvertible {
    /// Parses `127.0.0.1:2525` or `[::1]:587`: numbers only, the port always, nothing around them.
    public init?(parsing octets: some BidirectionalCollection<UInt8>) {
        // 45 for the longest address, two brackets, a colon, five digits.
        guard octets.count <= 53, let colon = octets.lastIndex(where: { $0 == UInt8(ascii: ":") }) else { return nil }
        guard let port = Self.port(octets[octets.index(after: colon)...]) else { return nil }
        let host = octets[..<colon]
        if host.first == UInt8(ascii: "[") {
            let inner = host.dropFirst()
            guard inner.last == UInt8(ascii: "]"), let bits = Self.ipv6(inner.dropLast()) else { return nil }
            self.init(family: .ipv6, bits: bits, port: port)
        } else {
            guard let bits = Self.ipv4(host) else { return nil }
            self.init(family: .ipv4, bits: bits, port: port)
        }
    }

    public init?(parsing text: String) { self.init(parsing: Array(text.utf8)) }

    /// A numeric host without brackets, and its port.
    public init?(host: String, port: UInt16) {
        let octets = Array(host.utf8)
        if let bits = Self.ipv4(octets) {
            self.init(family: .ipv4, bits: bits, port: port)
        } else if let bits = Self.ipv6(octets) {
            self.init(family: .ipv6, bits: bits, port: port)
        } else {
            return nil
        }
    }

    /// The address without its port, as logs and Received fields want it: `192.0.2.1`, `2001:db8::1`, `unix`.
    public var host: String {
        switch family {
        case .ipv4: return (0..<4).map { String(UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0))) }.joined(separator: ".")
        case .unix: return "unix"
        case .ipv6:
            var address = in6_addr(bits: bits)
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "?" }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// `192.0.2.1:25`, `[2001:db8::1]:25`, `unix`
    public var description: String {
        switch family {
        case .ipv4: "\(host):\(port)"
        case .ipv6: "[\(host)]:\(port)"
        case .unix: host
        }
    }

    /// One to five digits, no sign, at most 65535.
    static func port(_ octets: some Collection<UInt8>) -> UInt16? {
        guard (1...5).contains(octets.count) else { return nil }
        var value: UInt32 = 0
        for octet in octets {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) else { return nil }
            value = value * 10 + UInt32(octet - UInt8(ascii: "0"))
        }
        return UInt16(exactly: value)
    }

    static func ipv4(_ octets: some Collection<UInt8>) -> UInt128? {
        var address = in_addr()
        guard let text = terminated(octets), inet_pton(AF_INET, text, &address) == 1 else { return nil }
        return UInt128(UInt32(bigEndian: address.s_addr))
    }

    static func ipv6(_ octets: some Collection<UInt8>) -> UInt128? {
        var address = in6_addr()
        guard let text = terminated(octets), inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return address.bits
    }

    /// As C text; nil if too long for an address or if it hides a NUL.
    private static func terminated(_ octets: some Collection<UInt8>) -> [CChar]? {
        guard octets.count < Int(INET6_ADDRSTRLEN), !octets.contains(0) else { return nil }
        return octets.map { CChar(bitPattern: $0) } + [0]
    }
}

extension in6_addr {
    init(bits: UInt128) {
        self.init()
        withUnsafeMutableBytes(of: &self) { $0.storeBytes(of: bits.bigEndian, as: UInt128.self) }
    }

    var bits: UInt128 { withUnsafeBytes(of: self) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) } }
}
