internal import MailModel
internal import Networking

/// The moments at which a fault may strike, and what it does.
extension SandboxConnection {
    enum Moment {
        case greeting
        case command(SandboxCommand, SandboxTransaction.Phase)
        case arrival(Arrival)

        var phase: SandboxTransaction.Phase {
            switch self {
            case .greeting: .greeting
            case .command(_, let phase): phase
            case .arrival: .dot
            }
        }
    }

    /// Asks the fault plan and goes on, later if a delay says so.
    func reach(_ moment: Moment, sender: [UInt8]?, recipients: [[UInt8]]) {
        let strike = account.strike(moment.phase, sender: sender, recipients: recipients)
        guard strike.delay > .zero else { return pass(moment, strike.action) }
        delayed = (moment, strike.action)
        channel?.deadline = nil
        Task {
            try? await Task.sleep(for: strike.delay)
            endDelay()
        }
    }

    private func endDelay() {
        guard let (moment, action) = delayed else { return }
        delayed = nil
        guard !isClosing else { return }
        pass(moment, action)
        restartIdleTimer()
        process()
    }

    private func pass(_ moment: Moment, _ action: SandboxFault.Action?) {
        switch moment {
        case .greeting: if !replaced(by: action, at: .greeting) { send(.greeting(token: Self.token())) }
        case .command(let command, let phase): if !replaced(by: action, at: phase) { perform(command) }
        case .arrival(let arrival): conclude(arrival, action)
        }
    }

    /// - Returns: whether the fault took the place of what would have happened.
    private func replaced(by action: SandboxFault.Action?, at phase: SandboxTransaction.Phase) -> Bool {
        switch action {
        case .reply(let reply):
            record(refused(phase, reply))
            if reply.code == 421 { close(reply) } else { send(reply) }
            return true
        case .close:
            close()
            return true
        case .delay, .loseReply, .loseMessage, nil: return false
        }
    }

    /// The twenty characters at the end of SES's greeting.
    private static func token() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(decoding: (0..<20).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }, as: UTF8.self)
    }
}
