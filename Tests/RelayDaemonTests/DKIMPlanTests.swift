import Cryptography
import MailModel
import Testing

@testable import RelayDaemon

/// Which key signs, given what the DNS has shown.
@Suite struct DKIMPlanTests {
    private static let domain = try! Domain(Array("mail.example.com".utf8))
    private static let keys = [key("old"), key("new")]
    private static let time = Timestamp(seconds: 1_772_355_907)

    private static func key(_ selector: String) -> DKIMKey {
        try! DKIMKey(selector: label(selector), domain: domain, privateKey: .generate(bits: 1024))!
    }

    private static func label(_ text: String) -> Domain { try! Domain(allowingSingleLabel: Array(text.utf8)) }

    private static func name(_ selector: String) -> String {
        "\(selector)._domainkey.mail.example.com"
    }

    struct Case: Sendable {
        let isPending: Bool
        let hasNext: Bool
        let seen: [String]
        let signs: String?
        let awaited: [String]
    }

    @Test(arguments: [
        Case(isPending: false, hasNext: false, seen: [], signs: "old", awaited: []),
        Case(isPending: true, hasNext: false, seen: [], signs: nil, awaited: ["old"]),
        Case(isPending: true, hasNext: false, seen: ["old"], signs: "old", awaited: []),
        Case(isPending: true, hasNext: false, seen: ["new"], signs: nil, awaited: ["old"]),
        Case(isPending: false, hasNext: true, seen: [], signs: "old", awaited: ["new"]),
        Case(isPending: false, hasNext: true, seen: ["new"], signs: "new", awaited: []),
        Case(isPending: true, hasNext: true, seen: [], signs: nil, awaited: ["old", "new"]),
        Case(isPending: true, hasNext: true, seen: ["old"], signs: "old", awaited: ["new"]),
        Case(isPending: true, hasNext: true, seen: ["new"], signs: "new", awaited: []),
        Case(isPending: true, hasNext: true, seen: ["old", "new"], signs: "new", awaited: []),
    ])
    func theKeyThatSigns(_ one: Case) {
        var seen = SeenKeys()
        for key in Self.keys where one.seen.map(Self.name).contains(key.name) { _ = seen.note(key, at: Self.time) }
        let plan = DKIMPlan(
            identity: "mail.example.com", domain: Self.domain, current: Self.keys[0], next: one.hasNext ? Self.keys[1] : nil,
            isPending: one.isPending)
        #expect(plan.keyInForce(seen)?.name == one.signs.map(Self.name))
        #expect(plan.awaited(seen).map(\.name) == one.awaited.map(Self.name))
        #expect(plan.dependsOnDNS == (one.isPending || one.hasNext))
    }

    @Test func whatWasSeenIsRemembered() {
        var seen = SeenKeys()
        let news = [(0, 0), (0, 5), (1, 7)].map { index, seconds in seen.note(Self.keys[index], at: Self.time + .seconds(seconds)) }
        #expect(news == [true, false, true])
        let again = SeenKeys(parsing: seen.octets)
        #expect(again == seen)
        #expect(again.time(of: Self.keys[0]) == Self.time)
        #expect(again.time(of: Self.keys[1]) == Self.time + .seconds(7))
    }

    @Test func anotherKeyUnderTheSameNameWasNotSeen() {
        var seen = SeenKeys()
        _ = seen.note(Self.keys[0], at: Self.time)
        #expect(seen.time(of: Self.key("old")) == nil)
    }

    @Test(arguments: [
        "", "\n\n", "x", "a b c", "a \(String(repeating: "0", count: 64)) -1", "a \(String(repeating: "0", count: 64)) 9 9", "\u{0}\u{ff}",
    ])
    func damagedLinesAreLeftOut(_ text: String) {
        #expect(SeenKeys(parsing: Array(text.utf8)) == SeenKeys())
        var seen = SeenKeys()
        _ = seen.note(Self.keys[0], at: Self.time)
        #expect(SeenKeys(parsing: Array(text.utf8) + [10] + seen.octets) == seen)
    }

    @Test func itStaysSmall() throws {
        var seen = SeenKeys()
        let one = try RSAPrivateKey.generate(bits: 1024)
        for number in 0..<1100 {
            let key = try #require(try DKIMKey(selector: Self.label("s\(number)"), domain: Self.domain, privateKey: one))
            _ = seen.note(key, at: Self.time + .seconds(number))
        }
        #expect(seen.octets.split(separator: 10).count == 1000)
        let last = try #require(try DKIMKey(selector: Self.label("s1099"), domain: Self.domain, privateKey: one))
        #expect(seen.time(of: last) != nil)
    }
}
