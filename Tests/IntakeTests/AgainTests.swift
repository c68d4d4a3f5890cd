import DKIM
import Cryptography
@testable import Intake
import MailModel
import MessageFormat
import Rewriting
import Testing

/// The header of an accepted message made once more, without its body.
@Suite struct AgainTests {
    static let messages = [
        "From: app@localhost\r\nTo: bob@c.example\r\nSubject: plain\r\nMessage-ID: <x@app.example>\r\n\r\nHello\r\n",
        "From: \"Ann\" <ann@mail.example.com>\r\nSubject: kept\r\n\r\n",
        "From: app@localhost\r\nSubject: Gr\u{FC}\u{DF}e\r\n\r\nGr\u{F6}\u{DF}e\r\n",
        "From: app@localhost\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u{4F60}\u{597D}\u{4F60}\u{597D}\r\n",
        "From: app@localhost\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-Length: 12\r\n\r\nonly 7\r\n",
        "From: app@localhost\r\nContent-Type: text/plain\r\n\r\n" + String(repeating: "long ", count: 400) + "\r\n",
        "From: app@localhost\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            + "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u{E4}\r\n--b--\r\n",
        "Received: from x by y; Sun, 1 Mar 2026 09:05:07 +0000\r\nFrom : app@localhost\r\nSubject: obsolete\r\n\r\nHello\r\n",
    ]

    static func again(_ taken: Taken, _ settings: IntakeSettings, at time: Timestamp = arrival) throws -> Taken {
        let original = taken.prepared.original
        let known = MessageReader.KnownBody(
            octets: taken.body.count, hash: original.bodyHash, messageID: taken.prepared.messageID, signedAt: time)
        let reader = MessageReader(settings: settings, again: original, body: known)
        let prepared = try reader.finish(
            envelope: original.envelope, account: AccountName("crm")!, queueID: QueueID(0x1234_5678_9ABC)!, received: original.received,
            now: arrival)
        return Taken(prepared: prepared, body: taken.body)
    }

    @Test(arguments: messages) func theSameSettingsMakeTheSameHeader(message: String) throws {
        let settings = try settings()
        let first = try take(octets(message), settings: settings)
        let second = try Self.again(first, settings)
        #expect(text(second.prepared.headerOctets) == text(first.prepared.headerOctets))
        #expect(second.prepared.original == first.prepared.original && second.prepared.octetCount == first.prepared.octetCount)
        #expect(second.prepared.changes == first.prepared.changes && second.prepared.messageID == first.prepared.messageID)
        try verify(second)
    }

    @Test(arguments: messages) func otherSettingsMakeWhatTheyWouldHaveMade(message: String) throws {
        let before = try take(octets(message), settings: try settings())
        var other = try settings()
        other.generation = "other"
        let domain = try Domain(octets("news.example.org"))
        other.rules.identities = [Identity(.domain(domain), defaultSender: try mailbox("letters@news.example.org"))]
        other.signers = [HeaderSigner(domain: domain, selector: Selector("new")!, key: RSASigningKey(key))]
        let later = arrival + .seconds(7200)
        let after = try Self.again(before, other, at: later)
        #expect(after.prepared.author.description == "letters@news.example.org" && after.prepared.original.generation == "other")
        #expect(after.prepared.envelope.reversePath.description == "letters@news.example.org")
        try verify(after)
        let header = try after.header
        let signature = text(try #require(header.first(.dkimSignature)).value)
        #expect(signature.contains("d=news.example.org") && signature.contains("t=\(later.seconds);"))
        // But for the signature and the Message-ID, the header is what it would have been from the start.
        var fresh = try take(octets(message), settings: other).header
        var again = header
        for name in [FieldName.dkimSignature, .messageID] {
            fresh.remove { $0.name == name }
            again.remove { $0.name == name }
        }
        #expect(text(again.octets) == text(fresh.octets))
        // And back again.
        let back = try Self.again(after, try settings())
        #expect(text(back.prepared.headerOctets) == text(before.prepared.headerOctets))
    }

    @Test func whatTodaysRulesRefuseIsRefused() throws {
        let before = try take(octets(Self.messages[0]), settings: try settings())
        var strict = try settings()
        strict.rules.unverifiedFrom = .reject
        #expect(throws: Refusal.self) { try Self.again(before, strict) }
        var small = try settings()
        small.maximumOctets = 300
        #expect(throws: Refusal.self) { try Self.again(before, small) }
    }

    @Test func everyRepairHasItsCode() {
        #expect(BodyRepairKind.none.ofMessage == nil && BodyRepairKind(code: 0xFF).ofMessage == nil)
        for method in [PartRepair.Method.keep, .quotedPrintable, .base64, .mendQuotedPrintable, .mendBase64] {
            for charset in [PartRepair.Charset.keep, .utf8, .windows1252] {
                let repair = PartRepair(method: method, charset: charset)
                #expect(BodyRepairKind(repair).ofMessage == repair)
            }
        }
    }
}

extension HeaderBlock {
    fileprivate var octets: [UInt8] {
        var octets: [UInt8] = []
        write(to: &octets)
        return octets
    }
}
