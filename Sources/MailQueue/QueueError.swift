public import MailModel

/// Why the queue did not do what it was asked. After any error of a commit the message is not queued.
public enum QueueError: Error, Hashable, Sendable {
    /// No room for new mail (452 4.3.1); clears by itself when there is.
    case outOfSpace
    /// The storage failed, with the system's reason (451 4.3.0).
    case storageUnhealthy(String)
    /// Only this item could not be stored, or has a value that cannot be (451 4.3.0).
    case rejected(String)
    /// The octets on the disk are not those that were accepted; the message is quarantined.
    case damaged(QueueID, String)
    case notFound(QueueID)
    /// Held, quarantined or without open recipients: there is nothing to send.
    case notSendable(QueueID)
    /// Another process has this queue open.
    case inUse(String)
    /// The queue cannot be opened: what is wrong and what to do.
    case unusable(String)
    case closed
}

extension QueueError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outOfSpace: "the queue's file system is full"
        case .storageUnhealthy(let reason): "the queue's storage failed: \(reason)"
        case .rejected(let reason): "not stored: \(reason)"
        case .damaged(let id, let reason): "\(id) is damaged and set aside: \(reason)"
        case .notFound(let id): "\(id) is not in the queue"
        case .notSendable(let id): "\(id) is not to be sent now"
        case .inUse(let reason): reason
        case .unusable(let reason): reason
        case .closed: "the queue is closed"
        }
    }
}
