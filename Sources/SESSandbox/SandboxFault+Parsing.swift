internal import MailModel

/// Why a fault specification was not understood; the description says what to write instead.
public struct SandboxFaultError: Error, Hashable, Sendable, CustomStringConvertible {
    public let specification: String
    public let reason: String

    public var description: String {
        "fault \"\(specification)\": \(reason); write for example \"rcpt,to=*@slow.example:450 try again\","
            + " \"dot,every=3:lose-reply\" or \"any:delay 50ms\""
    }
}

extension SandboxFault {
    /// Reads `PHASE[,from=GLOB][,to=GLOB][,every=N][,times=N]:ACTION`.
    ///
    /// PHASE is `greeting`, `helo`, `starttls`, `auth`, `mail`, `rcpt`, `data`, `dot` (after the final dot) or `any`. ACTION is a reply
    /// (`450 4.2.1 try again`), `close`, `delay DURATION` (`50ms`, `2s`), and at `dot` also `lose-reply` or `lose-message`.
    public init(parsing specification: String) throws(SandboxFaultError) {
        func refuse(_ reason: String) -> SandboxFaultError { SandboxFaultError(specification: specification, reason: reason) }
        let halves = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { throw refuse("an action after ':' is missing") }
        let conditions = halves[0].split(separator: ",", omittingEmptySubsequences: false)
        let word = conditions.first.map(String.init) ?? ""
        let phase = SandboxTransaction.Phase(rawValue: word)
        guard phase != nil || word == "any" else { throw refuse("there is no phase \"\(word)\"") }
        guard let action = Action(parsing: halves[1]) else { throw refuse("there is no action \"\(halves[1])\"") }
        if action == .loseReply || action == .loseMessage, phase != .dot { throw refuse("\(halves[1]) belongs to the phase dot") }
        self.init(action, at: phase)
        for condition in conditions.dropFirst() {
            let pair = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[1].isEmpty else { throw refuse("\"\(condition)\" has no value") }
            switch pair[0] {
            case "from": sender = String(pair[1])
            case "to": recipient = String(pair[1])
            case "every", "times":
                guard let count = Int(pair[1]), count > 0 else { throw refuse("\"\(pair[1])\" is not a positive number") }
                if pair[0] == "every" { every = count } else { times = count }
            default: throw refuse("there is no condition \"\(pair[0])\"")
            }
        }
    }
}

extension SandboxFault.Action {
    init?(parsing text: Substring) {
        switch text {
        case "close": self = .close
        case "lose-reply": self = .loseReply
        case "lose-message": self = .loseMessage
        default:
            let words = text.split(separator: " ", maxSplits: 1)
            guard words.count == 2 else { return nil }
            if words[0] == "delay" {
                guard let duration = Self.duration(words[1]) else { return nil }
                self = .delay(duration)
            } else if words[0].utf8.count == 3, let code = UInt16(words[0]), (200..<600).contains(code) {
                self = .reply(Reply(code, nil, String(words[1])))
            } else {
                return nil
            }
        }
    }

    private static func duration(_ text: Substring) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int(digits), value <= 86_400_000 else { return nil }
        switch text[digits.endIndex...] {
        case "ms": return .milliseconds(value)
        case "s": return .seconds(value)
        default: return nil
        }
    }
}
