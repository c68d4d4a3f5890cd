internal import Glibc
internal import MailModel

/// A numeric IPv4 or IPv6 address.
///
/// An IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.1`) is the IPv4 address, so that a rule written for one
/// fits the other.
public struct IPAddress: Hashable, Sendable {
    /// 4 or 16, in network order.
    public let octets: [UInt8]

    /// - Returns: `nil` unless there are 4 or 16 octets.
    public init?(octets: some Collection<UInt8>) {
        let octets = Array(octets)
        switch octets.count {
        case 4: self.octets = octets
        case 16:
            let isMapped = octets[..<10].allSatisfy { $0 == 0 } && octets[10] == 0xFF && octets[11] == 0xFF
            self.octets = isMapped ? Array(octets[12...]) : octets
        default: return nil
        }
    }

    /// Numeric forms only; no name is looked up, and no zone (`%eth0`) is taken.
    public init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        var octets = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &octets) == 1 {
            self.init(octets: octets[..<4])
        } else if inet_pton(AF_INET6, text, &octets) == 1 {
            self.init(octets: octets)
        } else {
            return nil
        }
    }

    public var isIPv6: Bool { octets.count == 16 }

    /// `0.0.0.0` or `::`.
    public var isUnspecified: Bool { octets.allSatisfy { $0 == 0 } }

    public var isLoopback: Bool {
        isIPv6 ? octets.dropLast().allSatisfy { $0 == 0 } && octets.last == 1 : octets[0] == 127
    }

    /// Not routed on the Internet: RFC 1918, link-local, shared (RFC 6598) and unique local (RFC 4193) addresses.
    public var isPrivate: Bool { IPNetwork.notPublic.contains { $0.contains(self) } && !isLoopback }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(isIPv6 ? AF_INET6 : AF_INET, octets, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
