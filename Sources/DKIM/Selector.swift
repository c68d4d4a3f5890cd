internal import MailModel

/// The name of one key of a domain (`s=`): labels as in a host name, `fl2026` or `fl.2026`, lower case.
public struct Selector: Hashable, Sendable {
    public let octets: [UInt8]

    /// - Returns: `nil` for what cannot stand in front of `._domainkey`.
    public init?(_ text: some Collection<UInt8>) {
        guard let labels = try? Domain(allowingSingleLabel: text) else { return nil }
        octets = labels.octets
    }

    public init?(_ text: String) { self.init(Array(text.utf8)) }
}

extension Selector: CustomStringConvertible {
    public var description: String { String(decoding: octets, as: UTF8.self) }
}
