import MailModel
import Testing

@testable import Alignment

func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct PublicSuffixListTests {
    private func organization(_ name: String) -> String? {
        PublicSuffixList.organizationalDomain(ofName: octets(name)).map(\.description)
    }

    /// The list's own tests, test_psl.txt (public domain), without the names in U-labels: each is there as A-labels too, and a Domain
    /// holds nothing else.
    @Test(
        arguments: [
            ("COM", nil), ("example.COM", "example.com"), ("WwW.example.COM", "example.com"), (".com", nil), (".example", nil),
            (".example.com", nil), (".example.example", nil), ("example", nil), ("example.example", "example.example"),
            ("b.example.example", "example.example"), ("a.b.example.example", "example.example"), ("biz", nil),
            ("domain.biz", "domain.biz"),
            ("b.domain.biz", "domain.biz"), ("a.b.domain.biz", "domain.biz"), ("com", nil), ("example.com", "example.com"),
            ("b.example.com", "example.com"), ("a.b.example.com", "example.com"), ("uk.com", nil), ("example.uk.com", "example.uk.com"),
            ("b.example.uk.com", "example.uk.com"), ("a.b.example.uk.com", "example.uk.com"), ("test.ac", "test.ac"), ("mm", nil),
            ("c.mm", nil), ("b.c.mm", "b.c.mm"), ("a.b.c.mm", "b.c.mm"), ("jp", nil), ("test.jp", "test.jp"), ("www.test.jp", "test.jp"),
            ("ac.jp", nil), ("test.ac.jp", "test.ac.jp"), ("www.test.ac.jp", "test.ac.jp"), ("kyoto.jp", nil),
            ("test.kyoto.jp", "test.kyoto.jp"), ("ide.kyoto.jp", nil), ("b.ide.kyoto.jp", "b.ide.kyoto.jp"),
            ("a.b.ide.kyoto.jp", "b.ide.kyoto.jp"), ("c.kobe.jp", nil), ("b.c.kobe.jp", "b.c.kobe.jp"), ("a.b.c.kobe.jp", "b.c.kobe.jp"),
            ("city.kobe.jp", "city.kobe.jp"), ("www.city.kobe.jp", "city.kobe.jp"), ("ck", nil), ("test.ck", nil),
            ("b.test.ck", "b.test.ck"),
            ("a.b.test.ck", "b.test.ck"), ("www.ck", "www.ck"), ("www.www.ck", "www.ck"), ("us", nil), ("test.us", "test.us"),
            ("www.test.us", "test.us"), ("ak.us", nil), ("test.ak.us", "test.ak.us"), ("www.test.ak.us", "test.ak.us"), ("k12.ak.us", nil),
            ("test.k12.ak.us", "test.k12.ak.us"), ("www.test.k12.ak.us", "test.k12.ak.us"), ("xn--85x722f.com.cn", "xn--85x722f.com.cn"),
            ("xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"), ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"),
            ("shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn"), ("xn--55qx5d.cn", nil), ("xn--85x722f.xn--fiqs8s", "xn--85x722f.xn--fiqs8s"),
            ("www.xn--85x722f.xn--fiqs8s", "xn--85x722f.xn--fiqs8s"), ("shishi.xn--fiqs8s", "shishi.xn--fiqs8s"), ("xn--fiqs8s", nil),
        ] as [(String, String?)])
    func testsOfTheList(name: String, expected: String?) {
        #expect(organization(name) == expected)
    }

    @Test(
        arguments: [
            // Private section.
            ("github.io", nil), ("anna.github.io", "anna.github.io"), ("www.anna.github.io", "anna.github.io"),
            ("a.b.herokuapp.com", "b.herokuapp.com"), ("compute.amazonaws.com", "amazonaws.com"),
            ("eu.compute.amazonaws.com", nil), ("h.eu.compute.amazonaws.com", "h.eu.compute.amazonaws.com"),
            // A wildcard below a name that is no rule, and an exception to it.
            ("ck", nil), ("co.ck", nil), ("a.co.ck", "a.co.ck"), ("www.ck", "www.ck"), ("x.www.ck", "www.ck"), ("a.b.www.ck", "www.ck"),
            // A-labels.
            ("xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"), ("xn--fiqs8s", nil), ("a.b.xn--fiqs8s", "b.xn--fiqs8s"),
            // Case, and the root's dot.
            ("MAIL.Example.CO.UK", "example.co.uk"), ("mail.example.co.uk.", "example.co.uk"), ("co.uk.", nil), ("example.com..", nil),
            (".", nil), ("", nil), ("localhost", nil), ("localhost.", nil),
            // What RFC 2606 keeps free is on no list: the last label is the suffix.
            ("mail.example.test", "example.test"), ("a.b.c.invalid", "c.invalid"),
            // The first rule of the literal, and the last.
            ("city.kawasaki.jp", "city.kawasaki.jp"), ("a.zw", "a.zw"), ("zw", nil),
        ] as [(String, String?)])
    func sectionsWildcardsAndSpellings(name: String, expected: String?) {
        #expect(organization(name) == expected)
    }

    /// Every rule is found, so the literal is sorted as the search needs it.
    @Test func everyRuleIsFound() throws {
        let rules = PublicSuffixList.rules.withUTF8Buffer { Array($0) }.split { $0 == ASCII.space || $0 == ASCII.lineFeed }
        #expect(rules.count > 9000)
        var wrong: [String] = []
        for rule in rules {
            let text = String(decoding: rule, as: UTF8.self)
            if text.hasPrefix("!") {
                if organization("x." + text.dropFirst()) != String(text.dropFirst()) { wrong.append(text) }
                continue
            }
            let suffix = text.hasPrefix("*") ? "any" + text.dropFirst() : text
            if organization(suffix) != nil && !rules.contains(Array(("!" + suffix).utf8)[...]) { wrong.append(text) }
            if organization("x.y." + suffix) != "y." + suffix && !isException("y." + suffix) && !isRule("y." + suffix) {
                wrong.append(text)
            }
        }
        #expect(wrong == [])

        func isRule(_ name: String) -> Bool {
            rules.contains(Array(name.utf8)[...]) || rules.contains(Array(("*." + name.drop { $0 != "." }.dropFirst()).utf8)[...])
        }
        func isException(_ name: String) -> Bool { rules.contains(Array(("!" + name).utf8)[...]) }
    }

    @Test func theDateIsADate() {
        #expect(PublicSuffixList.date.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil)
    }
}
