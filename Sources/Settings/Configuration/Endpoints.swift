extension ListenAddress {
    static let defaultHTTP = IPAddress("127.0.0.1").map { ListenAddress(address: $0, port: 9587) }
}

extension ValueType<ListenAddress?> {
    static let listenAddressOrOff = scalar("address and port, or off", show: { $0?.description ?? "off" }) {
        (text: String) throws(ValueError) in
        if text == "off" { return nil }
        do throws(ValueError) {
            return try ListenAddress.parse(text)
        } catch {
            throw ValueError(error.message + "; or off")
        }
    }
}

extension ValueType<String> {
    /// A path that fits into a socket address.
    static let socketPath = ValueType(
        name: "path",
        read: { node, place, reading in
            guard let resolved = path.read(node, place, &reading) else { return nil }
            guard resolved.utf8.count <= 99 else {
                reading.report(
                    at: node.position, key: place, "is longer than 99 octets, so that no socket fits beside it; choose a shorter one")
                return nil
            }
            return resolved
        },
        show: path.show)
}
