import DKIM
import Intake
import MailModel
import MessageFormat
import Testing

@Suite struct MessageReaderTests {
    private let base =
        "Date: Sun, 01 Mar 2026 09:05:07 +0000\r\nFrom: Anna <anna@mail.example.com>\r\nTo: bob@c.example\r\n"
        + "Message-ID: <1@mail.example.com>\r\nSubject: x\r\n"

    @Test func whatLeaves() throws {
        let taken = try take(
            octets("From: Anna <anna@corp.example>\r\nBcc: c@d.example\r\nX-Odd:a\r\n\tb \r\nTo: bob@c.example\r\n\r\nHello\r\n"),
            settings: settings())
        let lines = text(taken.prepared.headerOctets).split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            lines.prefix(4) == [
                "Received: from client.example ([192.0.2.7]) by relay.example.com with",
                " ESMTPSA id \(QueueID(0x1234_5678_9ABC)!) for <bob@c.example>; Sun, 01 Mar 2026 09:05:07",
                " +0000",
                "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=mail.example.com;",
            ])
        #expect(lines.suffix(3) == ["Message-ID: \(taken.prepared.messageID)", "", ""])
        #expect(lines.contains("X-Odd:a") && lines.contains("\tb "))
        #expect(lines.contains("Date: Sun, 01 Mar 2026 09:05:07 +0000"))
        #expect(!text(taken.prepared.headerOctets).lowercased().contains("\r\nbcc"))
        #expect(text(taken.body) == "Hello\r\n")
        #expect(taken.prepared.octetCount == taken.octets.count)
        #expect(taken.prepared.author == (try mailbox("no-reply@mail.example.com")))
        #expect(taken.prepared.authorBefore == (try mailbox("anna@corp.example")))
        #expect(!taken.prepared.is8Bit)
        for line in lines { #expect(line.utf8.count <= 78) }
        try verify(taken)
    }

    @Test func cuttingTheStreamChangesNothing() throws {
        let settings = try settings()
        let message = octets(base + "\r\nLine  one \r\n\r\n\tb\r\nFrom: not a header\r\n\r\n\r\n")
        let whole = try take(message, settings: settings)
        for cut in 0...message.count {
            let parts = try take(message, cutAt: [cut], settings: settings)
            #expect(parts.octets == whole.octets, "cut at \(cut)")
        }
        let octetByOctet = try take(message, cutAt: Array(0...message.count), settings: settings)
        #expect(octetByOctet.octets == whole.octets)
        try verify(whole)
    }

    @Test func theSecondPassKeepsWhatTheFirstMade() throws {
        let first = try take(octets("From: a@b.example\r\n\r\nx\r\n"), settings: settings())
        let second = try take(first.octets, settings: settings())
        #expect(try second.header.count(of: .dkimSignature) == 1)
        #expect(try second.header.count(of: .received) == 2)
        let kept: [FieldName] = [.from, .replyTo, .xOriginalFrom, .date, .messageID]
        for name in kept { #expect(try first.header.first(name) == second.header.first(name)) }
        try verify(second)
    }

    @Test(arguments: [
        ("", "554 5.6.0 The message has no empty line between header and body"),
        ("\r\n", "554 5.6.0 The header has no From field; add one with the author's address"),
        ("From: a@mail.example.com\r\n", "554 5.6.0 The message has no empty line between header and body"),
        (
            "From: a@mail.example.com\r\nno header\r\n\r\nx",
            "554 5.6.0 Line 2 of the header is no field; a field is 'Name: value', and an empty line ends the header"
        ),
        (
            " From: a@mail.example.com\r\n\r\n",
            "554 5.6.0 Line 1 of the header is no field; a field is 'Name: value', and an empty line ends the header"
        ),
        (
            "From: a@mail.example.com\r\nA b: c\r\n\r\n",
            "554 5.6.0 The field name in line 2 of the header has a blank or another character it must not have"
        ),
        ("From: a@mail.example.com\r\nSubject: a\u{0}\r\n\r\n", "554 5.6.0 Line 2 of the header has a NUL octet"),
        ("From: a@mail.example.com\r\nSubject: a\nb\r\n\r\n", "554 5.6.0 Line 2 of the header has a CR or LF alone; lines end in CRLF"),
        ("From: a@mail.example.com\n\nx\n", "554 5.6.0 The message has no empty line between header and body"),
        ("From: a@mail.example.com\r\n\r\na\nb\r\n", "554 5.6.0 The body has a CR or LF alone; lines end in CRLF"),
        ("From: a@mail.example.com\r\n\r\n\n", "554 5.6.0 The body has a CR or LF alone; lines end in CRLF"),
        ("From: a@mail.example.com\r\n\r\na\r", "554 5.6.0 The body has a CR or LF alone; lines end in CRLF"),
        ("From: a@mail.example.com\r\n\r\na\u{0}b\r\n", "554 5.6.0 The body has a NUL octet; send binary content as base64"),
        ("From: a@mail.example.com\r\n\r\n\r\n", "accepted"),
        ("From: a@mail.example.com\r\n\r\n", "accepted"),
        ("From: a@mail.example.com\r\n\r\nno line end", "accepted"),
    ])
    func refused(message: String, reply: String) throws { #expect(refusal(octets(message), settings: try settings()) == reply) }

    @Test func limitsOfLinesAndHeader() throws {
        let settings = try settings()
        let line = String(repeating: "x", count: 998)
        #expect(refusal(octets(base + "\r\n\(line)\r\n"), settings: settings) == "accepted")
        #expect(refusal(octets(base + "\r\n\(line)"), settings: settings) == "accepted")
        #expect(refusal(octets(base + "\r\n\(line)x\r\n"), settings: settings) == "accepted")
        #expect(refusal(octets(base + "X: \(line.dropFirst())\r\n\r\n"), settings: settings) == "accepted")  // folded behind the colon
        #expect(
            refusal(octets(base + "X: \(line)x\r\n\r\n"), settings: settings)
                == "554 5.6.0 The field in line 6 of the header is longer than 998 octets and has no blank to fold at")
        let fields = String(repeating: "A: b\r\n", count: 996)
        #expect(refusal(octets("From: a@mail.example.com\r\n" + fields + "\r\n"), settings: settings) == "accepted")
        #expect(refusal(octets(base + fields + "\r\n"), settings: settings) == "554 5.6.0 The header has more than 1000 fields")
        let long = String(repeating: "X: " + String(repeating: "y", count: 900) + "\r\n", count: 114)
        #expect(refusal(octets(base + long + "\r\n"), settings: settings) == "554 5.6.0 The header is longer than 102400 octets")
    }

    @Test func aRefusedMessageIsNotStored() throws {
        var reader = MessageReader(settings: try settings())
        func feed(_ text: String) -> Int { octets(text).withUnsafeBytes { reader.feed($0).count } }
        #expect(feed(base + "\r\nbody\r\n") == 6)
        let isRefusedBefore = reader.isCertainlyRefused
        #expect(feed("a\u{0}b\r\n") == 0)
        let isRefusedAfter = reader.isCertainlyRefused
        #expect(!isRefusedBefore && isRefusedAfter)
        #expect(feed("more\r\n") == 0)
        var endless = MessageReader(settings: try settings())
        for _ in 0..<20 { #expect([UInt8](repeating: 97, count: 65_536).withUnsafeBytes { endless.feed($0).count } == 0) }
        let isRefused = endless.isCertainlyRefused
        #expect(isRefused)
    }

    @Test func theSizeIsBounded() throws {
        var settings = try settings()
        let message = octets(base + "\r\n" + String(repeating: "0123456789\r\n", count: 100))
        let size = try take(message, settings: settings).prepared.octetCount
        settings.maximumOctets = size
        #expect(refusal(message, settings: settings) == "accepted")
        settings.maximumOctets = size - 1
        #expect(refusal(message, settings: settings) == "552 5.3.4 The message with its header is larger than \(size - 1) octets")
    }

    @Test(arguments: [
        ("Date: yesterday\r\n", "Date: Sun, 01 Mar 2026 09:05:07 +0000\r\n"), ("Date:\r\n", "Date: Sun, 01 Mar 2026 09:05:07 +0000\r\n"),
        ("", "Date: Sun, 01 Mar 2026 09:05:07 +0000\r\n"), ("DATE:1 Jan 99 1:2 EST\r\n", "Date: 1 Jan 1999 01:02 -0500\r\n"),
        ("DATE:1 Jan\r\n 1999 01:02 -0500 (EST)\r\n", "DATE:1 Jan\r\n 1999 01:02 -0500 (EST)\r\n"),
    ])
    func date(field: String, expected: String) throws {
        let taken = try take(octets("From: a@mail.example.com\r\n" + field + "\r\n"), settings: settings())
        #expect(try taken.header.first(.date).map { text($0.octets) } == expected)
        #expect(try taken.header.count(of: .date) == 1)
    }

    @Test func messageIDs() throws {
        let kept = try take(octets("From: a@mail.example.com\r\nMessage-Id:  <x y@z>\r\n\r\n"), settings: settings())
        #expect(try text(#require(kept.header.first(.messageID)).octets).hasPrefix("Message-ID: <\(QueueID(0x1234_5678_9ABC)!)."))
        let valid = try take(octets("From: a@mail.example.com\r\nMessage-Id:  <odd>\r\n\r\n"), settings: settings())
        #expect(try text(#require(valid.header.first(.messageID)).octets) == "Message-Id:  <odd>\r\n")
        #expect(valid.prepared.messageID == "<odd>")
        let message = octets("From: a@mail.example.com\r\n\r\n")
        let first = try take(message, settings: settings()).prepared.messageID
        #expect(first.hasSuffix("@mail.example.com>"))
        #expect(try take(message, settings: settings()).prepared.messageID != first)
    }

    /// L03
    @Test func hops() throws {
        let settings = try settings()
        let hop = "RECEIVED: from a\r\n\tby b; Sun, 01 Mar 2026 09:05:07 +0000\r\n"
        for (count, reply) in [
            (99, "accepted"), (100, "accepted"), (101, "554 5.4.6 The message has more than 100 Received fields: it goes round in circles"),
        ] {
            let message = String(repeating: hop, count: count) + base + "\r\nReceived: in the body\r\n"
            #expect(refusal(octets(message), settings: settings) == reply)
        }
        let own = "Received: from x (y)\r\n by Relay.example.com with ESMTPSA id 1; Sun, 01 Mar 2026 09:05:07 +0000\r\n"
        #expect(refusal(octets(own + base + "\r\n"), settings: settings) == "accepted")
        #expect(
            refusal(octets(own + own + base + "\r\n"), settings: settings)
                == "554 5.4.6 This host has had the message 2 times already: it goes round in circles")
        let others = own.replacing("Relay.example.com", with: "relay.example.com.other.example")
        #expect(refusal(octets(others + others + base + "\r\n"), settings: settings) == "accepted")
    }

    /// L01, L02
    @Test(
        arguments: [
            (
                "client.example", "192.0.2.7", ["bob@c.example"],
                "from client.example ([192.0.2.7]) by relay.example.com with ESMTPSA id ID for <bob@c.example>; "
            ),
            (
                "[192.0.2.7]", "2001:db8::1", ["a@b.c", "d@e.f"],
                "from [192.0.2.7] ([IPv6:2001:db8::1]) by relay.example.com with ESMTPSA id ID; "
            ),
            ("a\r\nBcc: x (", nil, ["a@b.c", "d@e.f"], "from a??Bcc:?x?? by relay.example.com with ESMTPSA id ID; "),
            ("\u{0}\u{2028}", "1.2.3.4)\r\nX: y", ["a@b.c", "d@e.f"], "from ???? (unknown) by relay.example.com with ESMTPSA id ID; "),
            ("", "192.0.2.7", ["\"a b\"@c.d"], "from unknown ([192.0.2.7]) by relay.example.com with ESMTPSA id ID for <\"a b\"@c.d>; "),
        ] as [(String, String?, [String], String)])
    func received(hello: String, address: String?, recipients: [String], expected: String) throws {
        let info = ReceivedInfo(helloName: octets(hello), address: address, transfer: .esmtpAuthenticatedOverTLS)
        let taken = try take(octets(base + "\r\n"), settings: settings(), recipients: recipients, received: info)
        let field = try #require(taken.header.fields.first)
        #expect(field.name == .received)
        #expect(text(field.unfolded) == expected.replacing("ID", with: "\(QueueID(0x1234_5678_9ABC)!)") + "Sun, 01 Mar 2026 09:05:07 +0000")
        for line in text(field.octets).split(separator: "\r\n") { #expect(line.utf8.count <= 78) }
    }

    /// K10, K11: never unsigned.
    @Test func withoutASignatureNothingIsTaken() throws {
        let domain = try Domain(octets("mail.example.com"))
        let broken = try settings(signers: [HeaderSigner(domain: domain, selector: Selector("s")!, key: FailingKey())])
        #expect(refusal(octets(base + "\r\n"), settings: broken) == "451 4.3.0 The message could not be signed; try again later")
        let none = try settings(signers: [])
        #expect(refusal(octets(base + "\r\n"), settings: none) == "550 5.7.1 No DKIM key for mail.example.com: mail is not sent unsigned")
        let other = try settings(signers: [
            HeaderSigner(domain: try Domain(octets("x.example")), selector: Selector("s")!, key: FailingKey())
        ])
        #expect(refusal(octets(base + "\r\n"), settings: other).hasPrefix("550 5.7.1 No DKIM key"))
    }

    @Test func theNearestKeySigns() throws {
        let above = HeaderSigner(domain: try Domain(octets("example.com")), selector: Selector("above")!, key: FailingKey())
        let own = HeaderSigner(domain: try Domain(octets("mail.example.com")), selector: Selector("own")!, key: RSASigningKey(key))
        let below = HeaderSigner(domain: try Domain(octets("a.mail.example.com")), selector: Selector("below")!, key: FailingKey())
        let taken = try take(octets(base + "\r\n"), settings: settings(signers: [above, own, below]))
        #expect(try Signature(parsing: #require(taken.header.first(.dkimSignature))).selector == Selector("own"))
    }

    @Test func theNullReversePathBecomesAVerifiedOne() throws {
        let taken = try take(octets(base + "\r\n"), settings: settings(), from: .null)
        #expect(taken.prepared.envelope.reversePath == .mailbox(try mailbox("no-reply@mail.example.com")))
        #expect(taken.prepared.envelope.recipients == [try mailbox("bob@c.example")])
    }

    /// H10: what looks like a header in the body stays out of it.
    @Test func innerMessagesAreUntouched() throws {
        let body = "Content-Type: message/rfc822\r\n\r\nFrom: x@evil.example\r\nBcc: y\r\nDKIM-Signature: z\r\n\r\nReceived: a\r\n"
        let taken = try take(octets(base + "\r\n" + body), settings: settings())
        #expect(text(taken.body) == body)
        try verify(taken)
    }
}
