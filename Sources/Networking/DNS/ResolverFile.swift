/// The name servers of `/etc/resolv.conf` (resolv.conf(5)).
enum ResolverFile {
    /// As many as the C library asks.
    private static let serverLimit = 3

    static func servers(_ octets: [UInt8]) -> [SocketAddress] {
        var servers: [SocketAddress] = []
        for line in octets.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            let words = line.split(whereSeparator: { $0 == 32 || $0 == 9 })
            guard words.count >= 2, words[0].elementsEqual("nameserver".utf8) else { continue }
            // A link-local server's zone (`fe80::1%eth0`) is not kept: it cannot be asked.
            guard let server = SocketAddress(host: String(decoding: words[1], as: UTF8.self), port: 53) else { continue }
            servers.append(server)
            if servers.count == serverLimit { break }
        }
        return servers.isEmpty ? [SocketAddress(family: .ipv4, bits: 0x7f00_0001, port: 53)] : servers
    }
}
