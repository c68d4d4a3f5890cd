internal import MailModel
@testable import SESSandbox
import Testing

@Suite struct AddressTests {
    static let good: [(value: String, addresses: [String])] = [
        ("a@example.net", ["a@example.net"]), ("<a@example.net>", ["a@example.net"]), ("A B <a@example.net>", ["a@example.net"]),
        ("\"x, y\" <a@example.net>, b@example.net", ["a@example.net", "b@example.net"]),
        ("a@example.net (c, (d) \\) e)", ["a@example.net"]),
        ("group: a@example.net, b@example.net;, c@example.net", ["a@example.net", "b@example.net", "c@example.net"]), ("empty:;", []),
        ("", []), (",a@example.net,,", ["a@example.net"]), ("<@x.example,@y.example:a@example.net>", ["a@example.net"]),
        (".a..b.@example.net", [".a..b.@example.net"]), ("\"a b\"@example.net", ["\"a b\"@example.net"]),
        ("\"a\\\"b\"@example.net", ["\"a\\\"b\"@example.net"]), ("a@localhost", ["a@localhost"]),
        ("n <\"a>b\"@example.net>", ["\"a>b\"@example.net"]),
    ]

    @Test(arguments: good) func lists(_ example: (value: String, addresses: [String])) throws {
        let list = try HeaderAddressList(parsing: octets(example.value)).addresses
        #expect(list.map { String(decoding: $0.localPart + [ASCII.at] + $0.domain, as: UTF8.self) } == example.addresses)
    }

    static let bad: [(value: String, problem: String)] = [
        ("<>", "Empty address"), ("a", "Missing final '@domain'"), ("a b@example.net", "Local address contains control or whitespace"),
        ("@example.net", "Missing local name"), ("a@", "Missing domain"), ("a@.example.net", "Domain starts with dot"),
        ("a@example..net", "Domain contains dot-dot"), ("a@example.net.", "Domain ends with dot"),
        ("a@exa_mple.net", "Domain contains illegal character"), ("a@b@example.net", "Domain contains illegal character"),
        ("a@[192.0.2.1]", "Domain contains illegal character"), ("a@example.net b", "Domain contains control or whitespace"),
        ("caf\u{e9}@example.net", "Local address contains illegal character"), ("a@caf\u{e9}.net", "Domain contains illegal character"),
        ("\"a", "Missing '\"'"), ("(a", "Missing ')'"), ("<a@example.net", "Missing '>'"), ("a@example.net>", "Missing '<'"),
        ("<a@example.net> <b@example.net>", "Extra route-addr"), ("g: h: a@example.net;", "Nested group"),
        ("g: a@example.net", "Missing ';'"),
        ("\"a\"b@example.net", "Quote not at end of local address"), ("a\"b\"@example.net", "Quote not at start of local address"),
        ("a@" + String(repeating: "x", count: 64) + ".net", "Invalid domain name: '" + String(repeating: "x", count: 64) + ".net'."),
        ("a;b@example.net", "Local address contains illegal character"), ("\"\\", "Missing '\"'"), ("(\\", "Missing ')'"),
    ]

    @Test(arguments: bad) func refusals(_ example: (value: String, problem: String)) {
        #expect(throws: HeaderProblem(example.problem)) { try HeaderAddressList(parsing: octets(example.value)) }
    }

    static let contentTypes: [(value: String, problem: String?)] = [
        ("text/plain", nil), ("text/plain; charset=\"utf-8\";", nil), ("multipart/mixed (a \\) b); boundary=abc", nil),
        ("", "Expected MIME type, got null"), ("text", "Expected '/', got null"), ("text; x", "Expected '/', got ;"),
        ("text/", "Expected MIME subtype, got null"), ("text/plain charset=x", "Expected ';', got \"charset\""),
        ("text/plain; charset", "Expected '=', got \"null\""), ("text/plain; =x", "Expected parameter name, got \"=\""),
        ("text/plain; charset=", "Expected parameter value, got \"null\""), ("text/plain; name=\"x", "Unbalanced quoted string"),
        ("text/plain (x", "Unbalanced comments"), ("\"text\"/plain", "Expected MIME type, got text"),
    ]

    @Test(arguments: contentTypes) func contentType(_ example: (value: String, problem: String?)) {
        #expect(problem { () throws(HeaderProblem) in _ = try MIMEValue(contentType: octets(example.value)) } == example.problem)
    }

    static let dispositions: [(value: String, problem: String?)] = [
        ("attachment", nil), ("attachment; filename=\"a b\"", nil), ("=?utf-8?Q?x?=", "Expected disposition, got ="),
        ("", "Expected disposition, got null"), ("attachment filename=x", "Expected ';', got \"filename\""),
    ]

    @Test(arguments: dispositions) func disposition(_ example: (value: String, problem: String?)) {
        #expect(problem { () throws(HeaderProblem) in _ = try MIMEValue(disposition: octets(example.value)) } == example.problem)
    }

    private func problem(_ body: () throws(HeaderProblem) -> Void) -> String? {
        do throws(HeaderProblem) { try body() } catch { return error.text }
        return nil
    }
}
