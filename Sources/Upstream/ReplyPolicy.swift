public import MailModel

/// What a reply of SES means for the message, the connection and the route: the policy, in one place.
///
/// Patterns are SES's own words (its documentation, and transcripts). What no pattern knows is decided by the first digit: unknown 4yz
/// are temporary, unknown 5yz permanent.
public enum ReplyPolicy {
    /// What follows from a reply to MAIL, RCPT, DATA or the final dot.
    public enum Verdict: Hashable, Sendable {
        case relayed
        /// The connection's end, not the message's: again at once on a new connection, no attempt counted.
        case connectionUsedUp
        /// The message waits by its own retry schedule.
        case deferred
        /// The route waits; no attempt is counted.
        case route(RouteTrouble)
        /// One of our own identities was refused: not the message's fault, and perhaps not the route's.
        case identity
        /// This message, as it is, will never be taken.
        case failed
    }

    /// - Parameter isReusedConnection: whether the connection had been idle or carried a message before; the same 451 on a fresh one is
    ///   an ordinary deferral.
    public static func verdict(on reply: Reply, isReusedConnection: Bool) -> Verdict {
        let text = reply.lines.joined(separator: " ").lowercased()
        func says(_ words: String) -> Bool { text.contains(words) }
        switch reply.code {
        case 200..<300: return .relayed
        case 421 where says("too many concurrent") || says("too many connections"): return .route(.tooManyConnections(reply))
        case 421: return isReusedConnection ? .connectionUsedUp : .deferred
        case 451 where says("timeout waiting for data"): return isReusedConnection ? .connectionUsedUp : .deferred
        case 454 where says("daily message quota"): return .route(.quotaExceeded(reply))
        case 454 where says("sending rate exceeded") || says("throttling failure"): return .route(.throttled(reply))
        case 530, 535: return .route(.loginRefused(reply.oneLine))
        case 554 where says("sending paused"): return .route(.accountRefused(reply))
        case 554 where says("access denied"), 554 where says("is not verified"): return .identity
        case 400..<500: return .deferred
        default: return .failed
        }
    }

    /// Whether a permanent refusal is about header or content, so that it is the same for each of the recipients.
    public static func isAboutMessage(_ reply: Reply) -> Bool {
        let text = reply.lines.joined(separator: " ").lowercased()
        return reply.code == 552 || messageFaults.contains { text.contains($0) }
    }

    private static let messageFaults = [
        "duplicate header", "missing start boundary", "expected '/'", "expected disposition", "missing required header",
        "header section too long", "message length is more", "message is too long", "missing final '@domain'",
        "domain contains illegal character", "illegal characters in user name", "invalid domain name", "configuration set",
        "virus", "bad content",
    ]
}
