/// How far a client's connection has come; each step has a deadline of its own, never one for all (RFC 5321 §4.5.3.2).
public enum Phase: String, Hashable, Sendable, CaseIterable {
    case connect
    case greeting
    case ehlo = "EHLO"
    case startTLS = "STARTTLS"
    case tlsHandshake = "TLS handshake"
    case auth = "AUTH"
    /// Between transactions.
    case idle
    case mail = "MAIL"
    case rcpt = "RCPT"
    case data = "DATA"
    /// The message is on its way; the deadline is for each block.
    case content = "message"
    /// The final dot has left, or may have: from here on the outcome is not ours to know.
    case finalDot = "final dot"
    case rset = "RSET"
    case quit = "QUIT"

    /// At least what RFC 5321 §4.5.3.2 asks for, where it asks. An idle connection to SES lives about ten seconds.
    public var defaultTimeout: Duration {
        switch self {
        case .connect: .seconds(30)
        case .greeting, .ehlo, .mail, .rcpt: .seconds(300)
        case .startTLS, .data: .seconds(120)
        case .tlsHandshake: .seconds(30)
        case .auth: .seconds(120)
        case .idle: .seconds(8)
        case .content: .seconds(180)
        case .finalDot: .seconds(600)
        case .rset: .seconds(30)
        case .quit: .seconds(5)
        }
    }
}
