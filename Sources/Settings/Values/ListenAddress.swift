/// Where to listen: a numeric address and a port. `[::]` takes IPv4 connections too.
public struct ListenAddress: Hashable, Sendable {
    public let address: IPAddress
    /// 0 stands for any free port, which only tests want.
    public let port: UInt16

    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// The address alone, without brackets, as `getaddrinfo` and `inet_pton` take it.
    public var host: String { address.description }

    /// Whether the kernel would refuse to listen on both.
    func collides(with other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        return address == other.address || takes(other) || other.takes(self)
    }

    /// Whether this is every address, or every IPv4 address, and the other one of them.
    func takes(_ other: ListenAddress) -> Bool { address.isUnspecified && (address.isIPv6 || !other.address.isIPv6) }
}

extension ListenAddress {
    static func parse(_ text: String) throws(ValueError) -> ListenAddress {
        let advice = "write a numeric address and a port: 127.0.0.1:2525, [::1]:2525, or [::]:587 for all addresses"
        guard let colon = text.lastIndex(of: ":") else { throw ValueError("\(quoted(text)) has no port; \(advice)") }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count >= 2 {
            host = String(host.dropFirst().dropLast())
            guard host.contains(":") else { throw ValueError("\(quoted(text)) has brackets around an IPv4 address; \(advice)") }
        } else if host.contains(":") {
            throw ValueError("\(quoted(text)) is an IPv6 address without brackets; \(advice)")
        }
        guard let address = IPAddress(host) else {
            let what = host.isEmpty ? "has no address" : "does not begin with a numeric address"
            throw ValueError("\(quoted(text)) \(what); \(advice)")
        }
        guard let port = DecimalText.parse(String(text[text.index(after: colon)...])).flatMap(UInt16.init(exactly:)) else {
            throw ValueError("\(quoted(text)) has no port from 0 to 65535; \(advice)")
        }
        return ListenAddress(address: address, port: port)
    }
}

extension ListenAddress: CustomStringConvertible {
    /// `127.0.0.1:2525`, `[::]:587`
    public var description: String { address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}
