public import MailModel

extension Configuration {
    /// Where answers go.
    public enum ReplyToPolicy: Hashable, Sendable {
        /// To the author, if From was rewritten and the app named nobody.
        case author
        /// Where the app says, or to From.
        case keep
        /// To From, whatever the app says.
        case none
        /// There, whatever the app says.
        case address(Mailbox)
    }

    /// Whether an account may mail the world.
    public enum AccountMode: Hashable, Sendable {
        case live
        /// Everything is accepted and waits for `fairlead queue release`.
        case hold
        /// Everything goes to this address, and to nobody else.
        case redirect(Mailbox)
        /// Recipients outside these are refused.
        case allow([AddressPattern])
    }

    /// Entry of `tags`, for SES's events.
    public struct MessageTag: Hashable, Sendable {
        public let name: String
        public let value: String
    }
}

extension Configuration.AccountMode: CustomStringConvertible {
    public var description: String {
        switch self {
        case .live: "live"
        case .hold: "hold"
        case .redirect(let address): "redirect to \(address)"
        case .allow(let patterns): "allow \(patterns.map(\.description).joined(separator: ", "))"
        }
    }
}

extension ValueType<Configuration.ReplyToPolicy> {
    static let replyTo = scalar("author | keep | none | address", show: \.word) { (text: String) throws(ValueError) in
        switch text {
        case "author": return .author
        case "keep": return .keep
        case "none": return Configuration.ReplyToPolicy.none
        default:
            guard let mailbox = try? Mailbox(parsing: Array(text.utf8)) else {
                throw ValueError("\(quoted(text)) is not known; write author, keep, none, or an address such as help@example.com")
            }
            return .address(mailbox)
        }
    }
}

extension Configuration.ReplyToPolicy {
    fileprivate var word: String {
        switch self {
        case .author: "author"
        case .keep: "keep"
        case .none: "none"
        case .address(let mailbox): mailbox.description
        }
    }
}

extension ValueType<Configuration.AccountMode> {
    /// `live`, `hold`, `{ redirect: ADDRESS }` or `{ allow: [PATTERN] }`.
    static let mode: ValueType = {
        let name = "live | hold | redirect: address | allow: list of address patterns"
        let advice = "write live, hold, { redirect: qa@example.com } or { allow: [\"*@example.com\"] }"
        let patterns = ValueType<AddressPattern>.addressPattern.list(
            of: "address patterns", atLeastOne: "is empty, so every recipient would be refused; name those that may get mail, or write hold"
        )
        return ValueType(
            name: name,
            read: { node, path, reading in
                switch node {
                case .scalar(let scalar) where scalar.text == "live": return .live
                case .scalar(let scalar) where scalar.text == "hold": return .hold
                case .mapping(let entries, _) where entries.count == 1:
                    let entry = entries[0]
                    let place = path.key(entry.key.text)
                    reading.note(place, at: entry.value.position)
                    switch entry.key.text {
                    case "redirect": return ValueType<Mailbox>.mailbox.read(entry.value, place, &reading).map { .redirect($0) }
                    case "allow": return patterns.read(entry.value, place, &reading).map { .allow($0) }
                    default: break
                    }
                default: break
                }
                reading.report(at: node.position, key: path, "is not a mode; \(advice)")
                return nil
            },
            show: { mode, path in
                switch mode {
                case .live: [(path, "live")]
                case .hold: [(path, "hold")]
                case .redirect(let address): [("\(path).redirect", address.description)]
                case .allow(let allowed): patterns.show(allowed, "\(path).allow")
                }
            })
    }()
}

extension ValueType<String?> {
    /// The characters and lengths of SES (API reference, "ConfigurationSetName").
    static let configurationSet = scalar("configuration set", show: { $0 ?? "none" }) { (text: String) throws(ValueError) in
        if text == "none" { return nil }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(ASCII.isTagOctet) else {
            throw ValueError("\(quoted(text)) is not a configuration set; write 1 to 64 letters, digits, - and _")
        }
        return text
    }
}

extension ValueType<[Configuration.MessageTag]> {
    static let tags = mapping(
        "mapping of tags", example: "app: shop", show: { (tag: Configuration.MessageTag) in (tag.name, tag.value) }
    ) { (name: String, value: String) throws(ValueError) in
        for text in [name, value] where !((1...256).contains(text.utf8.count) && text.utf8.allSatisfy(ASCII.isTagOctet)) {
            throw ValueError("\(quoted(text)) cannot be in a tag; write 1 to 256 letters, digits, - and _")
        }
        return Configuration.MessageTag(name: name, value: value)
    }
}

extension ASCII {
    fileprivate static func isTagOctet(_ octet: UInt8) -> Bool {
        isLetterOrDigit(octet) || octet == UInt8(ascii: "-") || octet == UInt8(ascii: "_")
    }
}
