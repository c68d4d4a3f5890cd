internal import MailModel

/// Which alarms are in force, and of which people must be told: conditions in, changes out, no clock of its own.
///
/// A condition becomes an alarm once it has lasted its patience. It is told when it begins, when it grows or changes its kind, every 24 hours
/// while it lasts, and when it is over; a trouble that comes and goes is told at most once in 15 minutes.
struct AlarmBook: Sendable {
    static let quietTime: Duration = .seconds(15 * 60)
    static let reminderInterval: Duration = .seconds(24 * 3600)

    private struct Entry: Sendable {
        var condition: AlarmCondition
        let since: Timestamp
        let firstSeen: ContinuousClock.Instant
        var isInForce = false
        /// What was told of it last; `nil` if it has not been told.
        var told: Told?
    }

    private struct Told: Sendable {
        let detail: String?
        let magnitude: Int
        let at: ContinuousClock.Instant
    }

    /// One alarm in one of its kinds.
    private struct Topic: Hashable, Sendable {
        let key: AlarmCondition.Key
        let detail: String?
    }

    private var entries: [AlarmCondition.Key: Entry] = [:]
    /// When each topic was told of last, also after it was over.
    private var lastTold: [Topic: ContinuousClock.Instant] = [:]

    /// The alarms in force, the worst first: what stops mail, then what makes some of it stand, then the others; of each the older ones first.
    var alarms: [Alarm] {
        entries.values.filter(\.isInForce).map { Alarm(condition: $0.condition, since: $0.since) }.sorted { left, right in
            if left.weight != right.weight { return left.weight > right.weight }
            if left.since != right.since { return left.since < right.since }
            return (left.kind.rawValue, left.condition.key.subject) < (right.kind.rawValue, right.condition.key.subject)
        }
    }

    /// Takes what is wrong now.
    ///
    /// - Parameters:
    ///   - now: steady time, which all waiting is measured by.
    ///   - wall: for people.
    mutating func update(_ conditions: [AlarmCondition], at now: ContinuousClock.Instant, wall: Timestamp) -> [AlarmChange] {
        var changes: [AlarmChange] = []
        let present = Set(conditions.map(\.key))
        for condition in conditions {
            var entry = entries[condition.key] ?? Entry(condition: condition, since: condition.since ?? wall, firstSeen: now)
            entry.condition = condition
            if entry.firstSeen.duration(to: now) >= condition.patience { entry.isInForce = true }
            if entry.isInForce, isWorthTelling(entry, at: now) {
                entry.told = Told(detail: condition.detail, magnitude: condition.magnitude, at: now)
                lastTold[Topic(key: condition.key, detail: condition.detail)] = now
                changes.append(AlarmChange(state: .raised, alarm: Alarm(condition: condition, since: entry.since)))
            }
            entries[condition.key] = entry
        }
        for (key, entry) in entries where !present.contains(key) {
            entries[key] = nil
            let hasGrown = key.kind.escalation.map { present.contains(AlarmCondition.Key(kind: $0, subject: key.subject)) } ?? false
            guard entry.told != nil, !hasGrown else { continue }
            let duration = entry.firstSeen.duration(to: now)
            changes.append(
                AlarmChange(state: .cleared(after: duration), alarm: Alarm(condition: entry.condition, since: entry.since)))
        }
        lastTold = lastTold.filter { entries[$0.key.key] != nil || $0.value.duration(to: now) < Self.quietTime }
        return changes
    }

    private func isWorthTelling(_ entry: Entry, at now: ContinuousClock.Instant) -> Bool {
        let condition = entry.condition
        if let told = entry.told {
            if told.at.duration(to: now) >= Self.reminderInterval { return true }
            guard condition.detail != told.detail || condition.magnitude > told.magnitude else { return false }
        }
        guard let last = lastTold[Topic(key: condition.key, detail: condition.detail)] else { return true }
        return last.duration(to: now) >= Self.quietTime
    }
}
