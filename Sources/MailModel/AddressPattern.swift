/// Which addresses are meant: `billing@example.com`, `*@mail.example.com`, `bounce-*@*.example.com`.
///
/// `*` before the `@` stands for any octets; `*.` after it for any subdomain at any depth, not for the domain itself. Case does not
/// count: this limits our own addresses, and nobody gives `Billing@` and `billing@` to two apps.
public struct AddressPattern: Hashable, Sendable {
    /// The pieces between the stars, in lower case; one piece means no star.
    private let pieces: [[UInt8]]
    public let domain: Domain
    /// The domain's subdomains are meant, and not the domain itself.
    public let coversSubdomains: Bool
    public let description: String

    /// - Throws: `missingAt`; `unexpectedOctet` for what cannot stand in a local part unquoted; what is wrong with the domain.
    public init(parsing text: some Collection<UInt8>) throws(AddressError) {
        let octets = Array(text)
        guard let at = octets.lastIndex(of: ASCII.at) else { throw .missingAt }
        let localPart = octets[..<at]
        guard !localPart.isEmpty else { throw .empty }
        guard localPart.count <= 64 else { throw .localPartTooLong }
        if let odd = localPart.firstIndex(where: { !ASCII.isAtomText($0) && $0 != ASCII.dot }) { throw .unexpectedOctet(at: odd) }
        var name = octets[(at + 1)...]
        coversSubdomains = name.starts(with: "*.".utf8)
        if coversSubdomains { name = name.dropFirst(2) }
        domain = try Domain(name)
        pieces = localPart.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { $0.map(ASCII.lowercased) }
        description = String(decoding: octets, as: UTF8.self)
    }

    public func matches(_ mailbox: Mailbox) -> Bool {
        guard coversSubdomains ? mailbox.domain != domain && mailbox.domain.isWithin(domain) : mailbox.domain == domain else {
            return false
        }
        return matches(mailbox.localPart.octets.map(ASCII.lowercased))
    }

    /// First piece at the front, last one at the end, the others wherever they come first: linear, no backtracking.
    private func matches(_ localPart: [UInt8]) -> Bool {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else { return localPart == pieces.first }
        guard localPart.count >= first.count + last.count, localPart.starts(with: first), localPart.suffix(last.count) == last[...]
        else { return false }
        var rest = localPart[first.count..<(localPart.count - last.count)]
        for piece in pieces.dropFirst().dropLast() {
            while !rest.starts(with: piece) {
                if rest.isEmpty { return false }
                rest = rest.dropFirst()
            }
            rest = rest.dropFirst(piece.count)
        }
        return true
    }
}

extension AddressPattern: CustomStringConvertible {}
