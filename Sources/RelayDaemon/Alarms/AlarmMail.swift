/// What the operator gets by mail: what happens at one moment in one message, and what happened while no mail could leave in one message
/// afterwards.
struct AlarmMail: Sendable {
    struct Message: Hashable, Sendable {
        let subject: String
        let text: String
    }

    /// Notices that one mail holds; of more it says how many there were.
    static let limit = 50

    private var held: [AlarmNotice] = []
    private var omitted = 0

    /// - Parameter canLeave: whether mail flows at present.
    /// - Returns: the mail to send now.
    mutating func add(_ notices: [AlarmNotice], canLeave: Bool) -> Message? {
        for notice in notices {
            if held.count < Self.limit { held.append(notice) } else { omitted += 1 }
        }
        guard canLeave, let first = held.first else { return nil }
        defer { (held, omitted) = ([], 0) }
        let kinds = held.reduce(into: [String]()) { kinds, notice in
            let kind = notice.key.kind.rawValue
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        let isOver = held.allSatisfy { !$0.isRaised }
        var parts = held.map(Self.paragraph)
        if omitted > 0 { parts.append("\(omitted) more are in the log.") }
        parts.append("What is wrong now: fairlead status. What each alarm means: docs/operations-alarms.md.")
        return Message(
            subject: "\(isOver ? "Over" : "Alarm"): \(kinds.joined(separator: ", ")) on \(first.host)",
            text: parts.joined(separator: "\n\n") + "\n")
    }

    private static func paragraph(_ notice: AlarmNotice) -> String {
        let head = "\(notice.time)  \(notice.key.kind.rawValue)"
        return switch notice.change.state {
        case .raised: "\(head)\n\(notice.cause).\nTo do: \(notice.cure)."
        case .cleared(let duration): "\(head): over after \(duration.inWords)\nIt was: \(notice.cause)."
        }
    }
}
