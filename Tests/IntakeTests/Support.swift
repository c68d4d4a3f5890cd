import Cryptography
import DKIM
import Intake
import MailModel
import MessageFormat
import Rewriting

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ octets: some Sequence<UInt8>) -> String { String(decoding: Array(octets), as: UTF8.self) }
func mailbox(_ text: String) throws -> Mailbox { try Mailbox(parsing: octets(text)) }

/// 2026-03-01T09:05:07Z
let arrival = Timestamp(seconds: 1_772_355_907)
let key = try! RSAPrivateKey.generate()

struct FailingKey: SigningKey {
    func signature(of octets: [UInt8]) throws(SigningError) -> [UInt8] { throw SigningError("the key is broken") }
}

func settings(signers: [HeaderSigner]? = nil) throws -> IntakeSettings {
    let domain = try Domain(octets("mail.example.com"))
    let rules = RewriteRules(identities: [Identity(.domain(domain), defaultSender: try mailbox("no-reply@mail.example.com"))])
    let signer = HeaderSigner(domain: domain, selector: Selector("fl2026")!, key: RSASigningKey(key))
    return IntakeSettings(hostname: try Domain(octets("relay.example.com")), rules: rules, signers: signers ?? [signer])
}

struct Taken {
    var prepared: PreparedMessage
    var body: [UInt8]
    var octets: [UInt8] { prepared.headerOctets + body }
    var header: HeaderBlock { get throws { try HeaderBlock(parsing: Array(prepared.headerOctets.dropLast(2))) } }
}

/// One message through intake, cut into pieces.
func take(
    _ message: [UInt8], cutAt cuts: [Int] = [], repairCutAt repairCuts: [Int] = [], settings: IntakeSettings,
    from reversePath: ReversePath? = nil,
    recipients: [String] = ["bob@c.example"], received: ReceivedInfo? = nil
) throws -> Taken {
    var reader = MessageReader(settings: settings)
    var body: [UInt8] = []
    var start = 0
    for cut in cuts + [message.count] {
        message[start..<cut].withUnsafeBytes { body += Array(reader.feed($0)) }
        start = cut
    }
    if reader.beginRepair() {
        let first = body
        body = []
        start = 0
        for cut in repairCuts.filter({ $0 < first.count }) + [first.count] {
            first[start..<cut].withUnsafeBytes { body += reader.repair($0) }
            start = cut
        }
        body += reader.finishRepair()
    }
    let envelope = Envelope(
        reversePath: try reversePath ?? .mailbox(mailbox("app@mail.example.com")), recipients: try recipients.map(mailbox))
    let prepared = try reader.finish(
        envelope: envelope, account: AccountName("crm")!, queueID: QueueID(0x1234_5678_9ABC)!,
        received: received ?? ReceivedInfo(helloName: octets("client.example"), address: "192.0.2.7", transfer: .esmtpAuthenticatedOverTLS),
        now: arrival)
    return Taken(prepared: prepared, body: body)
}

func refusal(_ message: [UInt8], settings: IntakeSettings) -> String {
    do {
        _ = try take(message, settings: settings)
        return "accepted"
    } catch let refusal as Refusal { return refusal.reply.oneLine } catch { return "\(error)" }
}

/// Whether our signature on `octets` holds, by our verifier (which dkimpy checks elsewhere).
func verify(_ taken: Taken) throws {
    let header = try taken.header
    let signature = try Signature(parsing: header.first(.dkimSignature)!)
    var hash = BodyHash(SHA256Digest(), signature.bodyCanonicalization)
    taken.body.withUnsafeBytes { hash.update($0) }
    try signature.verify(header: header, bodyHash: hash.finalize(), key: try RSAPublicKey(spkiDER: key.publicKeyDER), now: arrival)
}
