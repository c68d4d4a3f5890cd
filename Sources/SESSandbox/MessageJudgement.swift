internal import MailModel

/// What an account may send, asked after the final dot (ses.md 4.2).
extension SandboxRules {
    /// Everything but throttling: the first reason to refuse the message whole.
    ///
    /// - Parameters:
    ///   - sender: the argument of MAIL FROM.
    ///   - user: the SMTP user name, for "Access denied".
    func refusal(of message: InspectedMessage, from sender: HeaderAddress, to recipients: [HeaderAddress], user: String) -> Reply? {
        switch account {
        case .sendingPaused: return .sendingPaused
        case .serviceFailure: return .serviceFailure
        case .accessDenied:
            return .accessDenied(user: user, identity: String(decoding: sender.domain, as: UTF8.self), region: region)
        case .active, .notSubscribed, .authenticationUnavailable: break
        }
        if message.size > maximumMessageOctets { return .messageTooLong }
        if recipients.count > maximumRecipients { return .tooManyRecipients(maximumRecipients) }
        if let problem = message.problem { return problem }
        if let field = message.first("X-SES-CONFIGURATION-SET"), !configurationSets.contains(field.text) {
            return .transactionFailed("Configuration set does not exist: '\(PrintableText.sanitized(field.value, limit: 64))'.")
        }
        return unverified(message, from: sender, to: recipients)
    }

    /// From, Sender and Return-Path as they stand in the header, then the envelope; each once.
    private func unverified(_ message: InspectedMessage, from sender: HeaderAddress, to recipients: [HeaderAddress]) -> Reply? {
        var candidates: [HeaderAddress] = []
        for name in ["From", "Sender", "Return-Path"] as [StaticString] {
            for field in message.fields where field.isNamed(name) {
                candidates += (try? HeaderCheck.addresses(in: field)) ?? []
            }
        }
        candidates.append(sender)
        if requiresVerifiedRecipients { candidates += recipients.filter { !$0.isSimulator } }
        var failed: [String] = []
        var seen: Set<String> = []
        for candidate in candidates where !isVerified(candidate) {
            let text = PrintableText.sanitized(candidate.text, limit: 320)
            if seen.insert(text).inserted { failed.append(text) }
        }
        return failed.isEmpty ? nil : .notVerified(failed, region: region)
    }
}
