import Testing

@testable import Cryptography

@Suite struct TLSHandshakeTests {
    static let identity = Result { try Identity(["mail.example"]) }

    enum Version: CaseIterable { case tls12, tls13 }

    static func contexts(_ version: Version) throws -> (client: TLSContext, server: TLSContext) {
        let identity = try identity.get()
        let contexts = try (client: identity.client(), server: identity.server())
        if version == .tls12 { contexts.client.limitToTLS12() }
        return contexts
    }

    @Test(arguments: Version.allCases) func agrees(version: Version) throws {
        let contexts = try Self.contexts(version)
        var pair = try Pair(contexts.client, contexts.server)
        try pair.handshake()
        let expected =
            version == .tls12
            ? TLSInfo(protocolVersion: "TLSv1.2", cipher: "ECDHE-ECDSA-AES128-GCM-SHA256", keyBits: 128)
            : TLSInfo(protocolVersion: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", keyBits: 128)
        let infos = (pair.client.info, pair.server.info)
        #expect(infos.0 == expected && infos.1 == expected)
    }

    @Test(arguments: Version.allCases, [1, 2, 3, 5, 6, 64, 1000]) func agreesInPieces(version: Version, chunk: Int) throws {
        let contexts = try Self.contexts(version)
        var pair = try Pair(contexts.client, contexts.server)
        try pair.handshake(chunk: chunk)
        let count = try pair.client.write(octets("EHLO a\r\n"))
        try pair.deliver(from: .client)
        let read = try pair.server.readAll()
        #expect(count == 8 && read.octets == octets("EHLO a\r\n") && !read.isClosed)
    }

    /// One cut, at every position of both streams.
    @Test(arguments: Version.allCases, [Pair.Side.client, .server]) func agreesCutAnywhere(version: Version, side: Pair.Side) throws {
        let contexts = try Self.contexts(version)
        var whole = try Pair(contexts.client, contexts.server)
        try whole.handshake()
        let length = whole.sent[side]?.count ?? 0
        #expect(length > 100)
        for cut in 1..<length {
            var pair = try Pair(contexts.client, contexts.server)
            try pair.handshake(cut: cut, of: side)
        }
    }

    /// With its Finished behind it a server has nothing more to say: no ticket, for which it would have to keep a secret.
    @Test(arguments: Version.allCases) func offersNoResumption(version: Version) throws {
        let contexts = try Self.contexts(version)
        var pair = try Pair(contexts.client, contexts.server)
        var isDone = false
        while !isDone {
            _ = try pair.client.handshake()
            try pair.deliver(from: .client)
            let hadSent = pair.sent[.server]?.count ?? 0
            if case .done = try pair.server.handshake() { isDone = true }
            if isDone, version == .tls13 {
                let isSilent = !pair.server.hasPendingCiphertext
                #expect(isSilent && hadSent > 0)
            }
            try pair.deliver(from: .server)
        }
        // TLS 1.2 sends its tickets in clear (handshake type 4), between the flights.
        if version == .tls12 {
            let flight = try #require(pair.sent[.server])
            var records: [UInt8] = [], rest = flight[...]
            while rest.count >= 6 {
                let length = Int(rest[rest.startIndex + 3]) << 8 | Int(rest[rest.startIndex + 4])
                records.append(rest[rest.startIndex] == 22 ? rest[rest.startIndex + 5] : 0)
                rest = rest.dropFirst(5 + length)
            }
            #expect(!records.contains(4) && records.first == 2)
        }
    }

    /// ClientHellos written by hand: what a library of today would not send.
    @Test(arguments: [
        ("TLS 1.0", [3, 1] as [UInt8], [0xC0, 0x2B] as [UInt8], 70 as UInt8, "unsupported protocol"),
        ("TLS 1.1", [3, 2], [0xC0, 0x2B], 70, "unsupported protocol"), ("SSL 3", [3, 0], [0xC0, 0x2B], 40, "version too low"),
        ("CBC", [3, 3], [0xC0, 0x09, 0xC0, 0x23, 0x00, 0x2F], 40, "no shared cipher"),
        ("RSA key exchange", [3, 3], [0x00, 0x9C, 0x00, 0x9D], 40, "no shared cipher"),
        ("anonymous", [3, 3], [0xC0, 0x18, 0x00, 0xA6], 40, "no shared cipher"),
    ])
    func serverRefuses(what: String, version: [UInt8], ciphers: [UInt8], alert: UInt8, reason: String) throws {
        var server = try TLSSession(server: Self.identity.get().server())
        let body = version + [UInt8](repeating: 7, count: 32) + [0] + [0, UInt8(ciphers.count)] + ciphers + [1, 0]
        let handshake = [1, 0, 0, UInt8(body.count)] + body
        try server.feed([22, 3, 1, 0, UInt8(handshake.count)] + handshake)
        let error = failure { () throws(OpenSSLError) in _ = try server.handshake() }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        var sent: [UInt8] = []
        server.appendPendingCiphertext(to: &sent)
        #expect(sent.count == 7 && sent.first == 21 && sent.suffix(2) == [2, alert], "\(sent)")
        let again = failure { () throws(OpenSSLError) in _ = try server.handshake() }
        #expect(again == error)
    }

    /// Any octets but a ClientHello: an error or a wait, never a trap; and no end without one.
    @Test(arguments: [
        "EHLO a\r\n", "GET / HTTP/1.0\r\n\r\n", "\u{16}\u{3}\u{1}\0\0", "\u{15}\u{3}\u{3}\0\u{2}\u{2}(", "\u{17}\u{3}\u{3}\0\u{1}a",
    ])
    func serverSurvives(text: String) throws {
        let context = try Self.identity.get().server()
        for cut in 0..<text.utf8.count {
            var server = try TLSSession(server: context)
            var isDone = false
            _ = failure { () throws(OpenSSLError) in
                try server.feed(Array(text.utf8.prefix(cut)))
                if case .done = try server.handshake() { isDone = true }
                try server.feed(Array(text.utf8.dropFirst(cut)))
                if case .done = try server.handshake() { isDone = true }
            }
            #expect(!isDone)
        }
    }

    @Test func serverSurvivesRandomDamage() throws {
        let contexts = try Self.contexts(.tls13)
        var random = SystemRandomNumberGenerator()
        var whole = try Pair(contexts.client, contexts.server)
        try whole.handshake()
        let hello = try #require(whole.sent[.client])
        for _ in 0..<2000 {
            var damaged = hello
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var server = try TLSSession(server: contexts.server)
            var isDone = false
            _ = failure { () throws(OpenSSLError) in
                try server.feed(damaged)
                if case .done = try server.handshake() { isDone = true }
            }
            #expect(!isDone)  // the Finished of another handshake
        }
    }

    @Test(arguments: [
        ("\u{2}h2\u{8}http/1.1", false), ("\u{8}http/1.1", false), ("\u{2}h2", false), ("\u{4}imap", false), ("\u{4}smtp", true),
        ("\u{2}h2\u{4}smtp", true), ("", true),
    ])
    func refusesOtherProtocols(offered: String, isAccepted: Bool) throws {
        let contexts = try Self.contexts(.tls13)
        contexts.client.offerProtocols(octets(offered))
        var pair = try Pair(contexts.client, contexts.server)
        let error = failure { () throws(OpenSSLError) in try pair.handshake() }
        #expect((error == nil) == isAccepted)
        if !isAccepted {
            try pair.deliver(from: .server)
            let seen = failure { () throws(OpenSSLError) in _ = try pair.client.handshake() }
            #expect(seen?.description.contains("no application protocol") == true, "\(String(describing: seen))")
        }
    }

    @Test func loadsNoUnfitServerKeys() throws {
        let one = try Identity(["mail.example"]), other = try Identity(["mail.example"])
        let chain = one.certificatePEM
        func reason(_ chain: [UInt8], _ key: [UInt8]) -> String {
            failure { () throws(OpenSSLError) in _ = try TLSContext.server(certificateChainPEM: chain, privateKeyPEM: key) }?.description
                ?? "accepted"
        }
        #expect(reason(chain, other.privateKeyPEM).contains("key values mismatch"))
        #expect(reason(chain, try RSATests.key.get().pem).contains("key type mismatch"))
        #expect(reason(chain, []).contains("PEM_read_bio_PrivateKey"))
        #expect(reason([], one.privateKeyPEM).contains("no start line"))
        #expect(reason(chain + other.certificatePEM, one.privateKeyPEM) == "accepted")
        let combined = chain + one.privateKeyPEM
        #expect(reason(combined, combined) == "accepted")
        let scratch = Scratch()
        _ = scratch.file("key.pem", one.privateKeyPEM)
        #expect(scratch.run("openssl pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:secret"))
        #expect(reason(chain, scratch.read("locked.pem")).contains("encrypted with a passphrase"))
    }

    @Test func contextsKnowTheirSide() throws {
        let contexts = try Self.contexts(.tls13)
        #expect(throws: OpenSSLError.self) { _ = try TLSSession(server: contexts.client) }
        #expect(throws: OpenSSLError.self) { _ = try TLSSession(client: contexts.server, serverName: "mail.example") }
    }
}
