internal import MailModel

/// Something that is wrong now, as one look at the daemon finds it.
struct AlarmCondition: Hashable, Sendable {
    /// Alarms of one kind about different things are different alarms.
    struct Key: Hashable, Sendable {
        let kind: AlarmKind
        /// The identity or account; empty where there is only one.
        let subject: String
    }

    let key: Key
    /// Word for word what was said, where somebody said something.
    let cause: String
    /// One sentence: what to do.
    let cure: String
    /// A finer word, such as the route's trouble: the alarm is told again when it changes.
    var detail: String?
    /// How much: the alarm is told again when it grows.
    var magnitude = 0
    /// When it began, where that is known better than when it was first seen.
    var since: Timestamp?
    /// How long it must last before anybody is told: what heals by itself within seconds concerns nobody.
    var patience: Duration = .zero
    var isGrave: Bool

    init(_ kind: AlarmKind, _ subject: String = "", cause: String, cure: String) {
        key = Key(kind: kind, subject: subject)
        self.cause = cause
        self.cure = cure
        isGrave = kind.isGrave
    }
}

/// An alarm that is in force.
struct Alarm: Hashable, Sendable {
    var condition: AlarmCondition
    let since: Timestamp

    var kind: AlarmKind { condition.key.kind }
    /// The heaviest is shown first.
    var weight: Int { kind.stopsMail ? 2 : condition.isGrave ? 1 : 0 }
}

/// What people are to be told.
struct AlarmChange: Hashable, Sendable {
    enum State: Hashable, Sendable {
        /// New, or grown, or still there a day later.
        case raised
        case cleared(after: Duration)
    }

    let state: State
    let alarm: Alarm
}
