import Cryptography
import Testing

@Suite struct RSATests {
    static let key = Result { try RSAPrivateKey.generate() }

    @Test func agreesWithTheCommandLineTool() throws {
        let key = try Self.key.get(), scratch = Scratch()
        let message = octets("from:a@example.com\r\nsubject:b\r\n")
        _ = scratch.file("key.pem", try key.pem)
        _ = scratch.file("public.der", try key.publicKeyDER)
        _ = scratch.file("message", message)
        _ = scratch.file("ours.sig", try key.signature(of: message))
        #expect(scratch.run("openssl dgst -sha256 -verify public.der -keyform DER -signature ours.sig message"))
        #expect(scratch.run("openssl dgst -sha256 -sign key.pem -out theirs.sig message"))
        let publicKey = try RSAPublicKey(spkiDER: key.publicKeyDER)
        #expect(publicKey.isValid(signature: scratch.read("theirs.sig"), of: message))
        #expect(scratch.read("theirs.sig") == (try key.signature(of: message)))
        #expect(publicKey.bits == 2048 && key.bits == 2048)
    }

    @Test func refusesWhatWasNotSigned() throws {
        let key = try Self.key.get(), publicKey = try RSAPublicKey(spkiDER: key.publicKeyDER)
        var signature = try key.signature(of: [])
        #expect(publicKey.isValid(signature: signature, of: []))
        #expect(!publicKey.isValid(signature: signature, of: [0]))
        #expect(!publicKey.isValid(signature: [], of: []))
        #expect(!publicKey.isValid(signature: Array(signature.dropLast()), of: []))
        signature[7] ^= 1
        #expect(!publicKey.isValid(signature: signature, of: []))
    }

    @Test func signsOnManyThreadsAtOnce() async throws {
        let key = try Self.key.get(), publicKey = try RSAPublicKey(spkiDER: key.publicKeyDER)
        let areValid = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 as Range<UInt8> {
                group.addTask { publicKey.isValid(signature: try key.signature(of: [number]), of: [number]) }
            }
            return try await group.reduce(true) { $0 && $1 }
        }
        #expect(areValid)
    }

    @Test(arguments: [
        ("openssl genrsa -traditional 2048", 2048), ("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024", 1024),
        ("echo 'Key of example.com'; openssl genrsa 3072", 3072),
    ])
    func reads(command: String, bits: Int) throws {
        let scratch = Scratch()
        #expect(scratch.run("{ \(command); } 2>/dev/null >key.pem"))
        let key = try RSAPrivateKey(pem: scratch.read("key.pem"))
        #expect(key.bits == bits)
        let again = try RSAPrivateKey(pem: key.pem)
        #expect(try again.publicKeyDER == key.publicKeyDER)
        #expect(try String(decoding: key.pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    }

    @Test(arguments: [
        ("openssl genpkey -algorithm RSA -aes256 -pass pass:secret", "encrypted"),
        ("openssl genrsa -traditional -aes128 -passout pass:secret 2048", "encrypted"),
        ("openssl genpkey -algorithm RSA -aes256 -pass pass:", "encrypted"),
        ("openssl ecparam -genkey -name prime256v1 -noout", "kind EC,"), ("openssl genpkey -algorithm ED25519", "kind ED25519,"),
        ("openssl genpkey -algorithm RSA-PSS", "kind RSA-PSS,"), ("openssl genrsa 768", "has 768 bits"),
        ("openssl genrsa 2048 | head -n 9", "no readable"),
        ("openssl genrsa 2048 | openssl rsa -pubout", "no readable"), ("true", "no readable"),
        ("head -c 70000 /dev/urandom", "no readable"),
        ("head -c 70000 /dev/zero", "no readable"),
    ])
    func refuses(command: String, reason: String) {
        let scratch = Scratch()
        #expect(scratch.run("{ \(command); } 2>/dev/null >key.pem"))
        let error = #expect(throws: RSAPrivateKey.LoadError.self) { try RSAPrivateKey(pem: scratch.read("key.pem")) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test(arguments: [0, -1, 512, 1023, 16385, .max, .min]) func makesNoKeyOf(bits: Int) {
        #expect(throws: OpenSSLError.self) { try RSAPrivateKey.generate(bits: bits) }
    }

    @Test func refusesForeignPublicKeys() throws {
        let key = try Self.key.get(), der = try key.publicKeyDER
        for cut in [0, 1, 20, der.count - 1] {
            #expect(throws: OpenSSLError.self) { try RSAPublicKey(spkiDER: Array(der[..<cut])) }
        }
        #expect(throws: OpenSSLError.self) { try RSAPublicKey(spkiDER: der + [0]) }
    }

    /// A key that was damaged where DER does not notice must not get as far as mail.
    @Test func refusesAKeyWhosePartsDoNotFit() throws {
        let scratch = Scratch()
        _ = scratch.file("key.pem", try Self.key.get().pem)
        #expect(scratch.run("openssl rsa -in key.pem -traditional -outform DER -out key.der"))
        var der = scratch.read("key.der")
        der[40] ^= 4  // inside the modulus
        _ = scratch.file("broken.der", der)
        #expect(
            scratch.run("{ echo '-----BEGIN RSA PRIVATE KEY-----'; base64 broken.der; echo '-----END RSA PRIVATE KEY-----'; } >broken.pem"))
        #expect(throws: RSAPrivateKey.LoadError.self) { try RSAPrivateKey(pem: scratch.read("broken.pem")) }
    }
}
