import Networking
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:2525", "127.0.0.1:2525", "127.0.0.1"),
        ("0.0.0.0:0", "0.0.0.0:0", "0.0.0.0"),
        ("255.255.255.255:65535", "255.255.255.255:65535", "255.255.255.255"),
        ("[::]:587", "[::]:587", "::"),
        ("[::1]:25", "[::1]:25", "::1"),
        ("[2001:DB8:0:0:0:0:0:1]:25", "[2001:db8::1]:25", "2001:db8::1"),
        ("[::ffff:192.0.2.1]:25", "192.0.2.1:25", "192.0.2.1"),
        ("[fe80::1]:25", "[fe80::1]:25", "fe80::1"),
    ])
    func parses(text: String, description: String, host: String) throws {
        let address = try #require(SocketAddress(parsing: text))
        #expect(address.description == description)
        #expect(address.host == host)
        #expect(SocketAddress(parsing: address.description) == address)
        #expect(SocketAddress(host: host, port: address.port) == address)
    }

    @Test(arguments: [
        "", ":", ":25", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 25", "127.0.0.1:000025",
        "127.0.0.256:1", "127.0.0.01:1", "127.1:1", "1.2.3.4.5:1", "::1:25", "[::1]", "[::1]25", "[::1:25", "::1]:25", "[]:25",
        "[127.0.0.1]:25",
        "[::1%lo]:25", "localhost:25", "*:25", " 127.0.0.1:25", "127.0.0.1\u{0}:25", "127.0.0.1:25\u{0}", "[1::2::3]:1", "[12345::]:1",
        "[0000:0000:0000:0000:0000:0000:255.255.255.2555]:1", String(repeating: "1", count: 1000) + ":1",
    ])
    func refuses(text: String) { #expect(SocketAddress(parsing: text) == nil) }

    @Test(arguments: [
        ("127.0.0.1", true, false), ("127.255.0.9", true, false), ("::1", true, false), ("::ffff:127.0.0.1", true, false),
        ("10.0.0.1", false, true), ("172.16.0.1", false, true), ("172.31.255.255", false, true), ("192.168.1.1", false, true),
        ("169.254.1.1", false, true), ("fd00::1", false, true), ("fc00::1", false, true), ("fe80::1", false, true),
        ("febf::1", false, true),
        ("::ffff:10.1.1.1", false, true),
        ("172.15.0.1", false, false), ("172.32.0.1", false, false), ("192.169.0.1", false, false), ("11.0.0.1", false, false),
        ("8.8.8.8", false, false),
        ("0.0.0.0", false, false), ("::", false, false), ("2001:db8::1", false, false), ("fec0::1", false, false),
        ("fe00::1", false, false),
        ("::7f00:1", false, false), ("126.255.255.255", false, false), ("128.0.0.1", false, false),
    ])
    func knowsScope(host: String, isLoopback: Bool, isPrivate: Bool) throws {
        let address = try #require(SocketAddress(host: host, port: 1))
        #expect(address.isLoopback == isLoopback)
        #expect(address.isPrivate == isPrivate)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1/32"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.1", "192.0.2.1/32"),
    ])
    func hasPrefix(host: String, prefix: String) throws {
        let address = try #require(SocketAddress(host: host, port: 1))
        #expect(address.networkPrefix.description == prefix)
        #expect(address.networkPrefix.contains(address))
        #expect(address.networkPrefix == address.withPort(2).networkPrefix)
    }

    @Test(arguments: [
        ("172.17.0.0/16", ["172.17.0.1", "172.17.255.255", "::ffff:172.17.3.4"], ["172.18.0.0", "172.16.255.255", "::", "8.8.8.8"]),
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.2", "::1"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::"]),
        ("::/0", ["::", "ffff::"], ["1.2.3.4"]),
        ("2001:db8::/33", ["2001:db8::1", "2001:db8:7fff::"], ["2001:db8:8000::", "2001:db9::"]),
        ("::1/128", ["::1"], ["::2", "127.0.0.1"]),
        ("::ffff:10.0.0.0/104", ["10.255.255.255"], ["11.0.0.0"]),
        ("10.0.0.0/31", ["10.0.0.0", "10.0.0.1"], ["10.0.0.2"]),
    ])
    func rangeContains(text: String, inside: [String], outside: [String]) throws {
        let range = try #require(NetworkRange(parsing: text))
        for host in inside { #expect(try range.contains(#require(SocketAddress(host: host, port: 1)))) }
        for host in outside { #expect(try !range.contains(#require(SocketAddress(host: host, port: 1)))) }
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::/129", "10.0.0.0/-1", "10/8", "[::1]", "10.0.0.0/8/8", "::1/64",
        "1.2.3.4:5",
        "10.0.0.0/0008", "10.0.0.0/99999999999999999999",
    ])
    func refusesRange(text: String) { #expect(NetworkRange(parsing: text) == nil) }
}
