public import MailModel
internal import Synchronization

/// An address that gets no more mail from here: an operator said so, or SES called it permanently dead too often.
public struct Suppression: Hashable, Sendable {
    public enum Origin: String, Hashable, Sendable {
        case `operator`
        case bounce
    }

    public let mailbox: Mailbox
    public let since: Timestamp
    /// For people: the operator's words, or SES's.
    public let reason: String
    public let origin: Origin

    public init(mailbox: Mailbox, since: Timestamp, reason: String, origin: Origin) {
        self.mailbox = mailbox
        self.since = since
        self.reason = reason
        self.origin = origin
    }
}

/// The suppressed addresses in memory, for a look at each RCPT. The case of the domain does not matter, that of the local part does.
final class SuppressionList: Sendable {
    private let entries = Mutex<[Mailbox: Suppression]>([:])

    subscript(_ mailbox: Mailbox) -> Suppression? { entries.withLock { $0.isEmpty ? nil : $0[mailbox] } }

    func set(_ suppression: Suppression) { entries.withLock { $0[suppression.mailbox] = suppression } }

    func remove(_ mailbox: Mailbox) { entries.withLock { _ = $0.removeValue(forKey: mailbox) } }

    /// In the order of their octets.
    func page(after mailbox: Mailbox?, limit: Int) -> [Suppression] {
        let start = mailbox?.wireOctets ?? []
        let all = entries.withLock { Array($0.values) }.map { (key: $0.mailbox.wireOctets, entry: $0) }
        return all.filter { start.lexicographicallyPrecedes($0.key) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }.prefix(limit).map(\.entry)
    }
}
