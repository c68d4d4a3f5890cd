internal import Alignment
public import Intake
public import MailModel
public import MailQueue
internal import Rewriting

/// Between the message as it was prepared and the queue, which do not know each other.
extension MessageFacts {
    /// What is told of a message besides where it came from.
    public mutating func take(_ prepared: PreparedMessage, by settings: IntakeSettings) {
        fromBefore = prepared.authorBefore.description
        fromAfter = prepared.author.description
        messageID = prepared.messageID
        alignment = prepared.alignment.description
        rule = prepared.changes.isEmpty ? nil : prepared.changes.map(\.description).joined(separator: "; ")
        identity = settings.rules.identity(covering: prepared.author)?.scope.description
    }
}

extension EncodedOriginal {
    /// What the queue keeps of the message's origin.
    public init(_ prepared: PreparedMessage, of id: QueueID) {
        let original = prepared.original
        let kept = KeptOriginal(
            header: original.header, reversePath: original.envelope.reversePath,
            recipients: original.envelope.recipients == prepared.envelope.recipients ? nil : original.envelope.recipients,
            bodyRepair: original.repair.code, bodyHash: original.bodyHash, helloName: original.received.helloName,
            client: original.received.address, transfer: original.received.transfer.rawValue, generation: original.generation)
        self.init(kept, of: id)
    }
}

extension OriginalMessage {
    /// - Parameter message: the one that it was kept with.
    public init(_ kept: KeptOriginal, of message: QueuedMessage) {
        self.init(
            header: kept.header, repair: BodyRepairKind(code: kept.bodyRepair), bodyHash: kept.bodyHash,
            envelope: Envelope(reversePath: kept.reversePath, recipients: kept.recipients ?? message.recipients.map(\.mailbox)),
            received: ReceivedInfo(
                helloName: kept.helloName, address: kept.client,
                transfer: ReceivedInfo.TransferProtocol(rawValue: kept.transfer) ?? .esmtp), generation: kept.generation)
    }
}
