import DKIM
import MailModel
import MessageFormat
import Testing

@Suite struct SigningTests {
    private let key: TestKey
    init() throws { key = try TestKey(folder: "01-empty-body") }

    private func names(_ header: String) throws -> [String] {
        let signed = try TestMessage(header: HeaderBlock(parsing: octets(header)), body: []).signed(with: key)
        return try Signature(parsing: #require(signed.header.first(.dkimSignature))).signedNames.map { text($0) }
    }

    /// K06, K07, K08
    @Test(arguments: [
        (
            "From: a\r\n",
            "from from sender reply-to to cc subject in-reply-to references list-unsubscribe list-unsubscribe-post"
        ),
        (
            "From: a\r\nTo: b\r\nTo: c\r\nMIME-Version: 1.0\r\nContent-Type: t\r\nContent-Transfer-Encoding: 7bit\r\nSubject: s\r\n",
            "from from sender reply-to to to to cc subject subject in-reply-to references list-unsubscribe list-unsubscribe-post"
                + " mime-version mime-version content-type content-type content-transfer-encoding content-transfer-encoding"
        ),
        (
            "FROM : a\r\nDate: d\r\nMessage-ID: m\r\nReturn-Path: r\r\nBounces-To: b\r\nFeedback-ID: f\r\nX-SES-MESSAGE-TAGS: t\r\n"
                + "Received: r\r\nX-A: b\r\n",
            "from from sender reply-to to cc subject in-reply-to references list-unsubscribe list-unsubscribe-post"
        ),
        ("From: a\r\nX-SES-LIST-MANAGEMENT-OPTIONS: l\r\n", "from from sender reply-to to cc subject in-reply-to references"),
        (
            "From: a\r\nList-Unsubscribe: <x>\r\nList-Unsubscribe-Post: y\r\n",
            "from from sender reply-to to cc subject in-reply-to references list-unsubscribe list-unsubscribe"
                + " list-unsubscribe-post list-unsubscribe-post"
        ),
    ])
    func signedNames(header: String, expected: String) throws {
        #expect(try names(header) == expected.split(separator: " ").map(String.init))
    }

    /// Oversigned fields cannot be added afterwards.
    @Test(arguments: [FieldName.from, .sender, .replyTo, .to, .cc, .subject, .inReplyTo, .references, .listUnsubscribe])
    func nothingCanBeAdded(name: FieldName) throws {
        var signed = try TestMessage(header: HeaderBlock(parsing: octets("From: a\r\nTo: b\r\nSubject: c\r\n")), body: []).signed(with: key)
        try signed.verify(with: key)
        signed.header.append(try HeaderField(name, value: octets("evil@evil.example")))
        #expect(signed.failure(with: key) == .signatureDiffers)
    }

    @Test func tags() throws {
        let signed = try TestMessage(header: HeaderBlock(parsing: octets("From: a\r\n")), body: octets("x\r\n")).signed(with: key)
        let value = text(try #require(signed.header.first(.dkimSignature)).unfolded)
        #expect(value.hasPrefix("v=1; a=rsa-sha256; c=relaxed/relaxed; d=mail.example.com; s=golden; t=1772355907; h=From:From:"))
        #expect(!value.contains("l=") && !value.contains("z=") && !value.contains("x="))
    }

    private struct BrokenKey: SigningKey {
        func signature(of octets: [UInt8]) throws(SigningError) -> [UInt8] { throw SigningError("no key today") }
    }

    @Test func aFailingKeyIsAnError() throws {
        let signer = HeaderSigner(domain: try Domain(octets("a.b")), selector: try #require(Selector("s")), key: BrokenKey())
        #expect(throws: SigningError("no key today")) { try signer.signature(for: HeaderBlock(), bodyHash: [], at: signingTime) }
    }

    @Test func longNamesStayWithinTheLine() throws {
        let domain = (0..<4).map { _ in String(repeating: "d", count: 60) }.joined(separator: ".")
        let signer = HeaderSigner(
            domain: try Domain(octets(domain)), selector: try #require(Selector(String(repeating: "s", count: 63))), key: key)
        let field = try signer.signature(for: try HeaderBlock(parsing: octets("From: a\r\n")), bodyHash: [1], at: signingTime)
        for line in text(field.octets).split(separator: "\r\n") { #expect(line.utf8.count <= 78 || line.contains("d=")) }
        #expect(try Signature(parsing: field).domain == Domain(octets(domain)))
    }
}

@Suite struct VerificationTests {
    @Test(arguments: [
        ("v=1; v=1", VerificationFailure.malformedSignature("tag list")),
        ("v", .malformedSignature("tag list")),
        ("v=1;;a=x", .malformedSignature("tag list")),
        ("a=rsa-sha256", .malformedSignature("v=")),
        ("v=2; a=rsa-sha256", .unsupported("v=")),
        ("v=1; a=rsa-sha1", .unsupported("a=")),
        ("v=1; a=ed25519-sha256", .unsupported("a=")),
        ("v=1; a=rsa-sha256; l=3", .bodyLengthLimited),
        ("v=1; a=rsa-sha256; c=loose", .unsupported("c=")),
        ("v=1; a=rsa-sha256; c=simple/simple/simple", .unsupported("c=")),
        ("v=1; a=rsa-sha256; q=http", .unsupported("q=")),
        ("v=1; a=rsa-sha256; d=x_y.z", .malformedSignature("d=")),
        ("v=1; a=rsa-sha256; d=b.c; s=-", .malformedSignature("s=")),
        ("v=1; a=rsa-sha256; d=b.c; s=s; i=@evil.example", .malformedSignature("i=")),
        ("v=1; a=rsa-sha256; d=b.c; s=s; i=x@sub.b.c; h=To", .fromNotSigned),
        ("v=1; a=rsa-sha256; d=b.c; s=s; h=From; b=AA==", .malformedSignature("bh=")),
        ("v=1; a=rsa-sha256; d=b.c; s=s; h=From; bh=!; b=AA==", .malformedSignature("bh=")),
        ("v=1; a=rsa-sha256; d=b.c; s=s; h=From; bh=AA==; b=A", .malformedSignature("b=")),
        ("v=1; a=rsa-sha256; d=b.c; s=s; h=From; bh=AA==; b=AA==; t=x", .malformedSignature("t=")),
        ("v=1; a=rsa-sha256; d=b.c; s=s; h=From; bh=AA==; b=AA==; x=99999999999999999999", .malformedSignature("x=")),
    ])
    func refused(value: String, failure: VerificationFailure) throws {
        let field = try HeaderField(.dkimSignature, value: octets(value))
        #expect(throws: failure) { try Signature(parsing: field) }
    }

    @Test func expired() throws {
        let key = try TestKey(folder: "01-empty-body")
        let field = try HeaderField(.dkimSignature, value: octets("v=1; a=rsa-sha256; d=b.c; s=s; h=From; bh=AA==; b=AA==; x=5"))
        let signature = try Signature(parsing: field)
        do {
            try signature.verify(header: HeaderBlock(fields: [field]), bodyHash: [0], key: key, now: signingTime)
            Issue.record("an expired signature holds")
        } catch { #expect(error == .expired) }
    }

    @Test func keyRecord() throws {
        let record = try TestKey(folder: "01-empty-body").record
        #expect(text(record.text).hasPrefix("v=DKIM1; k=rsa; p=MIIBIjAN"))
        #expect(try PublicKeyRecord(parsing: record.text) == record)
        #expect(record.strings.map(\.count) == [255, record.text.count - 255])
        #expect(record.strings.flatMap { $0 } == record.text)
        let line = record.zoneFileLine(selector: try #require(Selector("fl2026")), domain: try Domain(octets("mail.example.com")))
        #expect(line.hasPrefix("fl2026._domainkey.mail.example.com. 3600 IN TXT ( \"v=DKIM1; k=rsa; p=") && line.hasSuffix("\" )"))
    }

    @Test(arguments: [
        ("v=DKIM1; p=", VerificationFailure.revokedKey), ("v=DKIM1", .malformedRecord), ("p=AA==; v=DKIM1", .malformedRecord),
        ("v=DKIM2; p=AA==", .malformedRecord), ("k=ed25519; p=AA==", .malformedRecord), ("h=sha1; p=AA==", .malformedRecord),
        ("p=!", .malformedRecord), ("", .malformedRecord), ("p=AA==; p=AA==", .malformedRecord),
    ])
    func keyRecordsRefused(record: String, failure: VerificationFailure) {
        #expect(throws: failure) { try PublicKeyRecord(parsing: octets(record)) }
    }

    @Test(arguments: ["p=AA==", " v = DKIM1 ; h = sha1 : sha256 ; p = A A = = ; t=s;", "k=RSA; p=AA\r\n =="])
    func keyRecordsRead(record: String) throws {
        #expect(try PublicKeyRecord(parsing: octets(record)).publicKeyDER == [0])
    }
}
