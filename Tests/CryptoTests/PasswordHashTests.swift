import Testing

@testable import Cryptography

@Suite struct PasswordHashTests {
    @Test func verifiesWhatItMade() throws {
        let hash = try PasswordHash.make(octets("correct horse"))
        #expect(hash.hasPrefix("$y$"))
        #expect(try PasswordHash.make(octets("correct horse")) != hash)
        #expect(PasswordHash.verify(octets("correct horse"), against: hash) == .matches)
        #expect(PasswordHash.verify(octets("correct horsf"), against: hash) == .doesNotMatch)
        #expect(PasswordHash.verify([], against: hash) == .doesNotMatch)
        #expect(PasswordHash.verify(octets("correct horse\0"), against: hash) == .doesNotMatch)
    }

    /// Known hashes of `Hello world!` and others, made elsewhere: by `openssl passwd`, and the published vectors of SHA-crypt and bcrypt.
    @Test(arguments: [
        ("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        ("Hello world!", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
        (
            "Hello world!",
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."
        ),
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ])
    func acceptsOtherKinds(password: String, hash: String) {
        #expect(PasswordHash.verify(octets(password), against: hash) == .matches)
        #expect(PasswordHash.verify(octets(password + "x"), against: hash) == .doesNotMatch)
        #expect(PasswordHash.verify(octets(password), against: String(hash.dropLast())) == .unusableHash)
        #expect(PasswordHash.verify(octets(password), against: hash + "a") == .unusableHash)
    }

    @Test(arguments: [
        "", "*", "!", "x", "plaintextpass", "abJnggxhB/yWI", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "$3$$8846f7eaee8fb117ad06bdd830b7586c",
        "$y$", "$y$j9T$",
        "$y$j9T$salt", "$y$j9T$salt$", "$6$", "$6$salt$", "$6$salt$:::", "$2b$12$",
        "$2b$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.",
        "!$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "$9$unknown$kind", "$y$é",
        "$5$a\0b",
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5\n", "$y$" + String(repeating: "a", count: 400),
    ])
    func findsUnusable(hash: String) {
        for password in ["", "x", "plaintextpass", hash] {
            #expect(PasswordHash.verify(octets(password), against: hash) == .unusableHash)
        }
    }

    @Test func takesNoPasswordThatCryptWouldCutOrRefuse() throws {
        let longest = [UInt8](repeating: 0x61, count: PasswordHash.maximumPasswordOctets)
        let hash = try PasswordHash.make(longest)
        #expect(PasswordHash.verify(longest, against: hash) == .matches)
        #expect(PasswordHash.verify(longest + [0x61], against: hash) == .doesNotMatch)
        #expect(PasswordHash.verify([UInt8](repeating: 0x61, count: 1 << 20), against: hash) == .doesNotMatch)
        for password in [[], [0], [0x61, 0, 0x62], longest + [0x61]] as [[UInt8]] {
            #expect(throws: PasswordHash.MakeError.unusablePassword) { try PasswordHash.make(password) }
        }
        // What stands in for an unusable password must itself open nothing.
        let substitute = try PasswordHash.make([UInt8](repeating: UInt8(ascii: "x"), count: 16))
        #expect(PasswordHash.verify([0], against: substitute) == .doesNotMatch)
    }

    @Test func dummiesAreRealHashes() {
        for dummy in [PasswordHash.dummy, PasswordHash.fallbackDummy] {
            #expect(dummy.hasPrefix("$y$j9T$"))
            #expect(PasswordHash.verify(octets("guess"), against: dummy) == .doesNotMatch)
        }
        #expect(PasswordHash.dummy != PasswordHash.fallbackDummy)
    }
}
