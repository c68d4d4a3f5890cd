/// A block of addresses, `172.17.0.0/16` or `2001:db8::/32`; a lone address is the block that holds only itself.
public struct NetworkRange: Hashable, Sendable {
    private let family: SocketAddress.Family
    private let bits: UInt128
    /// How many leading bits count.
    public let length: Int

    /// - Parameter bits: those after `length` are cleared.
    init(family: SocketAddress.Family, bits: UInt128, length: Int) {
        self.family = family
        self.length = length
        self.bits = bits & Self.mask(family, length)
    }

    /// Parses numbers only. Bits set behind the prefix (`10.0.0.1/8`) are refused: one of the two is a slip.
    public init?(parsing octets: some Collection<UInt8>) {
        let slash = octets.firstIndex(of: UInt8(ascii: "/"))
        let host = octets[..<(slash ?? octets.endIndex)]
        let family: SocketAddress.Family
        let bits: UInt128
        if let value = SocketAddress.ipv4(host) {
            (family, bits) = (.ipv4, value)
        } else if let value = SocketAddress.ipv6(host) {
            (family, bits) = (.ipv6, value)
        } else {
            return nil
        }
        let width = family == .ipv4 ? 32 : 128
        var length = width
        if let slash {
            let digits = octets[octets.index(after: slash)...]
            guard digits.count <= 3, let value = SocketAddress.port(digits), value <= width else { return nil }
            length = Int(value)
        }
        guard bits & ~Self.mask(family, length) == 0 else { return nil }
        // ::ffff:a.b.c.d/96+n is the IPv4 range a.b.c.d/n: addresses are kept so too.
        if family == .ipv6, length >= 96, bits >> 32 == 0xffff {
            self.init(family: .ipv4, bits: bits & 0xffff_ffff, length: length - 96)
        } else {
            self.init(family: family, bits: bits, length: length)
        }
    }

    public init?(parsing text: String) { self.init(parsing: Array(text.utf8)) }

    public func contains(_ address: SocketAddress) -> Bool {
        address.family == family && address.bits & Self.mask(family, length) == bits
    }

    private static func mask(_ family: SocketAddress.Family, _ length: Int) -> UInt128 {
        let width = family == .ipv6 ? 128 : 32
        let all: UInt128 = family == .ipv6 ? .max : 0xffff_ffff
        return all & (all << UInt128(width - length))
    }
}

extension NetworkRange: CustomStringConvertible {
    public var description: String {
        let host = SocketAddress(family: family, bits: bits, port: 0).host
        return family == .unix ? host : "\(host)/\(length)"
    }
}
