public import MailModel

/// Trouble on purpose: at one point of the dialogue, for some of the mail, something else happens than SES's rules say.
public struct SandboxFault: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        /// Answers with this and does nothing else. A 421 closes the connection.
        case reply(Reply)
        /// Closes the connection without an answer.
        case close
        /// Does and answers as usual, so much later. The idle timer rests meanwhile.
        case delay(Duration)
        /// At the final dot: keeps the message, then closes without an answer. The relay cannot know, and will send it again.
        case loseReply
        /// At the final dot: keeps nothing and closes without an answer.
        case loseMessage
    }

    /// `nil` is every phase.
    public var phase: SandboxTransaction.Phase?
    /// Patterns with `*` and `?`, without regard to case; `nil` matches everything. A recipient pattern matches at `rcpt` that
    /// recipient, later any recipient of the message.
    public var sender: String?
    public var recipient: String?
    /// Of those that match, the first of every so many: with 3 the third, sixth, ninth.
    public var every = 1
    /// At most so often; `nil` is always.
    public var times: Int?
    public var action: Action

    public init(_ action: Action, at phase: SandboxTransaction.Phase?) {
        self.action = action
        self.phase = phase
    }

    /// Whether it is meant for this moment, `every` and `times` apart.
    func matches(_ phase: SandboxTransaction.Phase, sender: [UInt8]?, recipients: [[UInt8]]) -> Bool {
        if let own = self.phase, own != phase { return false }
        if let pattern = self.sender {
            guard let sender, Glob(pattern).matches(sender) else { return false }
        }
        if let pattern = recipient {
            let glob = Glob(pattern)
            guard recipients.contains(where: glob.matches) else { return false }
        }
        return true
    }
}

/// `*` and `?` over octets, A–Z folded. Linear in memory, and at worst in pattern times text.
struct Glob {
    private let pattern: [UInt8]

    init(_ pattern: String) { self.pattern = pattern.utf8.map(ASCII.lowercased) }

    func matches(_ text: [UInt8]) -> Bool {
        var textIndex = 0
        var index = 0
        var star: (pattern: Int, text: Int)?
        while textIndex < text.count {
            if index < pattern.count, pattern[index] == UInt8(ascii: "*") {
                star = (index, textIndex)
                index += 1
            } else if index < pattern.count, pattern[index] == UInt8(ascii: "?") || pattern[index] == ASCII.lowercased(text[textIndex]) {
                index += 1
                textIndex += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                index = last.pattern + 1
                textIndex = last.text + 1
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// The faults of a server with their counts; shared by its connections.
struct SandboxFaultPlan {
    private var faults: [(fault: SandboxFault, matched: Int, fired: Int)]

    init(_ faults: [SandboxFault]) { self.faults = faults.map { ($0, 0, 0) } }

    /// What happens at this moment: the delays of all faults that match, and the first other action.
    mutating func strike(
        _ phase: SandboxTransaction.Phase, sender: [UInt8]?, recipients: [[UInt8]]
    ) -> (delay: Duration, action: SandboxFault.Action?) {
        var delay = Duration.zero
        var action: SandboxFault.Action?
        for index in faults.indices where faults[index].fault.matches(phase, sender: sender, recipients: recipients) {
            let fault = faults[index].fault
            faults[index].matched += 1
            guard faults[index].matched % Swift.max(1, fault.every) == 0, faults[index].fired < fault.times ?? .max else { continue }
            if case .delay(let more) = fault.action {
                delay += more
            } else if action == nil {
                action = fault.action
            } else {
                continue
            }
            faults[index].fired += 1
        }
        return (delay, action)
    }
}
