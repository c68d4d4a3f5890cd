internal import MailModel
internal import SMTPProtocol

extension ClientFailure {
    /// In words for an operator: what happened, at which step.
    var explanation: String {
        switch reason {
        case .refused(let reply): "\(phase.rawValue) was refused: \(reply.oneLine)"
        case .protocolError(let reply): "unexpected answer to \(phase.rawValue): \(reply.oneLine)"
        case .malformedReply(let fault): "the answer to \(phase.rawValue) is not SMTP (\(fault))"
        case .unsolicitedInput: "the upstream spoke without being asked, after \(phase.rawValue)"
        case .startTLSNotOffered: "the upstream does not offer STARTTLS; nothing is ever sent in clear text"
        case .loginNotOffered: "the upstream offers neither AUTH PLAIN nor AUTH LOGIN"
        case .connectionLost(let why): "connection lost at \(phase.rawValue): \(why)"
        case .messageTooLarge(let limit): "the upstream takes at most \(limit) octets"
        case .eightBitNotOffered: "the message is 8-bit and the upstream does not offer 8BITMIME"
        case .notReady: "the connection was not ready"
        }
    }

    /// The route's trouble behind a connection that never became ready.
    func routeTrouble(host: String) -> RouteTrouble {
        if case .refused(let reply) = reason {
            if case .route(.tooManyConnections(let reply)) = ReplyPolicy.verdict(on: reply, isReusedConnection: false) {
                return .tooManyConnections(reply)
            }
            if phase == .auth, reply.isPermanent { return .loginRefused(reply.oneLine) }
        }
        if case .loginNotOffered = reason { return .loginRefused("\(host): \(explanation)") }
        return .unreachable("\(host): \(explanation)")
    }

    /// The message as it is can never pass this upstream.
    var permanentReply: Reply? {
        switch reason {
        case .messageTooLarge: Reply(552, StatusDetail(3, 4), explanation)
        case .eightBitNotOffered: Reply(554, StatusDetail(6, 3), explanation)
        default: nil
        }
    }

    /// The connection went away, as it does when the other side had closed it already.
    var isLoss: Bool {
        switch reason {
        case .connectionLost, .notReady: true
        case .refused(let reply), .protocolError(let reply): reply.code == 421 || reply.code == 451
        default: false
        }
    }
}
