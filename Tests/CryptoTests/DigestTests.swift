import Cryptography
import Testing

@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    ])
    func knowsTheVectors(text: String, digest: String) {
        let message = octets(text)
        #expect(hex(SHA256.digest(of: message)) == digest)
        var pieces = SHA256()
        for cut in 0...message.count {  // one value, used again and again
            pieces.update(message[..<cut])
            pieces.update(Array(message[cut...]))
            let result = pieces.finalize()
            #expect(hex(result) == digest)
        }
        pieces.update(message.span)
        let result = pieces.finalize()
        #expect(hex(result) == digest)
    }
}

@Suite struct HMACTests {
    @Test(arguments: [  // RFC 4231, and both empty
        (String(repeating: "0b", count: 20), hex(octets("Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            hex(octets("Jefe")), hex(octets("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            String(repeating: "aa", count: 131), hex(octets("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ("", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func knowsTheVectors(key: String, message: String, code: String) {
        #expect(hex(HMAC.sha256(key: unhex(key), message: unhex(message))) == code)
    }
}

@Suite struct SecretTests {
    @Test func randomOctetsDiffer() throws {
        #expect(try SecureRandom.octets(count: 32) != SecureRandom.octets(count: 32))
        #expect(try SecureRandom.octets(count: 0) == [])
        #expect((0..<8).map { _ in SecureRandom.uint32() }.contains { $0 != 0 })
    }

    @Test(
        arguments: [([], [], true), ([1], [1], true), ([1], [2], false), ([1], [1, 2], false), ([], [1], false)]
            as [([UInt8], [UInt8], Bool)])
    func comparesInConstantTime(one: [UInt8], other: [UInt8], areEqual: Bool) {
        #expect(constantTimeEquals(one, other) == areEqual)
    }
}
