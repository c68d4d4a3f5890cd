public import MailModel

extension Configuration {
    /// Entry of `listeners`.
    public struct Listener: Hashable, Sendable {
        public enum Security: Hashable, Sendable {
            /// AUTH only after STARTTLS, MAIL only after AUTH.
            case starttls
            /// TLS from the first octet; MAIL only after AUTH.
            case implicit
            /// No TLS, no AUTH: whoever may connect sends as this account. Only on loopback and private addresses.
            case none(account: AccountName)
        }

        public let address: ListenAddress
        public let security: Security
        /// Who may connect; empty: everybody. Never empty without TLS.
        public let allow: [IPNetwork]

        public func mayConnect(_ client: IPAddress) -> Bool { allow.isEmpty || allow.contains { $0.contains(client) } }

        static let defaults = [(587, Security.starttls), (465, .implicit)].compactMap { port, security in
            IPAddress("::").map { Listener(address: ListenAddress(address: $0, port: port), security: security, allow: []) }
        }
    }
}

/// The keys of a listener before they are known to fit together.
struct ListenerDraft: Section {
    enum TLSMode: String, CaseIterable, Sendable { case starttls, implicit, none }

    var address: ListenAddress?
    var tls = TLSMode.starttls
    var account: AccountName?
    var allow: [IPNetwork] = []

    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "address", \.address, ValueType<ListenAddress>.listenAddress.optional, required: true,
            "Where to listen, such as [::]:587 for all addresses, IPv4 too."),
        SectionKey(
            "tls", \.tls, .word, required: true,
            "How TLS begins: starttls, implicit, or none for local apps without AUTH."),
        SectionKey(
            "account", \.account, ValueType<AccountName>.account.optional, defaultText: "none",
            "Only with tls: none: the account that everybody here sends as."),
        SectionKey(
            "allow", \.allow, ValueType<IPNetwork>.network.list(of: "networks"),
            defaultText: "everybody; with tls: none on a loopback address, the host itself",
            "The networks that may connect."),
    ]
}

extension ValueType<ListenAddress> {
    static let listenAddress = scalar("address and port", show: \.description, parse: ListenAddress.parse)
}

extension ValueType<IPNetwork> {
    static let network = scalar("network", show: \.description, parse: IPNetwork.parse)
}

extension ValueType<Configuration.Listener> {
    static let listener = section("listener", draft: ListenerDraft.init, finish: Configuration.Listener.finish)
}

extension ListenerDraft {
    init(_ listener: Configuration.Listener) {
        address = listener.address
        allow = listener.allow
        switch listener.security {
        case .starttls: tls = .starttls
        case .implicit: tls = .implicit
        case .none(let name): (tls, account) = (.none, name)
        }
    }
}

extension Configuration.Listener {
    fileprivate static func finish(_ draft: ListenerDraft, _ path: KeyPathText, _ reading: inout Reading) -> Self? {
        guard let address = draft.address else { return nil }
        reading.listenAddresses.append((address, path))
        if draft.tls != .none {
            if draft.account != nil {
                reading.report(
                    key: path.key("account"),
                    "stands beside tls: \(draft.tls.rawValue); remove it, clients log in with their own account here")
            }
            if address.port == 465, draft.tls == .starttls {
                reading.report(.warning, key: path.key("tls"), "clients expect TLS from the first octet on port 465; write tls: implicit")
            }
            return Self(address: address, security: draft.tls == .implicit ? .implicit : .starttls, allow: draft.allow)
        }
        var allow = draft.allow
        let isPublic = !address.address.isLoopback && !address.address.isPrivate
        if isPublic {
            reading.report(
                key: path.key("address"),
                "\(address) is not a loopback or private address, and tls: none asks nobody for a password; "
                    + "listen on 127.0.0.1, or use starttls or implicit")
        }
        let allowPath = path.key("allow")
        for (index, network) in zip(reading.elements[allowPath.text] ?? [], allow)
        where !IPNetwork.notPublic.contains(where: { $0.contains(network) }) {
            reading.report(
                key: allowPath.index(index),
                "\(network) has public addresses in it, and tls: none asks nobody for a password; name loopback and private networks only")
        }
        if allow.isEmpty {
            if address.address.isLoopback {
                allow = IPNetwork.loopback
            } else if !isPublic {
                reading.report(key: allowPath, "is missing; with tls: none on \(address.address), name the networks that may connect")
            }
        }
        guard let account = draft.account else {
            if reading.places[path.key("account").text] == nil {
                reading.report(key: path.key("account"), "is missing; with tls: none, name the account that everybody here sends as")
            }
            return nil
        }
        return Self(address: address, security: .none(account: account), allow: allow)
    }
}
