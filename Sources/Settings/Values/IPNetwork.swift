/// A network in CIDR form, `172.17.0.0/16`; a single address is a network of its own.
public struct IPNetwork: Hashable, Sendable {
    public let address: IPAddress
    /// 0 to 32 or 128.
    public let prefixLength: Int

    /// - Returns: `nil` if the prefix does not fit the address, or bits are set behind it.
    public init?(address: IPAddress, prefixLength: Int) {
        guard (0...address.octets.count * 8).contains(prefixLength) else { return nil }
        self.address = address
        self.prefixLength = prefixLength
        guard address.octets == Self.masked(address.octets, prefixLength) else { return nil }
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.octets.count == address.octets.count && Self.masked(other.octets, prefixLength) == address.octets
    }

    /// Whether every address of `other` is in it.
    public func contains(_ other: IPNetwork) -> Bool { prefixLength <= other.prefixLength && contains(other.address) }

    static let loopback = [fixed([127, 0, 0, 0], 8), fixed([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128)].compactMap(\.self)

    /// Loopback, private, link-local and shared addresses.
    static let notPublic =
        loopback
        + [
            fixed([10, 0, 0, 0], 8), fixed([172, 16, 0, 0], 12), fixed([192, 168, 0, 0], 16), fixed([169, 254, 0, 0], 16),
            fixed([100, 64, 0, 0], 10), fixed([0xFC] + zeros(15), 7), fixed([0xFE, 0x80] + zeros(14), 10),
        ].compactMap(\.self)

    private static func fixed(_ octets: [UInt8], _ prefixLength: Int) -> IPNetwork? {
        IPAddress(octets: octets).flatMap { IPNetwork(address: $0, prefixLength: prefixLength) }
    }

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    static func masked(_ octets: [UInt8], _ prefixLength: Int) -> [UInt8] {
        octets.enumerated().map { index, octet in
            let kept = Swift.min(8, Swift.max(0, prefixLength - index * 8))
            return kept == 0 ? 0 : octet & (0xFF << UInt8(8 - kept))
        }
    }
}

extension IPNetwork {
    static func parse(_ text: String) throws(ValueError) -> IPNetwork {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let first = parts.first, let address = IPAddress(first) else {
            throw ValueError("\(quoted(text)) is not an address or network; write 192.0.2.1, 172.17.0.0/16 or fd00::/8")
        }
        let bits = address.octets.count * 8
        guard parts.count == 2 else {
            guard let network = IPNetwork(address: address, prefixLength: bits) else { throw ValueError("is not a network") }
            return network
        }
        guard let length = DecimalText.parse(parts[1]), length <= bits else {
            throw ValueError("\(quoted(text)) has no valid prefix length; write a number from 0 to \(bits) after the slash")
        }
        guard let network = IPNetwork(address: address, prefixLength: length) else {
            let meant = IPAddress(octets: masked(address.octets, length)).map { "\($0)/\(length)" } ?? ""
            throw ValueError("\(quoted(text)) has bits set behind its prefix; write \(meant), or \(address) for the one address")
        }
        return network
    }
}

extension IPNetwork: CustomStringConvertible {
    public var description: String {
        prefixLength == address.octets.count * 8 ? address.description : "\(address)/\(prefixLength)"
    }
}
