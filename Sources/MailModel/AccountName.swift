/// The name an app logs in with: 1 to 64 octets of letters, digits and `. _ - @ +`, case kept.
///
/// ASCII only, so that two ways to write one `é` can never be two accounts.
public struct AccountName: Hashable, Sendable, Comparable {
    public let octets: [UInt8]

    /// - Returns: `nil` if `text` is empty, longer than 64 octets or has another character.
    public init?(_ text: some Collection<UInt8>) { self.init(Array(text)) }

    public init?(_ text: String) { self.init(Array(text.utf8)) }

    /// Not generic: other modules would call it unspecialised, at ten times the cost.
    public init?(_ text: [UInt8]) {
        guard (1...64).contains(text.count),
            text.allSatisfy({ ASCII.isLetterOrDigit($0) || [46, 45, 95, 64, 43].contains($0) })  // . - _ @ +
        else { return nil }
        octets = text
    }

    public static func < (left: AccountName, right: AccountName) -> Bool {
        left.octets.lexicographicallyPrecedes(right.octets)
    }
}

extension AccountName: CustomStringConvertible {
    public var description: String { String(decoding: octets, as: UTF8.self) }
}
