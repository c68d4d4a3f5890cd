import Cryptography
import DKIM
import Foundation
import MailModel
import MessageFormat
import Testing

/// A thousand messages of random shape: our signature holds as it was made and after all that SES does to a message.
@Suite struct RandomShapesTests {
    private static let domain = "mail.example.com"

    private static func records(_ key: TestKey) throws -> [String: String] {
        ["golden._domainkey.\(domain)": text(try key.record.text)]
    }

    @Test func everySignatureHoldsBehindSES() throws {
        let key = try TestKey(folder: "09-mime")
        let verifier = OctetVerifier(
            records: try Self.records(key).merging(["ses._domainkey.amazonses.com": text(try key.record.text)]) { first, _ in first })
        var random = Shapes(seed: 20_261_121)
        for number in 0..<1000 {
            let message = try TestMessage(parsing: random.message())
            let signed = try message.signed(with: key)
            let before = signed.octets
            #expect(verifier.verdicts(before, of: Self.domain) == ["good"], "message \(number):\n\(text(before))")
            let after = try random.behindSES(before, key: key)
            #expect(verifier.verdicts(after, of: Self.domain) == ["good"], "message \(number) behind SES:\n\(text(after))")
            #expect(verifier.verdicts(after, of: "amazonses.com") == ["good"], "the signature of SES, message \(number)")
            guard let broken = random.damaged(before) else { continue }
            #expect(verifier.verdicts(broken, of: Self.domain) != ["good"], "message \(number), one octet changed:\n\(text(broken))")
        }
    }

    /// The verifier itself: what dkimpy accepts, it accepts too.
    @Test(arguments: GoldenTests.names)
    func itAgreesWithDkimpy(_ name: String) throws {
        let message = try Array(Data(contentsOf: folder.appendingPathComponent("Golden/\(name)/expected.eml")))
        let records = try Self.records(try TestKey(folder: name))
        #expect(OctetVerifier(records: records).verdicts(message, of: Self.domain) == ["good"])
        #expect(OctetVerifier(records: [:]).verdicts(message, of: Self.domain) == ["no record"])
    }
}
