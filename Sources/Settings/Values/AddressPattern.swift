public import MailModel

/// Which addresses an account may send from: `billing@example.com`, `*@mail.example.com`, `bounce-*@*.example.com`.
///
/// `*` before the `@` stands for any octets; `*.` after it for any subdomain at any depth, not for the domain itself. Case does not
/// count: this is a limit on our own addresses, and nobody gives `Billing@` and `billing@` to two apps.
public struct AddressPattern: Hashable, Sendable {
    /// The pieces between the stars, in lower case; one piece means no star.
    private let pieces: [[UInt8]]
    let domain: Domain
    let coversSubdomains: Bool
    private let text: String

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

    /// Whether some address could match and lie in the identity.
    func overlaps(_ identity: Configuration.Identity) -> Bool {
        switch identity.subject {
        case .address(let mailbox): matches(mailbox)
        case .domain(let other): domain.isWithin(other) || (coversSubdomains && other.isWithin(domain) && other != domain)
        }
    }
}

extension AddressPattern {
    static func parse(_ text: String) throws(ValueError) -> AddressPattern {
        let advice = "write an address such as billing@example.com, or *@example.com, or *@*.example.com"
        let octets = Array(text.utf8)
        guard let at = octets.lastIndex(of: ASCII.at) else {
            throw ValueError("\(quoted(text)) is not an address pattern: it has no @; \(advice)")
        }
        let localPart = octets[..<at]
        guard !localPart.isEmpty, localPart.count <= 64, localPart.allSatisfy({ ASCII.isAtomText($0) || $0 == ASCII.dot }) else {
            throw ValueError("\(quoted(text)) is not an address pattern: the part before the @ does not fit; \(advice)")
        }
        var name = octets[(at + 1)...]
        let coversSubdomains = name.starts(with: "*.".utf8)
        if coversSubdomains { name = name.dropFirst(2) }
        do {
            return AddressPattern(
                pieces: localPart.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { $0.map(ASCII.lowercased) },
                domain: try Domain(name), coversSubdomains: coversSubdomains, text: text)
        } catch {
            throw ValueError("\(quoted(text)) is not an address pattern: \(error.explanation); \(advice)")
        }
    }
}

extension AddressPattern: CustomStringConvertible {
    public var description: String { text }
}
