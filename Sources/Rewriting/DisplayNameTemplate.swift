internal import MailModel
internal import MessageFormat

/// How a rewritten From is called: `{name} via {domain}`.
public struct DisplayNameTemplate: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case literal(DisplayName)
        case name
        case domain
        case alias
    }

    private let parts: [Part]

    public static let standard = DisplayNameTemplate(parts: [.name, .literal(DisplayName(text: Array(" via ".utf8))), .domain])
    /// `{name} via {alias}`: for mail that an alias sends on.
    public static let standardForAliases = DisplayNameTemplate(parts: [.name, .literal(DisplayName(text: Array(" via ".utf8))), .alias])

    private init(parts: [Part]) { self.parts = parts }

    /// - Returns: `nil` for a brace that is not part of `{name}`, `{domain}` or `{alias}`, and for a template that says nothing.
    public init?(_ text: String) {
        var parts: [Part] = []
        var rest = Array(text.utf8)[...]
        while let brace = rest.firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) {
            if brace > rest.startIndex { parts.append(.literal(DisplayName(text: rest[..<brace]))) }
            rest = rest[brace...]
            if rest.starts(with: "{name}".utf8) {
                parts.append(.name)
                rest = rest.dropFirst(6)
            } else if rest.starts(with: "{domain}".utf8) {
                parts.append(.domain)
                rest = rest.dropFirst(8)
            } else if rest.starts(with: "{alias}".utf8) {
                parts.append(.alias)
                rest = rest.dropFirst(7)
            } else {
                return nil
            }
        }
        if !rest.isEmpty { parts.append(.literal(DisplayName(text: rest))) }
        guard parts.contains(where: { if case .literal(let text) = $0 { !text.trimmed.isEmpty } else { true } }) else { return nil }
        self.parts = parts
    }

    /// - Parameter alias: empty where there is none.
    func fill(name: DisplayName, domain: DisplayName, alias: DisplayName = DisplayName()) -> DisplayName {
        parts.reduce(DisplayName()) { filled, part in
            switch part {
            case .literal(let text): filled + text
            case .name: filled + name
            case .domain: filled + domain
            case .alias: filled + alias
            }
        }.trimmed
    }
}
