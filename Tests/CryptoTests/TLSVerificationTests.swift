import Testing

@testable import Cryptography

@Suite struct TLSVerificationTests {
    /// What the client says of a server with `identity`, reached as `name`; `nil` if it believes; the same in every version.
    private func refusal(of identity: Identity, as name: String, by judge: TLSContext? = nil) throws -> OpenSSLError? {
        let client = try judge ?? identity.client(), server = try identity.server()
        var errors: [OpenSSLError?] = []
        for version in [TLSHandshakeTests.Version.tls13, .tls12] {
            if version == .tls12 { client.limitToTLS12() }
            var pair = try Pair(client, server, name: name)
            let error = failure { () throws(OpenSSLError) in try pair.handshake() }
            errors.append(error)
            guard let error else { continue }
            // The server learns of it, and the client talks no more.
            try pair.deliver(from: .client)
            let seen = failure { () throws(OpenSSLError) in _ = try pair.server.readAll() }
            #expect(seen?.description.contains("alert") == true, "\(String(describing: seen))")
            let written = failure { () throws(OpenSSLError) in _ = try pair.client.write(octets("AUTH PLAIN")) }
            #expect(written == error)
        }
        #expect(errors[0] == errors[1])
        return errors[0]
    }

    @Test(arguments: [
        (["mail.example"], "mail.example"), (["mail.example"], "MAIL.EXAMPLE."), (["*.example.com"], "mail.example.com"),
        (["127.0.0.1"], "127.0.0.1"), (["::1"], "::1"),
        (["a.example", "mail.example", "10.0.0.1"], "10.0.0.1"),
    ])
    func believes(names: [String], name: String) throws {
        #expect(try refusal(of: Identity(names), as: name) == nil)
    }

    @Test(arguments: [
        (["mail.example"], "other.example", "hostname mismatch"), (["mail.example"], "a.mail.example", "hostname mismatch"),
        (["*.example.com"], "a.mail.example.com", "hostname mismatch"), (["*.example.com"], "example.com", "hostname mismatch"),
        (["mail.example"], "127.0.0.1", "IP address mismatch"), (["127.0.0.1"], "127.0.0.2", "IP address mismatch"),
        (["127.0.0.1"], "localhost", "hostname mismatch"),
    ])
    func refusesTheWrongName(names: [String], name: String, reason: String) throws {
        #expect(try refusal(of: Identity(names), as: name)?.reasons == ["certificate verify failed (\(reason))"])
    }

    @Test func refusesWhomItDoesNotKnow() throws {
        let stranger = try Identity(["mail.example"]), known = try Identity(["mail.example"])
        #expect(
            try refusal(of: stranger, as: "mail.example", by: known.client())?.description.contains(
                "certificate verify failed (self-signed certificate") == true)
        #expect(
            try refusal(of: stranger, as: "mail.example", by: .client(trust: .system))?.reasons == [
                "certificate verify failed (self-signed certificate)"
            ])
    }

    @Test(arguments: [(-7200, -3600, "certificate has expired"), (3600, 7200, "certificate is not yet valid")])
    func refusesTheWrongTime(from: Int, until: Int, reason: String) throws {
        let identity = try Identity(["mail.example"], from: from, until: until)
        #expect(try refusal(of: identity, as: "mail.example")?.reasons == ["certificate verify failed (\(reason))"])
    }

    /// A chain with an authority between the root and the server.
    @Test func followsAChain() throws {
        let scratch = Scratch()
        #expect(
            scratch.run(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=Root -days 9 \
                  -addext keyUsage=critical,keyCertSign &&
                openssl req -newkey rsa:2048 -nodes -keyout middle.key -out middle.csr -subj /CN=Middle &&
                printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n' >ca.ext &&
                openssl x509 -req -in middle.csr -CA root.pem -CAkey root.key -CAcreateserial -days 9 -extfile ca.ext -out middle.pem &&
                openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=mail.example &&
                printf 'subjectAltName=DNS:mail.example\\n' >leaf.ext &&
                openssl x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 9 -extfile leaf.ext -out leaf.pem
                """))
        let client = try TLSContext.client(trust: .file(path: scratch.path + "/root.pem")), key = scratch.read("leaf.key")
        let whole = try TLSContext.server(certificateChainPEM: scratch.read("leaf.pem") + scratch.read("middle.pem"), privateKeyPEM: key)
        var pair = try Pair(client, whole)
        try pair.handshake()
        let leafOnly = try TLSContext.server(certificateChainPEM: scratch.read("leaf.pem"), privateKeyPEM: key)
        var broken = try Pair(client, leafOnly)
        let error = failure { () throws(OpenSSLError) in try broken.handshake() }
        #expect(error?.reasons == ["certificate verify failed (unable to get local issuer certificate)"])
    }

    /// The certificate itself is trusted, whoever issued it; another one of the same issuer is not.
    @Test func believesOneCertificate() throws {
        let scratch = Scratch()
        let ca = "-CA root.pem -CAkey root.key -CAcreateserial -days 9 -extfile leaf.ext"
        #expect(
            scratch.run(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=Root -days 9 &&
                printf 'subjectAltName=DNS:mail.example\\n' >leaf.ext &&
                openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=mail.example &&
                openssl x509 -req -in leaf.csr \(ca) -out leaf.pem && openssl x509 -req -in leaf.csr \(ca) -out other.pem
                """))
        func refusal(trusting file: String) throws -> OpenSSLError? {
            let server = try TLSContext.server(certificateChainPEM: scratch.read("leaf.pem"), privateKeyPEM: scratch.read("leaf.key"))
            var pair = try Pair(try TLSContext.client(trust: .certificate(path: scratch.path + "/" + file)), server)
            return failure { () throws(OpenSSLError) in try pair.handshake() }
        }
        #expect(try refusal(trusting: "leaf.pem") == nil)
        #expect(try refusal(trusting: "other.pem") != nil)
        #expect(try Certificate.chain(pem: scratch.read("leaf.pem")).first?.isSelfIssued == false)
    }

    @Test(arguments: [
        "", ".", ".example", "a..b", "a b", "a\0b", "*.example", "münchen.example", "[::1]", String(repeating: "a.", count: 127) + "b",
        String(repeating: "a", count: 64),
    ])
    func asksNoHostOfSuchAName(name: String) throws {
        let client = try TLSContext.client(trust: .system)
        #expect(throws: OpenSSLError.self) { _ = try TLSSession(client: client, serverName: name) }
    }

    @Test func refusesATrustFileWithoutTrust() throws {
        let scratch = Scratch()
        #expect(throws: OpenSSLError.self) { _ = try TLSContext.client(trust: .file(path: scratch.path + "/missing.pem")) }
        #expect(throws: OpenSSLError.self) { _ = try TLSContext.client(trust: .file(path: scratch.file("empty.pem", []))) }
        withExtendedLifetime(scratch) {}
    }
}
