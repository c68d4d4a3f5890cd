import MailModel
import Testing

@testable import StatusServer

@Suite struct AccessRulesTests {
    private static let open = AccessRules(hosts: ["relay.example.com", "status.example.com"], token: nil, isHealthOnly: false)
    private static let guarded = AccessRules(hosts: [], token: Array("0123456789abcdef".utf8), isHealthOnly: false)

    @Test(
        arguments: [
            (nil, true), ("127.0.0.1:9587", true), ("127.0.0.1", true), ("[::1]:9587", true), ("[::1]", true), ("10.1.2.3:80", true),
            ("localhost", true), ("LOCALHOST:9587", true), ("localhost.", true), ("relay.localhost:9587", true),
            ("relay.example.com:9587", true), ("Relay.Example.Com.", true), ("status.example.com", true),
            ("evil.example", false), ("evil.example:9587", false), ("relay.example.com.evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false), ("notlocalhost", false), ("", false), (":9587", false), ("[", false), ("[]", false),
            ("[evil.example]:9587", false), ("0x7f000001", false), ("127.1", false),
        ] as [(String?, Bool)])
    func host(_ host: String?, isAllowed: Bool) {
        #expect(Self.open.allows(host: host) == isAllowed)
    }

    @Test(
        arguments: [
            (nil, "127.0.0.1:9587", true), ("http://127.0.0.1:9587", "127.0.0.1:9587", true),
            ("https://status.example.com", "status.example.com", true),
            ("HTTP://LocalHost:9587", "localhost:9587", true), ("http://evil.example", "127.0.0.1:9587", false),
            ("http://127.0.0.1:8080", "127.0.0.1:9587", false), ("null", "127.0.0.1:9587", false), ("", "127.0.0.1:9587", false),
            ("file://", "127.0.0.1:9587", false), ("http://127.0.0.1:9587", nil, false),
        ] as [(String?, String?, Bool)])
    func origin(_ origin: String?, host: String?, isAllowed: Bool) {
        #expect(Self.open.allows(origin: origin, host: host) == isAllowed)
    }

    @Test(
        arguments: [
            (nil, false), ("Bearer 0123456789abcdef", true), ("bearer  0123456789abcdef", true), ("Bearer 0123456789abcdeg", false),
            ("Bearer 0123456789abcde", false), ("Bearer 0123456789abcdef0", false), ("Bearer", false), ("Bearer ", false), ("", false),
            ("0123456789abcdef", false), ("Digest 0123456789abcdef", false), ("Basic !!", false), ("Basic", false),
        ] as [(String?, Bool)])
    func token(_ authorization: String?, isAllowed: Bool) {
        #expect(Self.guarded.allows(authorization: authorization) == isAllowed)
        #expect(Self.open.allows(authorization: authorization))
    }

    @Test(arguments: [
        ("anna:0123456789abcdef", true), (":0123456789abcdef", true), ("anna:0123456789abcdeF", false), ("0123456789abcdef", false),
        ("anna:x:0123456789abcdef", false),
    ])
    func tokenAsPassword(_ pair: String, isAllowed: Bool) {
        let encoded = String(decoding: Base64.encode(Array(pair.utf8)), as: UTF8.self)
        #expect(Self.guarded.allows(authorization: "Basic \(encoded)") == isAllowed)
    }
}
