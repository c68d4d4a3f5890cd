public import MailModel

extension Configuration {
    /// Entry of `sender_map`: what an address, or every address of a domain, leaves as.
    public struct SenderMapping: Hashable, Sendable {
        public enum Place: Hashable, Sendable, CustomStringConvertible {
            case mailbox(Mailbox)
            /// `@old.example`
            case domain(Domain)

            public var description: String {
                switch self {
                case .mailbox(let mailbox): mailbox.description
                case .domain(let domain): "@\(domain)"
                }
            }

            var domain: Domain {
                switch self {
                case .mailbox(let mailbox): mailbox.domain
                case .domain(let domain): domain
                }
            }
        }

        public let from: Place
        /// A domain only if `from` is one: the local part stays then.
        public let to: Place
    }
}

extension ValueType<[Configuration.SenderMapping]> {
    static let senderMap = mapping(
        "mapping of addresses", example: "\"root@host\": ops@mail.example.com or \"@old.example\": \"@mail.example.com\"",
        show: { (entry: Configuration.SenderMapping) in ("\(entry.from)", "\(entry.to)") }
    ) { (key: String, value: String) throws(ValueError) in
        let from = try Configuration.SenderMapping.Place.parse(key, allowsSingleLabel: true)
        let to = try Configuration.SenderMapping.Place.parse(value, allowsSingleLabel: false)
        if case (.mailbox, .domain) = (from, to) {
            throw ValueError("\(quoted(value)) is a domain, and \(from) an address; write the address that it leaves as")
        }
        return Configuration.SenderMapping(from: from, to: to)
    }
}

extension Configuration.SenderMapping.Place {
    fileprivate static func parse(_ text: String, allowsSingleLabel: Bool) throws(ValueError) -> Self {
        let octets = Array(text.utf8)
        do throws(AddressError) {
            guard octets.first == ASCII.at else {
                return .mailbox(allowsSingleLabel ? try Mailbox(parsingSender: octets) : try Mailbox(parsing: octets))
            }
            let name = Array(octets.dropFirst())
            return .domain(allowsSingleLabel ? try Domain(allowingSingleLabel: name) : try Domain(name))
        } catch {
            throw ValueError(
                "\(quoted(text)) is neither an address nor a domain: \(error.explanation); write ops@mail.example.com or @mail.example.com")
        }
    }
}

extension Configuration {
    /// What leaves must be verified, and a second look must find nothing to do.
    func checkSenderMaps(_ reading: inout Reading) {
        let path = KeyPathText.root.key("rewrite").key("sender_map")
        check(rewrite.senderMap, with: [], at: path, &reading)
        for (name, policy) in accounts.sorted(by: { $0.key < $1.key }) {
            let path = KeyPathText.root.key("accounts").name(name.description).key("sender_map")
            check(policy.senderMap, with: rewrite.senderMap, at: path, &reading)
        }
    }

    /// - Parameter others: of all accounts, which hold besides.
    private func check(_ map: [SenderMapping], with others: [SenderMapping], at path: KeyPathText, _ reading: inout Reading) {
        for entry in map {
            let key = path.name(entry.from.description)
            let isVerified = identities.contains { identity in
                switch entry.to {
                case .mailbox(let mailbox): identity.covers(mailbox)
                case .domain(let domain): if case .domain(let own) = identity.subject { domain.isWithin(own) } else { false }
                }
            }
            if !isVerified {
                reading.report(key: key, "\(entry.to) is in no identity, so SES would refuse it; use an address of an identity")
            }
            if let next = (map + others).first(where: { $0.from != entry.from && $0.takes(entry.to) }) {
                reading.report(key: key, "\(entry.to) is mapped again, by \(next.from); name the last address at once")
            }
            if let other = others.first(where: { $0.from != entry.from && entry.takes($0.to) }) {
                reading.report(key: key, "\(other.from) leaves as \(other.to), which is mapped again here; name the last address at once")
            }
            for identity in identities {
                for own in Set([identity.defaultSender, identity.returnPath]) where entry.takes(.mailbox(own)) {
                    reading.report(
                        key: key, "\(own) is what identity \(identity.subject) writes as, and may not be mapped; change it there")
                }
            }
        }
    }
}

extension Configuration.SenderMapping {
    /// Whether an address that leaves as `place` would be mapped by this entry too, and changed.
    fileprivate func takes(_ place: Place) -> Bool {
        if to == place { return false }
        switch (from, place) {
        case (.mailbox(let own), .mailbox(let other)):
            return own.domain == other.domain && ASCII.equalsIgnoringCase(own.localPart.octets, other.localPart.octets)
        case (.domain(let own), _): return own == place.domain
        case (.mailbox(let own), .domain(let domain)): return own.domain == domain
        }
    }
}
