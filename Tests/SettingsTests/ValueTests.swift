import MailModel
import Testing
@testable import Settings

/// Tables of the small values: text in, value or refusal out, and back to text.
@Suite struct ValueTests {
    @Test(
        arguments: [
            ("30s", 30_000), ("15min", 900_000), ("15 min", 900_000), ("15m", 900_000), ("12h", 43_200_000), ("4d", 345_600_000),
            ("2w", 1_209_600_000), ("500ms", 500), ("1h30min", 5_400_000), ("1d 12h", 129_600_000), ("0s", 0), ("1sec", 1000),
            ("", nil), ("4", nil), ("4 days", nil), ("-4d", nil), ("4.5h", nil), ("d", nil), ("4d!", nil), ("4D", nil), ("1h30", nil),
            ("١h", nil),
            ("3651d", nil), ("99999999999999999999d", nil), ("9223372036854775807w", nil), ("3650d1ms", nil), (" 4d", nil),
        ] as [(String, Int?)])
    func duration(_ text: String, milliseconds: Int?) {
        #expect((try? DurationText.parse(text)) == milliseconds.map { .milliseconds($0) })
    }

    @Test(arguments: ["30s", "15min", "36h", "4d", "1w", "1500ms", "0ms"])
    func durationIsShownAsWritten(_ text: String) throws {
        #expect(DurationText.show(try DurationText.parse(text)) == text)
    }

    @Test(
        arguments: [
            ("40MB", 40_000_000), ("40 MB", 40_000_000), ("512kB", 512_000), ("512KB", 512_000), ("16MiB", 16 << 20), ("1GiB", 1 << 30),
            ("1GB", 1_000_000_000), ("1024", 1024), ("7B", 7), ("1KiB", 1024), ("0", 0),
            ("40mb", nil), ("40M", nil), ("", nil), ("MB", nil), ("1.5MB", nil), ("-1MB", nil), ("40MB ", nil),
            ("9223372036854775807kB", nil),
        ] as [(String, Int?)])
    func size(_ text: String, octets: Int?) {
        #expect((try? ByteCount.parse(text)) == octets.map { ByteCount(octets: $0) })
    }

    @Test(arguments: ["40MB", "512kB", "16MiB", "1GiB", "7B"])
    func sizeIsShownAsWritten(_ text: String) throws { #expect(try ByteCount.parse(text).description == text) }

    @Test(
        arguments: [
            ("14/s", .limited(count: 14, per: .seconds(1))), ("600/min", .limited(count: 600, per: .seconds(60))),
            ("5000/h", .limited(count: 5000, per: .seconds(3600))), ("2000/d", .limited(count: 2000, per: .seconds(86_400))),
            ("unlimited", .unlimited),
            ("14", nil), ("0/s", nil), ("-1/s", nil), ("14/", nil), ("/s", nil), ("14/s/s", nil), ("14 / s", nil), ("1.5/s", nil),
            ("14/y", nil),
            ("Unlimited", nil), ("", nil), ("99999999999999999999/s", nil), ("1000000001/s", nil),
        ] as [(String, Rate?)])
    func rate(_ text: String, rate: Rate?) {
        let parsed = try? Rate.parse(text)
        #expect(parsed == rate)
        if let parsed { #expect(parsed.description == text) }
    }

    @Test(
        arguments: [
            ("https://hooks.example.com/services/T0/B0", "hooks.example.com", 443, "/services/T0/B0"),
            ("HTTPS://Hooks.Example.com", "hooks.example.com", 443, "/"),
            ("http://localhost:8065/hooks/x?a=b%20c#part", "localhost:8065", 8065, "/hooks/x?a=b%20c"),
            ("https://hooks.example.com?token=a/b", "hooks.example.com", 443, "/?token=a/b"),
            ("http://[::1]:8080/x", "[::1]:8080", 8080, "/x"), ("http://[::1]/x", "[::1]", 80, "/x"),
            ("http://192.0.2.1/", "192.0.2.1", 80, "/"),
            ("https://hooks.example.com:80/", "hooks.example.com:80", 80, "/"),
        ])
    func webAddress(_ text: String, authority: String, port: UInt16, target: String) throws {
        let address = try WebAddress.parse(text)
        #expect((address.authority, address.port, address.target) == (authority, port, target))
        #expect(address.isSecure == text.lowercased().hasPrefix("https"))
        #expect(target == "/" || !address.description.contains(target))
    }

    @Test(arguments: [
        "", "none/", "ftp://a.example/", "hooks.example.com/secret", "https:/a.example/", "https://", "https:///secret",
        "https://:80/secret",
        "https://a.example:/secret", "https://a.example:0/", "https://a.example:65536/", "https://a.example:8o/", "https://user@a.example/",
        "https://user:secret@a.example/", "https://a.example:80:90/", "https://[::g]/", "https://[::1/", "https://[::1]x/",
        "https://a .example/", "https://a.example/a secret", "https://a.example/\r\nHost: b.example", "https://ä.example/",
    ])
    func noWebAddress(_ text: String) {
        do throws(ValueError) {
            Issue.record("taken: \(try WebAddress.parse(text))")
        } catch {
            #expect(!error.message.contains("secret"))
        }
    }

    @Test func rateAsFraction() throws {
        #expect(try Rate.parse("30/min").perSecond == 0.5)
        #expect(Rate.unlimited.perSecond == nil)
    }

    @Test(
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2001:DB8::0:1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::", "::"),
            ("127.1", nil), ("01.2.3.4", nil), ("256.0.0.1", nil), ("fe80::1%eth0", nil), ("localhost", nil), ("", nil),
            ("127.0.0.1\0", nil), ("[::1]", nil),
        ] as [(String, String?)])
    func address(_ text: String, shown: String?) { #expect(IPAddress(text)?.description == shown) }

    @Test(arguments: [
        ("127.0.0.1", true, false), ("127.9.9.9", true, false), ("::1", true, false), ("10.1.2.3", false, true),
        ("172.16.0.1", false, true),
        ("172.31.255.255", false, true), ("172.32.0.1", false, false), ("192.168.1.1", false, true), ("169.254.1.1", false, true),
        ("100.64.0.1", false, true), ("fd00::1", false, true), ("fe80::1", false, true), ("8.8.8.8", false, false),
        ("0.0.0.0", false, false),
        ("::", false, false), ("2001:db8::1", false, false), ("::ffff:10.0.0.1", false, true),
    ])
    func kindOfAddress(_ text: String, isLoopback: Bool, isPrivate: Bool) throws {
        let address = try #require(IPAddress(text))
        #expect(address.isLoopback == isLoopback)
        #expect(address.isPrivate == isPrivate)
    }

    @Test(arguments: [
        ("172.17.0.0/16", "172.17.255.255", true), ("172.17.0.0/16", "172.18.0.0", false), ("10.0.0.0/8", "10.200.3.4", true),
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
        ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false), ("192.0.2.128/25", "192.0.2.127", false),
        ("192.0.2.128/25", "192.0.2.255", true),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true),
    ])
    func network(_ text: String, address: String, contains: Bool) throws {
        let network = try IPNetwork.parse(text)
        #expect(network.description == text)
        #expect(network.contains(try #require(IPAddress(address))) == contains)
    }

    @Test(arguments: [
        ("[::]:587", "0.0.0.0:587", true), ("[::]:587", "127.0.0.1:587", true), ("0.0.0.0:587", "[::1]:587", false),
        ("0.0.0.0:587", "127.0.0.1:587", true), ("127.0.0.1:587", "127.0.0.1:587", true), ("127.0.0.1:587", "127.0.0.2:587", false),
        ("[::]:587", "[::]:465", false), ("127.0.0.1:0", "127.0.0.1:0", false),
    ])
    func collision(_ one: String, _ other: String, collides: Bool) throws {
        let (left, right) = (try ListenAddress.parse(one), try ListenAddress.parse(other))
        #expect(left.description == one)
        #expect(left.collides(with: right) == collides)
        #expect(right.collides(with: left) == collides)
    }

    @Test(arguments: [
        ("*@mail.example.com", "anna@mail.example.com", true), ("*@mail.example.com", "anna@MAIL.example.com", true),
        ("*@mail.example.com", "anna@a.mail.example.com", false), ("*@*.example.com", "anna@mail.example.com", true),
        ("*@*.example.com", "anna@a.b.example.com", true), ("*@*.example.com", "anna@example.com", false),
        ("*@*.example.com", "anna@badexample.com", false), ("billing@example.com", "Billing@example.com", true),
        ("billing@example.com", "billing+1@example.com", false), ("bounce-*@example.com", "bounce-1@example.com", true),
        ("bounce-*@example.com", "bounce@example.com", false), ("a*b*c@example.com", "aXbXc@example.com", true),
        ("a*b*c@example.com", "abc@example.com", true), ("a*b*c@example.com", "acb@example.com", false),
        ("a*a@example.com", "a@example.com", false),
        ("*bounce*@example.com", "my-bounce-1@example.com", true), ("*bounce*@example.com", "bonce@example.com", false),
    ])
    func pattern(_ pattern: String, address: String, matches: Bool) throws {
        #expect(try AddressPattern.parse(pattern).matches(try Mailbox(parsing: Array(address.utf8))) == matches)
    }

    @Test(
        arguments: [
            ("email-smtp.eu-west-1.amazonaws.com", "eu-west-1"), ("EMAIL-SMTP.us-east-1.amazonaws.com", "us-east-1"),
            ("email-smtp-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"), ("email-smtp.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("email-smtp.eu-central-1.api.aws", "eu-central-1"), ("vpce-0a1-b2.email-smtp.eu-west-1.vpce.amazonaws.com", "eu-west-1"),
            ("email-smtp.amazonaws.com", nil), ("email-smtp.eu-west-1.example.com", nil), ("smtp.eu-west-1.amazonaws.com", nil),
            ("x.email-smtp.eu-west-1.amazonaws.com", nil), ("127.0.0.1", nil), ("localhost", nil),
            ("email-smtp.amazonaws.amazonaws.com", nil),
        ] as [(String, String?)])
    func regionOfHost(_ host: String, region: String?) throws { #expect(SESEndpoint(try RemoteHost.parse(host))?.region == region) }

    @Test(
        arguments: [
            ("qeue", "queue"), ("messageSize", "message_size"), ("Host-Name", "hostname"), ("lsiteners", "listeners"), ("colour", nil),
            ("x", nil),
        ] as [(String, String?)])
    func suggestion(_ word: String, meant: String?) {
        #expect(Suggestion.nearest(to: word, among: ["queue", "message_size", "hostname", "listeners", "tls"]) == meant)
    }

    @Test func displayNameHasPieces() throws {
        #expect(try Configuration.DisplayNameTemplate.parse("{name} via {domain}") == .standard)
        #expect(try Configuration.DisplayNameTemplate.parse("Zoë}{name}").pieces == [.text("Zoë}"), .name])
        for bad in ["", "{name", "{", "{}", "{Name}", "a\nb", String(repeating: "x", count: 201)] {
            #expect(throws: ValueError.self) { try Configuration.DisplayNameTemplate.parse(bad) }
        }
    }
}
