import Glibc
import Testing

@testable import Cryptography

@Suite struct CertificateTests {
    @Test func readsWhatItMade() throws {
        let names = ["mail.example", "*.mail.example", "127.0.0.1", "::1", String(repeating: "a", count: 63) + ".example"]
        let made = try SelfSignedCertificate.make(hostNames: names, validDays: 30)
        let certificate = try #require(try Certificate.chain(pem: made.certificatePEM).first)
        #expect(certificate.subjectCommonName == "mail.example")
        #expect(certificate.isSelfIssued)
        #expect(certificate.dnsNames == [names[0], names[1], names[4]])
        #expect(certificate.ipAddresses == ["127.0.0.1", "::1"])
        #expect(certificate.notAfter - certificate.notBefore == 30 * 86400 + 3600)
        #expect(abs(certificate.notBefore + 3600 - Int64(time(nil))) < 60)
        #expect(try certificate.matches(privateKeyPEM: made.privateKeyPEM))
        let other = try SelfSignedCertificate.make(hostNames: names, validDays: 30)
        #expect(try !certificate.matches(privateKeyPEM: other.privateKeyPEM))
        #expect(try !certificate.matches(privateKeyPEM: RSATests.key.get().pem))
        #expect(try Certificate.chain(pem: made.privateKeyPEM + made.certificatePEM + other.certificatePEM).count == 2)
    }

    @Test(arguments: [
        ("mail.example", true), ("MAIL.example", true), ("mail.example.", true), ("a.mail.example", true), ("a.b.mail.example", false),
        ("example", false), (".mail.example", false), ("127.0.0.1", true), ("127.0.0.2", false), ("0:0::1", true), ("", false),
        ("mail.example\0.evil", false),
    ])
    func knowsWhomItNames(host: String, isNamed: Bool) throws {
        let made = try SelfSignedCertificate.make(hostNames: ["mail.example", "*.mail.example", "127.0.0.1", "::1"], validDays: 1)
        #expect(try Certificate.chain(pem: made.certificatePEM).first?.names(host: host) == isNamed)
    }

    @Test(arguments: [
        [], [""], ["a,DNS:evil.example"], ["a b"], ["a\0b"], ["*"], ["a.*.b"], [".a"], ["a..b"], ["1.2.3.4/8"], ["café.example"],
    ])
    func makesNoneFor(names: [String]) {
        #expect(throws: OpenSSLError.self) { try SelfSignedCertificate.make(hostNames: names, validDays: 1) }
    }

    @Test(arguments: [0, -1, 36501, .max, .min]) func makesNoneValidFor(days: Int) {
        #expect(throws: OpenSSLError.self) { try SelfSignedCertificate.make(hostNames: ["a.example"], validDays: days) }
    }

    @Test func refusesWhatIsNoCertificate() throws {
        let made = try SelfSignedCertificate.make(hostNames: ["a.example"], validDays: 1)
        let damaged = String(decoding: made.certificatePEM, as: UTF8.self).replacing("MII", with: "AAA")
        for pem in [
            [], octets("hello"), made.privateKeyPEM, Array(made.certificatePEM.dropLast(40)), octets(damaged),
            made.certificatePEM + octets(damaged),
        ] {
            #expect(throws: OpenSSLError.self) { try Certificate.chain(pem: pem) }
        }
    }

    /// It is its own trust anchor for others too, by the strictest reading.
    @Test func isBelievedByTheCommandLineTool() throws {
        let identity = try Identity(["mail.example", "127.0.0.1"])
        let scratch = Scratch()
        _ = scratch.file("trust.pem", identity.certificatePEM)
        #expect(scratch.run("openssl verify -x509_strict -purpose sslserver -verify_hostname mail.example -CAfile trust.pem trust.pem"))
        #expect(scratch.run("openssl verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 -CAfile trust.pem trust.pem"))
        #expect(!scratch.run("openssl verify -verify_hostname b.example -CAfile trust.pem trust.pem"))
    }
}
