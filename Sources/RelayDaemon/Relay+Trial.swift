internal import Dispatcher
internal import MailModel
internal import MailQueue
internal import Settings
internal import Upstream

/// New credentials are tried on a connection of their own, before mail depends on them.
extension Relay {
    /// For each step, and in all: whoever gave the order waits.
    private static let patience: Duration = .seconds(10)

    struct TrialFailure: Sendable {
        /// The upstream said no to this login; otherwise it could not be asked.
        let isRefusal: Bool
        let text: String
    }

    /// Logs in as the new settings say, and sends nothing.
    ///
    /// - Returns: `nil` if that went well.
    func trial(of assembly: Assembly) async -> TrialFailure? {
        var settings = assembly.upstream
        settings.patience.connect = Self.patience
        settings.patience.handshake = Self.patience
        settings.patience.reply = Self.patience
        let side = UpstreamPool(settings: settings, gate: OpenGate(), workers: workers)
        let found = await answer(within: Self.patience) { Trial(trouble: await side.probe()) }
        Task { await side.close() }
        let host = "\(settings.host):\(settings.port)"
        guard let found else {
            return TrialFailure(isRefusal: false, text: "the new login could not be tried: no answer from \(host) within \(Self.patience)")
        }
        switch found.trouble {
        case nil: return nil
        case .loginRefused(let text)?:
            return TrialFailure(
                isRefusal: true, text: "\(host) refuses the new login: \(text); put valid SMTP credentials of this region into the file")
        case let trouble?:
            return TrialFailure(isRefusal: false, text: "the new login could not be tried: \(trouble.explanation)")
        }
    }

    /// The login in force is refused as well: the newer one loses nothing, and is what its owner wants.
    func isRefusedAnyway(_ failure: TrialFailure) async -> Bool {
        guard failure.isRefusal, case .loginRefused(_)? = await dispatcher.status().pause?.trouble else { return false }
        return true
    }
}

private struct Trial: Sendable {
    let trouble: RouteTrouble?
}
