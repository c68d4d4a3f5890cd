/// Where a socket is bound or connected: an IPv4 or IPv6 address with its port, or "here" for a Unix-domain socket.
///
/// An IPv4-mapped IPv6 address, which is how an IPv4 client appears on a `[::]` listener, is kept as the IPv4 address
/// that it is, so that limits, ranges and logs need not know of it.
public struct SocketAddress: Hashable, Sendable {
    enum Family: UInt8, Sendable { case ipv4, ipv6, unix }

    let family: Family
    /// The address as a number; IPv4 in the low 32 bits.
    let bits: UInt128
    /// Which interface a link-local IPv6 address belongs to; else 0.
    let scope: UInt32
    public let port: UInt16

    init(family: Family, bits: UInt128, scope: UInt32 = 0, port: UInt16) {
        if family == .ipv6, bits >> 32 == 0xffff {
            self.family = .ipv4
            self.bits = bits & 0xffff_ffff
        } else {
            self.family = family
            self.bits = bits
        }
        self.scope = scope
        self.port = port
    }

    /// The peer of a Unix-domain socket: this machine. Who it is, `peerCredentials` tells.
    public static let unix = SocketAddress(family: .unix, bits: 0, port: 0)

    /// The same for one of its users, whose connections are counted as a network's are.
    static func unix(user: UInt32) -> SocketAddress { SocketAddress(family: .unix, bits: UInt128(user), port: 0) }

    public var isIPv6: Bool { family == .ipv6 }

    /// 127.0.0.0/8, ::1, or a Unix-domain socket.
    public var isLoopback: Bool {
        switch family {
        case .ipv4: bits >> 24 == 127
        case .ipv6: bits == 1
        case .unix: true
        }
    }

    /// Not routed on the Internet: RFC 1918, unique local (RFC 4193) or link-local. Loopback is not among them.
    public var isPrivate: Bool {
        switch family {
        case .ipv4: bits >> 24 == 10 || bits >> 20 == 0xac1 || bits >> 16 == 0xc0a8 || bits >> 16 == 0xa9fe
        case .ipv6: bits >> 121 == 0xfc >> 1 || bits >> 118 == 0xfe80 >> 6
        case .unix: false
        }
    }

    /// 0.0.0.0 or ::, which a listener takes to mean every interface.
    public var isUnspecified: Bool { family != .unix && bits == 0 }

    /// What one customer of a provider holds, and so what a limit per client counts: the IPv4 address, the /64 of an IPv6 one.
    public var networkPrefix: NetworkRange {
        NetworkRange(family: family, bits: bits, length: family == .ipv6 ? 64 : 32)
    }

    /// The same address with another port.
    public func withPort(_ port: UInt16) -> SocketAddress { SocketAddress(family: family, bits: bits, scope: scope, port: port) }
}
