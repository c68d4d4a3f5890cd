import Cryptography
import MailModel
import SafeIO
import Settings
import Testing

/// The keys of an identity: in force, pending, next.
@Suite struct DKIMSettingsTests {
    private func folder(_ dkim: String) throws -> TestFolder {
        let folder = try TestFolder()
        try folder.write(
            "fairlead.yaml",
            """
            hostname: relay.example.com
            operator: ops@example.com
            tls: { certificate: tls/fullchain.pem, private_key: tls/privkey.pem }
            passwords: passwords
            identities:
              - domain: mail.example.com
                dkim: { private_key: dkim/fl2026.pem, \(dkim) }
            upstream: { credentials: ses.env }

            """)
        return folder
    }

    @Test func asBefore() throws {
        let settings = try folder("selector: fl2026").load()
        let dkim = settings.defaultIdentity.identity.dkim
        #expect(dkim.publish == .required)
        #expect(dkim.next == nil)
        #expect(settings.defaultIdentity.nextKey == nil)
        #expect(settings.warnings == [])
    }

    @Test func pendingIsSaidPlainly() throws {
        let settings = try folder("publish: pending").load()
        #expect(settings.defaultIdentity.identity.dkim.publish == .pending)
        #expect(settings.warnings.map(\.key) == ["identities[0].dkim.publish"])
        #expect(settings.warnings.first?.message.contains("leaves without our signature") == true)
    }

    @Test func theNextKeyIsLoadedToo() throws {
        let settings = try folder("next: { selector: FL2027, private_key: dkim/other.pem }").load()
        #expect(settings.defaultIdentity.identity.dkim.next?.selector.description == "fl2027")
        let current = try settings.defaultIdentity.signingKey.publicKeyDER
        let next = try #require(try settings.defaultIdentity.nextKey?.publicKeyDER)
        #expect(current != next)
        #expect(settings.warnings == [])
        let shown = settings.configuration.effectiveSettings.filter { $0.key.contains("dkim") }.map(\.key)
        #expect(
            shown == [
                "identities[0].dkim.selector", "identities[0].dkim.private_key", "identities[0].dkim.publish",
                "identities[0].dkim.next.selector", "identities[0].dkim.next.private_key",
            ])
    }

    @Test(arguments: [
        (0o600, true), (0o400, true), (0o604, false), (0o644, false), (0o602, false),
    ])
    func onlyTheDaemonMayReadTheNextKey(_ mode: UInt32, _ isGood: Bool) throws {
        let folder = try folder("next: { selector: fl2027, private_key: dkim/other.pem }")
        try folder.write("dkim/other.pem", try folder.read("dkim/other.pem"), mode: mode)
        do {
            _ = try folder.load()
            #expect(isGood)
        } catch {
            #expect(!isGood)
            #expect(error.problems.map(\.key) == ["identities[0].dkim.next.private_key"])
            #expect(error.problems.first?.message.contains("chmod") == true)
        }
    }

    @Test(arguments: [("dkim/tiny.pem", "768 bits"), ("dkim/ed25519.pem", "not RSA"), ("tls/fullchain.pem", "no readable private key")])
    func aNextKeyThatCannotBeUsed(_ file: String, _ reason: String) throws {
        let folder = try folder("next: { selector: fl2027, private_key: \(file) }")
        let error = #expect(throws: SettingsError.self) { try folder.load() }
        #expect(error?.problems.contains { $0.key == "identities[0].dkim.next.private_key" && $0.message.contains(reason) } == true)
    }

    @Test func aShortNextKeyIsAWarning() throws {
        let settings = try folder("next: { selector: fl2027, private_key: dkim/short.pem }").load()
        #expect(settings.warnings.map(\.key) == ["identities[0].dkim.next.private_key"])
        #expect(settings.warnings.first?.message.contains("1024 bits") == true)
    }
}
