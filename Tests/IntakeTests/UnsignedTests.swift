import DKIM
import Intake
import MailModel
import MessageFormat
import Rewriting
import Testing

/// Mail of a domain whose key is not in the DNS yet: it leaves without our signature, and all others with theirs.
@Suite struct UnsignedTests {
    private static func settings(signed: [String], unsigned: [String]) throws -> IntakeSettings {
        let domains = try ["mail.example.com", "shop.mail.example.com", "partner.example"].map { try Domain(octets($0)) }
        let identities = try domains.map { Identity(.domain($0), defaultSender: try mailbox("no-reply@\($0)")) }
        var settings = IntakeSettings(
            hostname: try Domain(octets("relay.example.com")), rules: RewriteRules(identities: identities),
            signers: try signed.map { HeaderSigner(domain: try Domain(octets($0)), selector: Selector("fl")!, key: RSASigningKey(key)) })
        settings.unsignedDomains = try unsigned.map { try Domain(octets($0)) }
        return settings
    }

    struct Case: Sendable {
        let signed: [String]
        let unsigned: [String]
        let author: String
        /// The `d=` of the signature; `nil` for none.
        let domain: String?

        init(_ signed: [String], _ unsigned: [String], _ author: String, _ domain: String?) {
            (self.signed, self.unsigned, self.author, self.domain) = (signed, unsigned, author, domain)
        }
    }

    static let parent = "mail.example.com"
    static let child = "shop.mail.example.com"
    static let other = "partner.example"

    static let cases: [Case] = [
        Case([parent], [], parent, parent),
        Case([parent], [], child, parent),
        Case([parent], [child], child, parent),
        Case([parent], [child], parent, parent),
        Case([child], [parent], child, child),
        Case([child], [parent], parent, nil),
        Case([parent], [other], other, nil),
        Case([parent], [parent], parent, parent),
        Case([], [parent], parent, nil),
    ]

    @Test(arguments: cases)
    func nearestDomainDecides(_ one: Case) throws {
        let message = octets("From: ann@\(one.author)\r\nTo: bob@c.example\r\nSubject: x\r\n\r\nbody\r\n")
        let taken = try take(message, settings: try Self.settings(signed: one.signed, unsigned: one.unsigned))
        let signature = try taken.header.first(.dkimSignature).map { text($0.value) }
        #expect((signature == nil) == (one.domain == nil))
        if let domain = one.domain { #expect(signature?.contains("d=\(domain);") == true) }
    }

    @Test func withoutAnyKeyNothingLeaves() throws {
        let message = octets("From: ann@partner.example\r\nTo: bob@c.example\r\n\r\nbody\r\n")
        #expect(refusal(message, settings: try Self.settings(signed: ["mail.example.com"], unsigned: [])) != "accepted")
    }
}
