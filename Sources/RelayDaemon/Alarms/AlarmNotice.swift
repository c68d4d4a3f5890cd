internal import ControlProtocol
internal import MailModel

/// A change of an alarm as others are told of it: a webhook, a command, a mail. The names in its JSON are an interface: add, never rename.
struct AlarmNotice: Hashable, Sendable {
    let change: AlarmChange
    /// Which relay speaks.
    let host: String
    let time: Timestamp

    /// The longest cause that is passed on: an answer from outside must not grow without end.
    private static let longestCause = 1000

    var alarm: Alarm { change.alarm }
    var key: AlarmCondition.Key { alarm.condition.key }
    var cause: String { PrintableText.sanitized(alarm.condition.cause.utf8, limit: Self.longestCause) }
    var cure: String { PrintableText.sanitized(alarm.condition.cure.utf8, limit: Self.longestCause) }

    /// `raised` or `cleared`
    var state: String {
        switch change.state {
        case .raised: "raised"
        case .cleared: "cleared"
        }
    }

    var isRaised: Bool { change.state == .raised }

    /// The whole on one line, for people.
    var text: String {
        switch change.state {
        case .raised: "\(host): \(key.kind.rawValue): \(cause). To do: \(cure)"
        case .cleared(let duration): "\(host): over after \(duration.inWords): \(key.kind.rawValue): \(cause)"
        }
    }

    /// One object on one line of ASCII.
    var json: [UInt8] { (try? ControlCoding.encode(Body(self))) ?? [] }

    /// For the log, `tail` and the history.
    var event: RelayEvent {
        var event = RelayEvent(isRaised ? .alarm : .alarmCleared, at: time)
        event.relay = key.subject.isEmpty ? key.kind.rawValue : "\(key.kind.rawValue) \(key.subject)"
        switch change.state {
        case .raised: event.reply = "\(cause); to do: \(cure)"
        case .cleared(let duration):
            event.reply = "after \(duration.inWords): \(cause)"
            event.delay = duration
        }
        return event
    }

    private struct Body: Encodable {
        let text: String
        let kind: String
        let state: String
        let subject: String?
        let detail: String?
        let cause: String
        let cure: String
        let host: String
        let since: String
        let time: String
        /// Seconds; of an alarm that is over.
        let duration: Int64?

        init(_ notice: AlarmNotice) {
            text = notice.text
            kind = notice.key.kind.rawValue
            state = notice.state
            subject = notice.key.subject.isEmpty ? nil : notice.key.subject
            detail = notice.alarm.condition.detail
            cause = notice.cause
            cure = notice.cure
            host = notice.host
            since = notice.alarm.since.description
            time = notice.time.description
            if case .cleared(let after) = notice.change.state { duration = after.components.seconds } else { duration = nil }
        }
    }
}
