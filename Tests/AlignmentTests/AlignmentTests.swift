import Alignment
import MailModel
import Testing

@Suite struct AlignmentTests {
    @Test(
        arguments: [
            ("mail.example.com", "mail.example.com", .strict), ("MAIL.example.com", "mail.EXAMPLE.com", .strict),
            ("mail.example.com", "example.com", .relaxed), ("example.com", "bounce.mail.example.com", .relaxed),
            ("a.example.co.uk", "b.example.co.uk", .relaxed), ("a.co.uk", "b.co.uk", .none), ("anna.github.io", "ben.github.io", .none),
            ("github.io", "anna.github.io", .none), ("co.uk", "co.uk", .strict), ("co.uk", "a.co.uk", .none),
            ("amazonaws.com", "h.eu.compute.amazonaws.com", .none), ("example.com", "example.org", .none),
            ("example.com", "notexample.com", .none), ("example.com", "amazonses.com", .none),
            ("example.com.evil.example", "example.com", .none), ("example.com", nil, .none), ("localhost", "localhost", .strict),
            ("localhost", "other", .none),
        ] as [(String, String?, Alignment.Degree)])
    func degrees(author: String, authenticated: String?, expected: Alignment.Degree) throws {
        let author = try Domain(allowingSingleLabel: octets(author))
        let other = try authenticated.map { try Domain(allowingSingleLabel: octets($0)) }
        #expect(Alignment.Degree(of: other, with: author) == expected)
    }

    @Test func ofAMessage() throws {
        let author = try Domain(octets("mail.example.com"))
        let whole = Alignment(author: author, signature: author, reversePath: try Domain(octets("bounce.example.com")))
        #expect(whole.description == "dkim=strict, spf=relaxed" && whole.isAligned)
        let foreign = Alignment(author: author, signature: nil, reversePath: try Domain(octets("amazonses.com")))
        #expect(foreign.description == "dkim=none, spf=none" && !foreign.isAligned)
        #expect(Alignment(author: author, signature: nil, reversePath: author).isAligned)
    }
}
