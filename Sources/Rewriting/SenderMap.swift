public import MailModel

/// Which addresses of ours leave as which others, as in Postfix's generic(5): an address goes before its domain, the case of A–Z does not
/// count, and there is one step only.
public struct SenderMap: Hashable, Sendable {
    public enum Target: Hashable, Sendable {
        case mailbox(Mailbox)
        /// The local part stays.
        case domain(Domain)
    }

    private var addresses: [[UInt8]: Target] = [:]
    private var domains: [Domain: Target] = [:]

    public init() {}

    public var isEmpty: Bool { addresses.isEmpty && domains.isEmpty }

    public mutating func map(_ mailbox: Mailbox, to target: Target) { addresses[Self.key(mailbox)] = target }

    public mutating func map(_ domain: Domain, to target: Target) { domains[domain] = target }

    /// What `mailbox` leaves as; `nil` if it stays.
    public subscript(mailbox: Mailbox) -> Mailbox? {
        guard let target = addresses[Self.key(mailbox)] ?? domains[mailbox.domain] else { return nil }
        let mapped: Mailbox =
            switch target {
            case .mailbox(let other): other
            case .domain(let domain): Mailbox(localPart: mailbox.localPart, domain: domain)
            }
        return mapped == mailbox ? nil : mapped
    }

    /// This map, and what only `other` has.
    public func merging(_ other: SenderMap) -> SenderMap {
        var merged = self
        merged.addresses.merge(other.addresses) { own, _ in own }
        merged.domains.merge(other.domains) { own, _ in own }
        return merged
    }

    private static func key(_ mailbox: Mailbox) -> [UInt8] {
        mailbox.localPart.octets.map(ASCII.lowercased) + [ASCII.at] + mailbox.domain.octets
    }
}
