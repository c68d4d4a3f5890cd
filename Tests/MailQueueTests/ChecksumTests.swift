import MailModel
@testable import MailQueue
import Testing

@Suite("Checksum and field coding")
struct ChecksumTests {
    @Test(
        "XXH64 as published",
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("The quick brown fox jumps over the lazy dog", 0x0B24_2D36_1FDA_71BC),
        ] as [(String, UInt64)])
    func published(text: String, expected: UInt64) { #expect(Checksum.of(Array(text.utf8)) == expected) }

    @Test("Cuts do not matter")
    func cuts() {
        let octets = pattern(101)
        for first in 0...101 {
            for second in stride(from: first, through: 101, by: 7) {
                var checksum = Checksum()
                for part in [octets[..<first], octets[first..<second], octets[second...]] { checksum.update(Array(part)) }
                #expect(checksum.value == Checksum.of(octets))
            }
        }
    }

    private var full: RelayEvent {
        var event = RelayEvent(.deferred, at: Sample.now, queueID: Sample.id(3), account: Sample.account())
        event.recipients = [Sample.mailbox("a@x.example"), Sample.mailbox("\"b c\"@y.example")]
        (event.client, event.sender, event.fromBefore, event.fromAfter) = ("::1", "", "a@b.example", "c@d.example")
        (event.messageID, event.messageSize, event.relay, event.delay) = ("<x@y>", 12_345, "h[192.0.2.1]:587", .milliseconds(1500))
        event.alignment = "dkim=strict, spf=relaxed"
        (event.dsn, event.reply, event.sesID, event.attempt, event.nextAttempt) = ("4.4.2", "450 later", "id", 3, Sample.later)
        return event
    }

    @Test("Events survive the outbox whole; damage and cuts never trap")
    func events() {
        var block: [UInt8] = []
        full.encode(into: &block)
        let length = block.count
        RelayEvent(.refused, at: Sample.now).encode(into: &block)
        #expect(
            block.withUnsafeBytes { StoredEvent.decode(block: $0) } == [full, RelayEvent(.refused, at: Sample.now)].map { StoredEvent($0) })
        for end in 0..<block.count {
            let events = block[..<end].withUnsafeBytes { StoredEvent.decode(block: $0) }
            #expect(events.count == (end >= length ? 1 : 0))
        }
        for place in block.indices {
            for bit in 0..<8 {
                var damaged = block
                damaged[place] ^= 1 << UInt8(bit)
                _ = damaged.withUnsafeBytes { StoredEvent.decode(block: $0) }
            }
        }
    }

    @Test("Facts survive, unknown tags are skipped, damage never traps")
    func facts() {
        var facts = MessageFacts()
        (facts.client, facts.sender, facts.fromBefore, facts.fromAfter) = ("192.0.2.1", "", "a@b", "c@d")
        facts.alignment = "dkim=none, spf=strict"
        (facts.messageID, facts.rule, facts.tls, facts.identity) = ("<i>", "rewrite", "TLSv1.3", "mail.example.com")
        let encoded = facts.encoded
        #expect(encoded.withUnsafeBytes { MessageFacts(decoding: $0) } == facts)
        let extended = encoded + [200, 3, 1, 2, 3]
        #expect(extended.withUnsafeBytes { MessageFacts(decoding: $0) } == facts)
        for end in 0..<encoded.count { _ = encoded[..<end].withUnsafeBytes { MessageFacts(decoding: $0) } }
    }
}
