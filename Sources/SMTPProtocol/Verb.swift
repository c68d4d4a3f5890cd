internal import MailModel

/// The first word of a command line.
public enum Verb: String, Hashable, Sendable, CaseIterable {
    case ehlo = "EHLO"
    case helo = "HELO"
    case startTLS = "STARTTLS"
    case auth = "AUTH"
    case mail = "MAIL"
    case rcpt = "RCPT"
    case data = "DATA"
    case rset = "RSET"
    case noop = "NOOP"
    case vrfy = "VRFY"
    case help = "HELP"
    case quit = "QUIT"
    // Known, so that the answer is "not here" (502) and not "what is that" (500).
    case expn = "EXPN"
    case etrn = "ETRN"
    case atrn = "ATRN"
    case turn = "TURN"
    case send = "SEND"
    case soml = "SOML"
    case saml = "SAML"
    /// Octets follow it without being asked for (RFC 3030), so refusing it means closing.
    case bdat = "BDAT"

    /// Matches in either case.
    init?(_ word: some Collection<UInt8>) {
        guard word.count <= 8, let verb = Verb(rawValue: Verb.folded(word)) else { return nil }
        self = verb
    }

    /// Whether the word begins a request of HTTP: a browser that somebody else's page made talk to us (ALPACA, CVE-2021-3618).
    static func isForeign(_ word: some Collection<UInt8>) -> Bool {
        guard word.count <= 8 else { return false }
        switch folded(word) {
        case "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI": return true
        default: return false
        }
    }

    private static func folded(_ word: some Collection<UInt8>) -> String {
        String(decoding: word.map { ASCII.isLetter($0) ? $0 & 0xDF : $0 }, as: UTF8.self)
    }
}
