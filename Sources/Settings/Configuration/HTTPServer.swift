extension Configuration {
    /// Key `http`: where health, metrics, status and dashboard are served, and to whom.
    public struct HTTPServer: Hashable, Sendable {
        public internal(set) var address: ListenAddress
        /// The file of the token that every request but those for `/healthz` must bring; `nil`: none, which only a loopback address allows.
        public internal(set) var token: String?
        /// Names that a browser may call this server by, besides addresses, `localhost` and the relay's own name.
        public internal(set) var hosts: [RemoteHost] = []

        init(address: ListenAddress) { self.address = address }

        static let standard = ListenAddress.defaultHTTP.map(HTTPServer.init)
    }
}

extension Configuration.HTTPServer: CustomStringConvertible {
    public var description: String { address.description }
}

/// The mapping form while it is read.
private struct HTTPServerDraft: Section {
    var address: ListenAddress?
    var token: String?
    var hosts: [RemoteHost] = []

    static let keys: [SectionKey<Self>] = [
        SectionKey(
            "address", \.address, .listenAddressOrOff, defaultText: ListenAddress.defaultHTTP?.description,
            "Where it listens."),
        SectionKey(
            "token", \.token, ValueType<String>.path.optional, defaultText: "none",
            "The file with the token that every request but those for /healthz must bring; needed on other addresses than loopback ones."),
        SectionKey(
            "hosts", \.hosts, ValueType<RemoteHost>.remoteHost.list(of: "host names"), defaultText: "none",
            "Names that browsers may call it by, besides addresses, localhost and the relay's own name: those of a proxy in front of it."),
    ]
}

extension ValueType<Configuration.HTTPServer?> {
    /// An address, `off`, or a mapping of address, token and hosts.
    static let httpServer = ValueType(
        name: "address and port, off, or section", children: HTTPServerDraft.keys.map(\.description),
        read: { node, path, reading in
            guard case .mapping = node else {
                return ValueType<ListenAddress?>.listenAddressOrOff.read(node, path, &reading)
                    .map { $0.map(Configuration.HTTPServer.init) }
            }
            guard let draft = HTTPServerDraft.read(node, path, &reading) else { return nil }
            let isGiven = reading.places[path.key("address").text] != nil
            guard let address = draft.address ?? (isGiven ? nil : .defaultHTTP) else { return .some(nil) }
            var server = Configuration.HTTPServer(address: address)
            (server.token, server.hosts) = (draft.token, draft.hosts)
            return server
        },
        show: { server, path in
            guard let server, server.token != nil || !server.hosts.isEmpty else { return [(path, server?.description ?? "off")] }
            return HTTPServerDraft.show(
                HTTPServerDraft(address: server.address, token: server.token, hosts: server.hosts), path)
        })
}
