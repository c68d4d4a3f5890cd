/// A name in the DNS, label by label, compared without case. Labels may hold any octet: `_domainkey` is no host name.
struct DNSName: Hashable, Sendable {
    /// Lower case, the root left out.
    let labels: [[UInt8]]

    static let labelLimit = 63
    /// RFC 1035 §3.1, with the length octets and the root.
    static let wireLimit = 255

    /// - Returns: `nil` for what no question can name.
    init?(_ text: some BidirectionalCollection<UInt8>) {
        let whole = text.last == UInt8(ascii: ".") ? Array(text.dropLast()) : Array(text)
        let labels = whole.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { $0.map(Self.lowercased) }
        guard !whole.isEmpty, labels.allSatisfy({ (1...Self.labelLimit).contains($0.count) }), Self.wireLength(labels) <= Self.wireLimit
        else { return nil }
        self.labels = labels
    }

    init(labels: [[UInt8]]) { self.labels = labels.map { $0.map(Self.lowercased) } }

    /// As it stands in a message, uncompressed.
    var octets: [UInt8] { labels.flatMap { [UInt8($0.count)] + $0 } + [0] }

    /// With dots between the labels, for people and for comparing; empty for the root.
    var text: [UInt8] { Array(labels.joined(separator: [UInt8(ascii: ".")])) }

    private static func wireLength(_ labels: [[UInt8]]) -> Int { labels.reduce(1) { $0 + $1.count + 1 } }

    private static func lowercased(_ octet: UInt8) -> UInt8 { (65...90).contains(octet) ? octet + 32 : octet }
}
